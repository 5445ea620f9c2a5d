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

// Where to log in and as whom: the same for every kind of source.
template <typename Options>
Options LoginOf(const SourceOptions& options) {
  Options login;
  login.host = options.host;
  login.port = options.port;
  login.user = options.user;
  login.password = options.password;
  login.database = options.database;
  login.ssl_rootcert = options.ssl_rootcert;
  return login;
}

MysqlOptions MysqlOf(const SourceOptions& options) {
  auto mysql = LoginOf<MysqlOptions>(options);
  mysql.ssl_mode = MysqlMode(options.ssl_mode);
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
  auto postgres = LoginOf<PostgresOptions>(options);
  postgres.schemas = options.schemas;
  postgres.ssl_mode = options.ssl_mode;
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
