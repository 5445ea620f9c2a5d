// SPDX-License-Identifier: Apache-2.0
// Login, session state, cancelling, errors: what connection pools and drivers do around statements.
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

final class SessionChecks {
  private static final String ENDLESS = "SELECT count(*) FROM range(100000000) a, range(100000) b";
  private final Checks checks;

  SessionChecks(Checks checks) {
    this.checks = checks;
  }

  void register() {
    checks.add("login_without_tls", this::loginWithoutTls);
    checks.add("login_with_tls", this::loginWithTls);
    checks.add("wrong_password", this::wrongPassword);
    checks.add("unknown_database", this::unknownDatabase);
    checks.add("pool_calls", this::poolCalls);
    checks.add("transaction_calls", this::transactionCalls);
    checks.add("error_codes", this::errorCodes);
    checks.add("several_statements", this::severalStatements);
    checks.add("query_timeout", this::queryTimeout);
    checks.add("cancel", this::cancel);
  }

  private static void usable(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery("SELECT 41 + 1")) {
      Checks.isTrue("a row", rows.next());
      Checks.equal("value", rows.getInt(1), 42);
      Checks.isTrue("one row only", !rows.next());
    }
  }

  private void loginWithoutTls() throws SQLException {
    try (Connection connection = checks.mirror()) {
      usable(connection);
    }
  }

  private void loginWithTls() throws SQLException {
    String required = checks.isMysql() ? "sslMode=REQUIRED" : "sslMode=trust";
    try (Connection connection = checks.mirror(Checks.USER, Checks.PASSWORD, required)) {
      usable(connection);
    }
  }

  private void wrongPassword() throws Exception {
    Checks.fails("28000", 1045, () -> checks.mirror(Checks.USER, "wrong", checks.plain()).close());
  }

  private void unknownDatabase() throws Exception {
    try (Connection connection = checks.mirror()) {
      Checks.fails("42000", 1049, () -> connection.setCatalog("no_such_database"));
      usable(connection);
    }
  }

  private void poolCalls() throws SQLException {
    try (Connection connection = checks.mirror()) {
      Checks.isTrue("isValid", connection.isValid(5));
      connection.clearWarnings();
      Checks.equal("warnings", connection.getWarnings(), null);
      Checks.equal("catalog", connection.getCatalog(), checks.database);
      connection.setCatalog("information_schema");
      Checks.equal("catalog", connection.getCatalog(), "information_schema");
      connection.setReadOnly(true);
      Checks.isTrue("read-only", connection.isReadOnly());
      connection.setReadOnly(false);
      connection.setNetworkTimeout(Runnable::run, 30_000);
      usable(connection);
    }
  }

  private void transactionCalls() throws SQLException {
    try (Connection connection = checks.mirror()) {
      connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
      Checks.equal("isolation", connection.getTransactionIsolation(), Connection.TRANSACTION_READ_COMMITTED);
      connection.setAutoCommit(false);
      usable(connection);
      connection.commit();
      usable(connection);
      connection.rollback();
      connection.setAutoCommit(true);
      usable(connection);
    }
  }

  private void errorCodes() throws Exception {
    try (Connection connection = checks.mirror(); Statement statement = connection.createStatement()) {
      Checks.fails("42S02", 1146, () -> statement.executeQuery("SELECT * FROM no_such_table"));
      Checks.fails("42S22", 1054, () -> statement.executeQuery("SELECT no_such_column FROM every_type"));
      Checks.fails("42000", 1064, () -> statement.execute("SELEC 1"));
      Checks.fails("42000", 1064, () -> statement.executeQuery("SELECT 1 FROM"));
      Checks.fails("HY000", 1290, () -> statement.executeUpdate("DELETE FROM every_type"));
      usable(connection);
    }
  }

  private void severalStatements() throws SQLException {
    try (Connection connection = checks.mirror("allowMultiQueries=true"); Statement statement = connection.createStatement()) {
      Checks.isTrue("first result", statement.execute("SELECT 1; SELECT 2, 3"));
      try (ResultSet rows = statement.getResultSet()) {
        Checks.isTrue("first row", rows.next());
        Checks.equal("first", rows.getInt(1), 1);
      }
      Checks.isTrue("second result", statement.getMoreResults());
      try (ResultSet rows = statement.getResultSet()) {
        Checks.isTrue("second row", rows.next());
        Checks.equal("second", rows.getInt(2), 3);
      }
      Checks.isTrue("no third", !statement.getMoreResults() && statement.getUpdateCount() == -1);
    }
  }

  // The drivers send KILL QUERY over a connection of their own when the time is over.
  private void queryTimeout() throws SQLException {
    try (Connection connection = checks.mirror(); Statement statement = connection.createStatement()) {
      statement.setQueryTimeout(1);
      try (ResultSet rows = statement.executeQuery(ENDLESS)) {
        throw new AssertionError("the endless query ended: " + rows.next());
      } catch (SQLException expected) {
        statement.setQueryTimeout(0);
      }
      usable(connection);
    }
  }

  private void cancel() throws Exception {
    try (Connection connection = checks.mirror(); Statement statement = connection.createStatement()) {
      final boolean[] ended = {false};
      Thread killer = new Thread(() -> {
        // A cancel that comes before the statement runs is lost by contract, so it is repeated.
        while (!ended[0]) {
          try {
            statement.cancel();
            Thread.onSpinWait();
          } catch (SQLException raced) {
            ended[0] = true;
          }
        }
      });
      killer.start();
      try (ResultSet rows = statement.executeQuery(ENDLESS)) {
        throw new AssertionError("the endless query ended: " + rows.next());
      } catch (SQLException expected) {
        // Connector/J knows that it was cancelled and has no number for it.
        Checks.isTrue("code " + expected.getErrorCode(),
                      expected.getErrorCode() == 1317 || (checks.isMysql() && expected.getErrorCode() == 0));
      } finally {
        ended[0] = true;
        killer.join();
      }
    }
  }
}
