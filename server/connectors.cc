// SPDX-License-Identifier: Apache-2.0
#include "server/connectors.h"

#include "cdc/mysql/mysql_connector.h"
#include "cdc/postgres/postgres_connector.h"

namespace freshet {
namespace {

// Without a range of the user's each job has its own ids: two replicas with one id throw each other out.
constexpr uint32_t kServerIdFirst = 1'000'000'000;
constexpr uint32_t kServerIdJobs = 900'000'000;

MysqlSslMode MysqlMode(const std::string& mode) {
  if (mode == "require") return MysqlSslMode::kRequired;
  if (mode == "verify-ca") return MysqlSslMode::kVerifyCa;
  return MysqlSslMode::kDisable;
}

MysqlOptions MysqlOf(const SourceOptions& options) {
  MysqlOptions mysql;
  mysql.host = options.host;
  mysql.port = options.port;
  mysql.user = options.user;
  mysql.password = options.password;
  mysql.database = options.database;
  mysql.ssl_mode = MysqlMode(options.ssl_mode);
  mysql.ssl_rootcert = options.ssl_rootcert;
  mysql.server_id_first = options.server_id_first;
  mysql.server_id_last = options.server_id_last;
  if (options.server_id_first == 0 && options.job) {
    const auto id = static_cast<uint32_t>(kServerIdFirst + options.job.value % kServerIdJobs);
    mysql.server_id_first = mysql.server_id_last = id;
  }
  for (const auto& [table, columns] : options.exclude_columns) mysql.exclude_columns[table.table] = columns;
  return mysql;
}

PostgresOptions PostgresOf(const SourceOptions& options) {
  PostgresOptions postgres;
  postgres.host = options.host;
  postgres.port = options.port;
  postgres.user = options.user;
  postgres.password = options.password;
  postgres.database = options.database;
  postgres.schemas = options.schemas;
  postgres.ssl_mode = options.ssl_mode;
  postgres.ssl_rootcert = options.ssl_rootcert;
  postgres.slot_name = options.slot_name;
  postgres.publication_name = options.publication_name;
  postgres.owns_slot = options.owns_slot;
  postgres.owns_publication = options.owns_publication;
  postgres.exclude_columns = options.exclude_columns;
  return postgres;
}

}  // namespace

Result<std::unique_ptr<Connector>> MakeConnector(const SourceOptions& options) {
  if (options.kind == SourceKind::kMysql) return MysqlConnector::Make(MysqlOf(options));
  return PostgresConnector::Make(PostgresOf(options));
}

}  // namespace freshet
