// SPDX-License-Identifier: Apache-2.0
// Runs every check against one freshet through one JDBC driver and prints a line per check: "ok NAME" or
// "FAILED NAME: what was seen". Started by tests/e2e/test_clients_jdbc.py:
//   java Checks mysql|mariadb MIRROR_PORT SOURCE_PORT DATABASE
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

public final class Checks {
  interface Body {
    void run() throws Exception;
  }

  static final String USER = "reader";
  static final String PASSWORD = "reader-s3cret";

  final String driver;
  final String database;
  private final String mirror;
  private final String source;
  private final Map<String, Body> bodies = new LinkedHashMap<>();

  private Checks(String[] arguments) {
    driver = arguments[0];
    mirror = "jdbc:" + driver + "://127.0.0.1:" + arguments[1] + "/";
    source = "jdbc:" + driver + "://127.0.0.1:" + arguments[2] + "/";
    database = arguments[3];
  }

  public static void main(String[] arguments) {
    Checks checks = new Checks(arguments);
    new SessionChecks(checks).register();
    new MetadataChecks(checks).register();
    new ValueChecks(checks).register();
    new ParameterChecks(checks).register();
    checks.runAll();
  }

  void add(String name, Body body) {
    bodies.put(name, body);
  }

  boolean isMysql() {
    return driver.equals("mysql");
  }

  private void runAll() {
    for (Map.Entry<String, Body> check : bodies.entrySet()) {
      String seen = null;
      try {
        check.getValue().run();
      } catch (Exception | AssertionError problem) {
        seen = problem.toString().replace('\n', ' ');
        StackTraceElement[] stack = problem.getStackTrace();
        for (StackTraceElement frame : stack) {
          if (frame.getClassName().endsWith("Checks")) {
            seen += " at " + frame.getFileName() + ":" + frame.getLineNumber();
            break;
          }
        }
      }
      System.out.println(seen == null ? "ok " + check.getKey() : "FAILED " + check.getKey() + ": " + seen);
    }
  }

  // `options`: "a=b&c=d". Without TLS a driver that must send a password asks the server for its key.
  Connection mirror(String options) throws SQLException {
    return mirror(USER, PASSWORD, plain() + "&" + options);
  }

  Connection mirror() throws SQLException {
    return mirror(USER, PASSWORD, plain());
  }

  Connection mirror(String user, String password, String options) throws SQLException {
    return DriverManager.getConnection(mirror + database + "?" + options, user, password);
  }

  Connection source(String options) throws SQLException {
    return DriverManager.getConnection(source + database + "?" + plain() + "&" + options, "admin", "admin-secret");
  }

  String plain() {
    return isMysql() ? "sslMode=DISABLED&allowPublicKeyRetrieval=true&connectionTimeZone=UTC"
                     : "sslMode=disable&allowPublicKeyRetrieval=true";
  }

  // Options that make prepareStatement() use the server's prepared statements.
  String serverPrepared() {
    return "useServerPrepStmts=true";
  }

  static void equal(String what, Object seen, Object expected) {
    if (!Objects.deepEquals(seen, expected)) {
      throw new AssertionError(what + ": " + seen + ", expected " + expected);
    }
  }

  static void isTrue(String what, boolean seen) {
    if (!seen) {
      throw new AssertionError(what);
    }
  }

  static void fails(String state, int code, Body body) throws Exception {
    try {
      body.run();
    } catch (SQLException problem) {
      if (state.equals(problem.getSQLState()) && code == problem.getErrorCode()) {
        return;
      }
      throw new AssertionError(problem.getSQLState() + " " + problem.getErrorCode() + " " + problem.getMessage()
                               + ", expected " + state + " " + code);
    }
    throw new AssertionError("no error, expected " + state + " " + code);
  }
}
