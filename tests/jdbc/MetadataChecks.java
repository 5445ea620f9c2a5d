// SPDX-License-Identifier: Apache-2.0
// DatabaseMetaData as DBeaver and Metabase ask for it. What the mirror says of a table is compared with what the
// source itself says through the same driver.
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

final class MetadataChecks {
  interface Reader {
    ResultSet read(DatabaseMetaData metadata) throws SQLException;
  }

  private final Checks checks;

  MetadataChecks(Checks checks) {
    this.checks = checks;
  }

  void register() {
    checks.add("product", this::product);
    checks.add("catalogs", this::catalogs);
    checks.add("tables", this::tables);
    checks.add("columns", () -> columns(""));
    if (checks.isMysql()) {
      checks.add("columns_of_information_schema", () -> columns("useInformationSchema=true"));
    }
    checks.add("primary_keys", this::primaryKeys);
    checks.add("indexes", this::indexes);
    checks.add("empty_answers", this::emptyAnswers);
    checks.add("type_info", this::typeInfo);
    checks.add("result_set_metadata", this::resultSetMetadata);
  }

  private static List<String> rows(ResultSet result, String... columns) throws SQLException {
    List<String> lines = new ArrayList<>();
    try (ResultSet rows = result) {
      while (rows.next()) {
        StringBuilder line = new StringBuilder();
        for (String column : columns) {
          line.append(column).append('=').append(rows.getString(column)).append(' ');
        }
        lines.add(line.toString());
      }
    }
    return lines;
  }

  // Equal to what the source answers, line by line.
  private void asTheSource(String options, Reader reader, String... columns) throws SQLException {
    List<String> expected;
    List<String> seen;
    try (Connection source = checks.source(options); Connection mirror = checks.mirror(options)) {
      expected = rows(reader.read(source.getMetaData()), columns);
      seen = rows(reader.read(mirror.getMetaData()), columns);
    }
    Checks.isTrue("the source has an answer", !expected.isEmpty());
    List<String> differing = new ArrayList<>();
    for (int i = 0; i < Math.max(seen.size(), expected.size()); ++i) {
      String left = i < seen.size() ? seen.get(i) : "nothing";
      String right = i < expected.size() ? expected.get(i) : "nothing";
      if (!left.equals(right)) {
        differing.add("[" + left + "] expected [" + right + "]");
      }
    }
    Checks.isTrue(String.join("; ", differing), differing.isEmpty());
  }

  private void product() throws SQLException {
    try (Connection connection = checks.mirror()) {
      DatabaseMetaData metadata = connection.getMetaData();
      Checks.equal("product", metadata.getDatabaseProductName(), "MySQL");
      Checks.isTrue(metadata.getDatabaseProductVersion(), metadata.getDatabaseProductVersion().contains("freshet"));
      Checks.isTrue("major version", metadata.getDatabaseMajorVersion() >= 8);
      Checks.equal("user", metadata.getUserName().split("@")[0], Checks.USER);
      Checks.equal("quote", metadata.getIdentifierQuoteString(), "`");
    }
  }

  private void catalogs() throws SQLException {
    try (Connection connection = checks.mirror()) {
      List<String> names = rows(connection.getMetaData().getCatalogs(), "TABLE_CAT");
      Checks.isTrue(names.toString(), names.contains("TABLE_CAT=" + checks.database + " "));
      Checks.isTrue(names.toString(), names.contains("TABLE_CAT=information_schema "));
    }
  }

  private void tables() throws SQLException {
    asTheSource("", metadata -> metadata.getTables(checks.database, null, "%", new String[] {"TABLE", "VIEW"}),
                "TABLE_CAT", "TABLE_SCHEM", "TABLE_NAME", "TABLE_TYPE");
    asTheSource("", metadata -> metadata.getTables(checks.database, null, "two\\_%", new String[] {"TABLE"}), "TABLE_NAME");
    try (Connection connection = checks.mirror()) {
      List<String> types = rows(connection.getMetaData().getTableTypes(), "TABLE_TYPE");
      Checks.isTrue(types.toString(), new TreeSet<>(types).contains("TABLE_TYPE=TABLE "));
    }
  }

  private void columns(String options) throws SQLException {
    asTheSource(options, metadata -> metadata.getColumns(checks.database, null, "every_type", "%"), "TABLE_CAT", "TABLE_NAME",
                "COLUMN_NAME", "NULLABLE", "ORDINAL_POSITION", "IS_NULLABLE");
    // Types that docs/types.md shows as they are.
    for (String column : List.of("number", "big", "price", "ratio", "born", "name")) {
      asTheSource(options, metadata -> metadata.getColumns(checks.database, null, "params", column), "COLUMN_NAME", "DATA_TYPE",
                  "TYPE_NAME", "COLUMN_SIZE");
    }
  }

  private void primaryKeys() throws SQLException {
    asTheSource("", metadata -> metadata.getPrimaryKeys(checks.database, null, "two_keys"), "TABLE_NAME", "COLUMN_NAME",
                "KEY_SEQ", "PK_NAME");
  }

  private void indexes() throws SQLException {
    asTheSource("", metadata -> metadata.getIndexInfo(checks.database, null, "two_keys", true, true), "TABLE_NAME",
                "INDEX_NAME", "ORDINAL_POSITION", "COLUMN_NAME", "TYPE");
    asTheSource("", metadata -> metadata.getBestRowIdentifier(checks.database, null, "two_keys",
                                                              DatabaseMetaData.bestRowSession, true), "COLUMN_NAME");
  }

  // There are none of these, and asking is no error.
  private void emptyAnswers() throws SQLException {
    try (Connection connection = checks.mirror()) {
      DatabaseMetaData metadata = connection.getMetaData();
      String database = checks.database;
      Checks.equal("imported keys", rows(metadata.getImportedKeys(database, null, "every_type"), "FK_NAME"), List.of());
      Checks.equal("exported keys", rows(metadata.getExportedKeys(database, null, "every_type"), "FK_NAME"), List.of());
      Checks.equal("procedures", rows(metadata.getProcedures(database, null, "%"), "PROCEDURE_NAME"), List.of());
      Checks.equal("functions", rows(metadata.getFunctions(database, null, "%"), "FUNCTION_NAME"), List.of());
      Checks.equal("schemas", rows(metadata.getSchemas(), "TABLE_SCHEM"), List.of());
      Checks.equal("other table", rows(metadata.getTables(database, null, "nowhere", null), "TABLE_NAME"), List.of());
    }
  }

  private void typeInfo() throws SQLException {
    try (Connection connection = checks.mirror()) {
      List<String> types = rows(connection.getMetaData().getTypeInfo(), "TYPE_NAME");
      Checks.isTrue(types.toString(), types.contains("TYPE_NAME=BIGINT ") && types.contains("TYPE_NAME=VARCHAR "));
    }
  }

  private void resultSetMetadata() throws SQLException {
    try (Connection connection = checks.mirror();
         ResultSet rows = connection.createStatement().executeQuery("SELECT id AS other, count(*) FROM two_keys GROUP BY id")) {
      Checks.equal("columns", rows.getMetaData().getColumnCount(), 2);
      Checks.equal("label", rows.getMetaData().getColumnLabel(1), "other");
      Checks.equal("class", rows.getMetaData().getColumnClassName(1), "java.lang.Integer");
      Checks.equal("class", rows.getMetaData().getColumnClassName(2), "java.lang.Long");
    }
  }
}
