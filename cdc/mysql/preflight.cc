// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/preflight.h"

#include "cdc/mysql/log_position.h"

namespace freshet {
namespace {

constexpr uint32_t kMysqlVersionMin = 50700;
constexpr uint32_t kMariadbVersionMin = 100400;

std::string Grantee(const MysqlOptions& options) {
  return "'" + options.user + "'@'%'";
}

Status Missing(const MysqlOptions& options, const std::string& privilege, const std::string& object,
               const std::string& hint) {
  return Status(Code::kAuth, "user " + options.user + " lacks " + privilege + ": run GRANT " + privilege + " ON " +
                                 object + " TO " + Grantee(options) + hint);
}

Status CheckVersion(const ServerVersion& version) {
  if (version.number >= (version.mariadb() ? kMariadbVersionMin : kMysqlVersionMin)) return Status::Ok();
  return Status(Code::kUnsupported, "server version " + version.text +
                                        " is too old: MySQL 5.7 or MariaDB 10.4 is the "
                                        "oldest that can be mirrored");
}

Status CheckLogSettings(MysqlConnection& connection) {
  ASSIGN_OR_RETURN(const SqlRows settings, connection.Query("SELECT @@GLOBAL.log_bin AS log_bin, "
                                                            "@@GLOBAL.binlog_format AS binlog_format"));
  if (settings.Get(0, "log_bin") != "1") {
    return Status(Code::kUnsupported, "binary logging is off: set log_bin=ON in my.cnf and restart the server");
  }
  const std::string format = settings.Get(0, "binlog_format");
  if (format != "ROW") {
    return Status(Code::kUnsupported, "binlog_format is " + format +
                                          ", ROW is needed: run SET GLOBAL binlog_format='ROW' and set "
                                          "binlog_format=ROW in my.cnf");
  }
  ASSIGN_OR_RETURN(const SqlRows partial, connection.Query("SHOW GLOBAL VARIABLES LIKE 'binlog_row_value_options'"));
  if (!partial.Get(0, "Value").empty()) {
    return Status(Code::kUnsupported, "binlog_row_value_options is " + partial.Get(0, "Value") +
                                          ", which logs parts of JSON values: run SET GLOBAL "
                                          "binlog_row_value_options=''");
  }
  return Status::Ok();
}

bool Contains(const SqlRows& grants, const std::string& what) {
  for (const SqlRow& row : grants.rows) {
    if (row[0].value_or("").find(what) != std::string::npos) return true;
  }
  return false;
}

// A role that is granted but not active gives nothing; the server says so nowhere. "" when that is not the reason.
Result<std::string> RoleHint(MysqlConnection& connection, const MysqlOptions& options, const SqlRows& grants) {
  std::string role;
  for (const SqlRow& row : grants.rows) {
    const std::string grant = row[0].value_or("");
    const size_t to = grant.find(" TO ");
    if (to == std::string::npos || !grant.starts_with("GRANT `") || grant.find(" ON ") < to) continue;
    constexpr size_t kVerbBytes = 6;
    role = grant.substr(kVerbBytes, to - kVerbBytes);
  }
  if (role.empty()) return role;
  ASSIGN_OR_RETURN(const std::string active, connection.QueryValue("SELECT CURRENT_ROLE()"));
  if (!active.empty() && active != "NONE") return std::string();
  const bool mariadb = connection.version().mariadb();
  return "; role " + role + " is granted but not active: run SET DEFAULT ROLE " + role + (mariadb ? " FOR " : " TO ") +
         Grantee(options) + " if it has the privilege";
}

Status CheckReplication(MysqlConnection& connection, const MysqlOptions& options) {
  const bool mariadb = connection.version().mariadb();
  const Status client = connection.Execute(ShowLogStatus(connection.version()));
  std::string missing;  // all of them in one message: one GRANT, not one attempt each
  if (client.code() == Code::kAuth) {
    missing = mariadb ? "BINLOG MONITOR" : "REPLICATION CLIENT";
  } else {
    TRY(client.Copy());
  }
  ASSIGN_OR_RETURN(const SqlRows grants, connection.Query("SHOW GRANTS"));
  const bool all = Contains(grants, "ALL PRIVILEGES ON *.*");
  if (!all && !Contains(grants, "REPLICATION SLAVE") && !Contains(grants, "REPLICATION REPLICA")) {
    // The privilege may come from a role that SHOW GRANTS only names: ask for something that needs it.
    const Status replica = mariadb ? Status(Code::kAuth, "") : connection.Execute("SHOW BINLOG EVENTS LIMIT 1");
    if (replica.code() == Code::kAuth) missing += missing.empty() ? "REPLICATION SLAVE" : ", REPLICATION SLAVE";
  }
  if (!missing.empty()) {
    ASSIGN_OR_RETURN(const std::string hint, RoleHint(connection, options, grants));
    return Missing(options, missing, "*.*", hint);
  }
  ASSIGN_OR_RETURN(const bool has_gtids, ServerHasGtids(connection));
  if (has_gtids || all || Contains(grants, "RELOAD")) return Status::Ok();
  return Status(Code::kAuth, "user " + options.user +
                                 " lacks RELOAD, which copying tables needs on a server without "
                                 "GTIDs: run GRANT RELOAD ON *.* TO " +
                                 Grantee(options) + " or set gtid_mode=ON");
}

Status CheckDatabase(MysqlConnection& connection, const MysqlOptions& options) {
  const std::string select = "GRANT SELECT ON " + QuoteMysqlName(options.database) + ".* TO " + Grantee(options);
  const Status use = connection.Execute("USE " + QuoteMysqlName(options.database));
  if (use.code() == Code::kNotFound) {
    return Status(Code::kNotFound, "database " + options.database + " does not exist");
  }
  if (use.code() == Code::kAuth) {
    return Status(Code::kAuth,
                  "user " + options.user + " can not read database " + options.database + ": run " + select);
  }
  TRY(use.Copy());
  ASSIGN_OR_RETURN(const SqlRows tables,
                   connection.Query("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = " +
                                    TextLiteral(options.database) + " AND TABLE_TYPE = 'BASE TABLE' LIMIT 1"));
  if (tables.rows.empty()) return Status::Ok();
  const Status read = connection.Execute("SELECT 1 FROM " + QuoteMysqlName(options.database) + "." +
                                         QuoteMysqlName(tables.rows[0][0].value_or("")) + " LIMIT 0");
  if (read.code() == Code::kAuth) {
    return Status(Code::kAuth, "user " + options.user + " lacks SELECT: run " + select);
  }
  return read.code() == Code::kSchemaMoved ? Status::Ok() : read.Copy();
}

}  // namespace

Status CheckMysqlServer(MysqlConnection& connection, const MysqlOptions& options) {
  TRY(CheckVersion(connection.version()));
  TRY(CheckLogSettings(connection));
  TRY(CheckReplication(connection, options));
  return CheckDatabase(connection, options);
}

}  // namespace freshet
