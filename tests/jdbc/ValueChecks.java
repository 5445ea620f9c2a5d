// SPDX-License-Identifier: Apache-2.0
// Every type of the source through text and binary results: the mirror's values equal the source's own, read by the
// same driver with the same getters. Large results come row by row.
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

final class ValueChecks {
  private static final int MANY = 300_000;
  private static final String MANY_ROWS = "SELECT range AS n, repeat('x', 50) AS filler FROM range(" + MANY + ")";
  private static final String ROWS = "SELECT * FROM every_type ORDER BY id";
  // Columns of tests/e2e/test_types.py that docs/types.md shows as another type: BOOL, DECIMAL(65,30), BIT, TIME, YEAR; and
  // FLOAT, whose digits the source's text rounds.
  private static final Set<String> OTHER_TYPES = Set.of("c2", "c12", "c17", "c18", "c19", "c20", "c36", "c37", "c38", "c44");
  private final Checks checks;

  ValueChecks(Checks checks) {
    this.checks = checks;
  }

  void register() {
    checks.add("values_as_text", () -> compare("", false));
    checks.add("values_prepared", () -> compare(checks.serverPrepared(), true));
    checks.add("streaming_result", () -> stream("", false, checks.isMysql() ? Integer.MIN_VALUE : 100));
    checks.add("streaming_prepared_result",
               () -> stream(checks.serverPrepared() + (checks.isMysql() ? "&useCursorFetch=true" : ""), true, 100));
  }

  private static List<List<String>> read(Connection connection, boolean prepared) throws SQLException {
    List<List<String>> table = new ArrayList<>();
    try (Statement statement = prepared ? connection.prepareStatement(ROWS) : connection.createStatement();
         ResultSet rows = prepared ? ((PreparedStatement) statement).executeQuery() : statement.executeQuery(ROWS)) {
      while (rows.next()) {
        List<String> row = new ArrayList<>();
        for (int i = 1; i <= rows.getMetaData().getColumnCount(); ++i) {
          row.add(values(rows, i));
        }
        table.add(row);
      }
    }
    return table;
  }

  // One value through every getter that its type has.
  private static String values(ResultSet rows, int i) throws SQLException {
    String all = rows.getMetaData().getColumnName(i) + ":";
    switch (rows.getMetaData().getColumnType(i)) {
      case Types.TINYINT:
      case Types.SMALLINT:
      case Types.INTEGER:
      case Types.BIGINT:
      case Types.DECIMAL:
        return all + " " + rows.getBigDecimal(i);
      case Types.BINARY:
      case Types.VARBINARY:
      case Types.LONGVARBINARY:
      case Types.BLOB:
        return all + " " + Arrays.toString(rows.getBytes(i));
      case Types.REAL:
        return all + " " + rows.getFloat(i);
      case Types.DOUBLE:
        return all + " " + rows.getDouble(i);
      case Types.TIMESTAMP:
        return all + " " + rows.getTimestamp(i);
      default:
        return all + " " + rows.getString(i);
    }
  }

  private void compare(String options, boolean prepared) throws SQLException {
    List<List<String>> expected;
    List<List<String>> seen;
    try (Connection source = checks.source(options); Connection mirror = checks.mirror(options)) {
      try (Statement statement = source.createStatement()) {
        statement.execute("SET time_zone = '+00:00'");
      }
      expected = read(source, prepared);
      seen = read(mirror, prepared);
    }
    Checks.equal("rows", seen.size(), expected.size());
    Checks.isTrue("the table has rows", !expected.isEmpty());
    List<String> differing = new ArrayList<>();
    for (int row = 0; row < seen.size(); ++row) {
      for (int i = 0; i < expected.get(row).size(); ++i) {
        if (OTHER_TYPES.contains(expected.get(row).get(i).split(":")[0])) {
          continue;
        }
        String left = seen.get(row).get(i);
        String right = expected.get(row).get(i);
        if (!left.equals(right)) {
          differing.add("row " + row + " [" + cut(left) + "] expected [" + cut(right) + "]");
        }
      }
    }
    Checks.isTrue(String.join("; ", differing), differing.isEmpty());
  }

  private static String cut(String text) {
    return text.length() < 200 ? text : text.substring(0, 200) + "..";
  }

  private void stream(String options, boolean prepared, int fetch) throws SQLException {
    try (Connection connection = checks.mirror(options);
         Statement statement = prepared ? connection.prepareStatement(MANY_ROWS)
                                        : connection.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_READ_ONLY)) {
      statement.setFetchSize(fetch);
      long sum = 0;
      long count = 0;
      try (ResultSet rows = prepared ? ((PreparedStatement) statement).executeQuery() : statement.executeQuery(MANY_ROWS)) {
        while (rows.next()) {
          sum += rows.getLong(1);
          ++count;
        }
      }
      Checks.equal("rows", count, (long) MANY);
      Checks.equal("sum", sum, (long) MANY * (MANY - 1) / 2);
    }
  }
}
