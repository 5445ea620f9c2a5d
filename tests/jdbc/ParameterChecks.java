// SPDX-License-Identifier: Apache-2.0
// Parameters of prepared statements, made by the driver and by the server: every setter, compared with columns and
// given back; text that would be SQL stays text.
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.Date;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.sql.Types;
import java.util.List;

final class ParameterChecks {
  interface Setter {
    void set(PreparedStatement statement) throws SQLException;
  }

  private static final List<String> HOSTILE = List.of(
      "it's", "'; DROP TABLE every_type; --", "\\", "\\'", "'' OR 1=1 --", "a\\' OR 1=1 -- ", "\"x\"", "`x`", "?", "$1",
      "line\nbreak", "/* comment", "-- comment", "😀\u0001", "x'41'", "0x41", "1e5", "NULL", "tab\t", "%_", " 1", "1 ", "");
  private final Checks checks;

  ParameterChecks(Checks checks) {
    this.checks = checks;
  }

  void register() {
    for (boolean server : new boolean[] {false, true}) {
      String kind = server ? "server_prepared_" : "client_prepared_";
      String options = server ? checks.serverPrepared() : "useServerPrepStmts=false";
      checks.add(kind + "comparisons", () -> comparisons(options));
      checks.add(kind + "round_trips", () -> roundTrips(options));
      checks.add(kind + "hostile_text", () -> hostileText(options));
      checks.add(kind + "reuse", () -> reuse(options));
    }
  }

  private static void finds(Connection connection, String condition, Setter setter) throws SQLException {
    String sql = "SELECT count(*) FROM params WHERE id = 1 AND " + condition;
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      setter.set(statement);
      try (ResultSet rows = statement.executeQuery()) {
        rows.next();
        Checks.equal(condition, rows.getInt(1), 1);
      }
    } catch (SQLException problem) {
      throw new SQLException(condition + ": " + problem.getMessage(), problem);
    }
  }

  private void comparisons(String options) throws SQLException {
    try (Connection connection = checks.mirror(options)) {
      finds(connection, "number = ?", statement -> statement.setInt(1, -7));
      finds(connection, "number = ?", statement -> statement.setLong(1, -7));
      finds(connection, "number = ?", statement -> statement.setString(1, "-7"));
      finds(connection, "number IN (?, ?)", statement -> {
        statement.setShort(1, (short) 3);
        statement.setByte(2, (byte) -7);
      });
      finds(connection, "number BETWEEN ? AND ?", statement -> {
        statement.setDouble(1, -7.5);
        statement.setBigDecimal(2, new BigDecimal("-6.5"));
      });
      finds(connection, "big = ?", statement -> statement.setBigDecimal(1, new BigDecimal("18446744073709551615")));
      finds(connection, "price = ?", statement -> statement.setBigDecimal(1, new BigDecimal("12.30")));
      finds(connection, "price * ? > 24.5", statement -> statement.setInt(1, 2));
      finds(connection, "ratio = ?", statement -> statement.setDouble(1, 0.1));
      finds(connection, "born = ?", statement -> statement.setDate(1, Date.valueOf("1815-12-10")));
      finds(connection, "born < ?", statement -> statement.setString(1, "1815-12-11"));
      finds(connection, "at = ?", statement -> statement.setTimestamp(1, Timestamp.valueOf("2024-02-29 12:00:00.000001")));
      finds(connection, "at >= ?", statement -> statement.setString(1, "2024-02-29"));
      finds(connection, "name = ?", statement -> statement.setString(1, "Zoë's"));
      finds(connection, "name LIKE ?", statement -> statement.setString(1, "Zo_'%"));
      finds(connection, "concat(name, ?) = ?", statement -> {
        statement.setString(1, "1");
        statement.setString(2, "Zoë's1");
      });
      finds(connection, "photo = ?", statement -> statement.setBytes(1, new byte[] {0, -1, 39, 92}));
      finds(connection, "? IS NULL", statement -> statement.setNull(1, Types.VARCHAR));
      finds(connection, "coalesce(?, number) = -7", statement -> statement.setNull(1, Types.INTEGER));
      finds(connection, "flag = ?", statement -> statement.setBoolean(1, true));
      finds(connection, "EXISTS (SELECT 1 FROM params p WHERE p.number = ? LIMIT ?)", statement -> {
        statement.setInt(1, -7);
        statement.setInt(2, 1);
      });
    }
  }

  private void roundTrips(String options) throws SQLException {
    try (Connection connection = checks.mirror(options);
         PreparedStatement statement = connection.prepareStatement("SELECT ?, ?, ?, ?, ?, ?, ?, ? + 1")) {
      statement.setLong(1, Long.MIN_VALUE);
      statement.setDouble(2, 1.5e300);
      statement.setBigDecimal(3, new BigDecimal("-12345678901234567890.0123456789"));
      statement.setString(4, "Zoë");
      statement.setTimestamp(5, Timestamp.valueOf("2024-02-29 23:59:58.123456"));
      statement.setDate(6, Date.valueOf("1999-12-31"));
      statement.setNull(7, Types.VARCHAR);
      statement.setInt(8, 41);
      try (ResultSet rows = statement.executeQuery()) {
        Checks.isTrue("a row", rows.next());
        Checks.equal("long", rows.getLong(1), Long.MIN_VALUE);
        Checks.equal("double", rows.getDouble(2), 1.5e300);
        Checks.equal("decimal", rows.getBigDecimal(3), new BigDecimal("-12345678901234567890.0123456789"));
        Checks.equal("text", rows.getString(4), "Zoë");
        Checks.equal("timestamp", rows.getString(5).substring(0, 26), "2024-02-29 23:59:58.123456");
        Checks.equal("date", rows.getString(6), "1999-12-31");
        Checks.equal("null", rows.getString(7), null);
        Checks.equal("sum", rows.getInt(8), 42);
      }
    }
  }

  private void hostileText(String options) throws SQLException {
    try (Connection connection = checks.mirror(options);
         PreparedStatement statement = connection.prepareStatement("SELECT ?, length(?), ? = ''")) {
      for (String text : HOSTILE) {
        for (int i = 1; i <= 3; ++i) {
          statement.setString(i, text);
        }
        try (ResultSet rows = statement.executeQuery()) {
          Checks.isTrue("a row", rows.next());
          Checks.equal("text", rows.getString(1), text);
          Checks.equal("bytes of " + text, rows.getInt(2), text.getBytes(StandardCharsets.UTF_8).length);
          Checks.equal("emptiness of " + text, rows.getBoolean(3), text.isEmpty());
        }
      }
    }
  }

  // One statement with values of changing types: each execution stands for itself.
  private void reuse(String options) throws SQLException {
    try (Connection connection = checks.mirror(options);
         PreparedStatement statement = connection.prepareStatement("SELECT id FROM params WHERE number = ? ORDER BY id")) {
      statement.setInt(1, -7);
      Checks.equal("as a number", first(statement), 1);
      statement.setString(1, "8");
      Checks.equal("as a text", first(statement), 2);
      statement.setNull(1, Types.INTEGER);
      Checks.equal("as NULL", first(statement), null);
      statement.setLong(1, 8);
      Checks.equal("as a number again", first(statement), 2);
    }
  }

  private static Integer first(PreparedStatement statement) throws SQLException {
    try (ResultSet rows = statement.executeQuery()) {
      return rows.next() ? rows.getInt(1) : null;
    }
  }
}
