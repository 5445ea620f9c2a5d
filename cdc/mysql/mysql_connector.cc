// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/mysql_connector.h"

#include <random>

#include "base/log.h"
#include "cdc/mysql/describe.h"
#include "cdc/mysql/dump_stream.h"
#include "cdc/mysql/log_position.h"
#include "cdc/mysql/log_start_time.h"
#include "cdc/mysql/mysql_scanner.h"
#include "cdc/mysql/mysql_source.h"
#include "cdc/mysql/preflight.h"
#include "ddl/mysql_resolve.h"

namespace freshet {
namespace {

// A replica id nobody else uses: the server ends the older of two dumps with the same id.
uint32_t DrawServerId(const MysqlOptions& options) {
  constexpr uint32_t kFirst = 1'000'000'000;
  constexpr uint32_t kLast = 1'999'999'999;
  const bool given = options.server_id_first != 0;
  std::random_device random;
  return std::uniform_int_distribution<uint32_t>(given ? options.server_id_first : kFirst,
                                                 given ? options.server_id_last : kLast)(random);
}

Result<MysqlFollowOptions> FollowOptions(MysqlConnection& connection, const MysqlOptions& options,
                                         const TableFilter& filter) {
  MysqlFollowOptions follow;
  follow.filter = filter;
  follow.databases = {options.database};
  follow.lex.flavour = connection.version().flavour;
  follow.lex.server_version = connection.version().number;
  ASSIGN_OR_RETURN(const std::string lower_case, connection.QueryValue("SELECT @@GLOBAL.lower_case_table_names"));
  follow.ignore_case = lower_case != "0";
  ASSIGN_OR_RETURN(const SqlRows schemata, connection.Query("SELECT SCHEMA_NAME, DEFAULT_COLLATION_NAME FROM "
                                                            "information_schema.SCHEMATA"));
  for (const SqlRow& row : schemata.rows) follow.database_collations[row[0].value_or("")] = row[1].value_or("");
  for (const auto& [table, columns] : options.exclude_columns) {
    for (const std::string& column : columns) {
      follow.excluded_columns.push_back({{options.database, table}, column});
    }
  }
  return follow;
}

// `position` as far as the server's log still goes back. What prepared XA transactions need may be purged while the
// rest is not: their XA COMMIT then is one of an unknown transaction, and the tables are copied again.
Result<MysqlPosition> ReadablePosition(MysqlConnection& connection, MysqlPosition position) {
  TRY(CheckReadable(connection, position));
  ASSIGN_OR_RETURN(static_cast<MysqlLogPlace&>(position), WithGtids(connection, position));
  if (!position.read_again_from) return position;
  MysqlLogPlace place = *position.read_again_from;
  // MariaDB says only in the dump that a GTID is purged; its file's name says it now.
  if (connection.version().mariadb()) place.mariadb_gtids = MariadbGtidSet();
  const Status prepared = CheckReadable(connection, place);
  if (prepared.code() == Code::kGone) {
    Log(LogLevel::kWarn, "xa_transactions_purged", {{"error", prepared.message()}});
    position.read_again_from.reset();
    return position;
  }
  TRY(prepared.Copy());
  return position;
}

StatementFollower FollowerFor(MysqlFollowOptions options) {
  return [options](const LoggedStatement& statement, const std::vector<SchemaPtr>& schemas) {
    MysqlFollowOptions call = options;
    call.lex.ansi_quotes = statement.ansi_quotes;
    call.lex.no_backslash_escapes = statement.no_backslash_escapes;
    Catalog catalog(call.ignore_case);
    for (const SchemaPtr& schema : schemas) catalog.Put(schema);
    return FollowMysqlStatement(statement.sql, statement.database, catalog, call);
  };
}

}  // namespace

Result<std::unique_ptr<Connector>> MysqlConnector::Make(MysqlOptions options) {
  if (options.host.empty()) return Status(Code::kInvalid, "no host is given");
  if (options.database.empty()) return Status(Code::kInvalid, "no database is given");
  if (options.server_id_first > options.server_id_last) {
    return Status(Code::kInvalid, "server_id range is empty: its first id is above its last");
  }
  if (options.ssl_mode >= MysqlSslMode::kVerifyCa && options.ssl_rootcert.empty()) {
    return Status(Code::kInvalid, "ssl_rootcert is needed to verify the server's certificate");
  }
  return std::unique_ptr<Connector>(new MysqlConnector(std::move(options)));
}

Result<MysqlConnection*> MysqlConnector::Connected() {
  if (!connection_ || !connection_->alive()) {
    connection_.reset();
    ASSIGN_OR_RETURN(connection_, MysqlConnection::Open(options_, {}));
  } else if (!connection_->Execute("DO 0").ok()) {  // closed by the server's wait_timeout
    ASSIGN_OR_RETURN(connection_, MysqlConnection::Open(options_, {}));
  }
  return connection_.get();
}

Status MysqlConnector::Preflight() {
  MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(MysqlConnection* const connection, Connected());
  return CheckMysqlServer(*connection, options_);
}

Result<std::vector<TableName>> MysqlConnector::ListTables(const TableFilter& filter) {
  MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(MysqlConnection* const connection, Connected());
  return ListBaseTables(*connection, options_.database, filter);
}

Result<std::vector<TableDescription>> MysqlConnector::DescribeTables(const std::vector<TableName>& names) {
  MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(MysqlConnection* const connection, Connected());
  std::vector<TableDescription> descriptions;
  for (const TableName& name : names) {
    ASSIGN_OR_RETURN(TableDescription description, DescribeMysqlTable(*connection, options_, name));
    descriptions.push_back(std::move(description));
  }
  return descriptions;
}

Result<Position> MysqlConnector::CurrentPosition() {
  MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(MysqlConnection* const connection, Connected());
  ASSIGN_OR_RETURN(MysqlPosition position, ReadLogEnd(*connection));
  return Position{std::move(position)};
}

Result<Position> MysqlConnector::StartLog(const LogStart& start, const std::vector<TableName>&) {
  MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(MysqlConnection* const connection, Connected());
  switch (start.mode) {
    case LogStart::Mode::kNow: {
      ASSIGN_OR_RETURN(MysqlPosition position, ReadLogEnd(*connection));
      return Position{std::move(position)};
    }
    case LogStart::Mode::kEarliest: {
      ASSIGN_OR_RETURN(MysqlPosition position, ReadLogBegin(*connection));
      return Position{std::move(position)};
    }
    case LogStart::Mode::kTime: {
      LogTimeQuery query{start.time_us, {}, {}, DrawServerId(options_)};
      ASSIGN_OR_RETURN(query.files, ListLogFiles(*connection));
      ASSIGN_OR_RETURN(query.end, ReadLogEnd(*connection));
      ASSIGN_OR_RETURN(MysqlLogPlace place, FindLogPlaceAt(options_, query));
      MysqlPosition position;
      ASSIGN_OR_RETURN(static_cast<MysqlLogPlace&>(position), WithGtids(*connection, std::move(place)));
      return Position{std::move(position)};
    }
    case LogStart::Mode::kPosition: break;
  }
  const MysqlPosition* position = std::get_if<MysqlPosition>(&start.position.at);
  if (position == nullptr) return Status(Code::kInvalid, "the offset is no MySQL log position");
  TRY(CheckReadable(*connection, *position));
  return start.position;
}

Status MysqlConnector::TrackTables(const std::vector<TableName>&) {
  return Status::Ok();
}
Status MysqlConnector::UntrackTables(const std::vector<TableName>&) {
  return Status::Ok();
}
Status MysqlConnector::ReleaseLog() {
  return Status::Ok();
}

Result<std::unique_ptr<Source>> MysqlConnector::OpenSource(const Position& resume_after, std::vector<SchemaPtr> schemas,
                                                           const TableFilter& filter) {
  const MysqlPosition* position = std::get_if<MysqlPosition>(&resume_after.at);
  if (position == nullptr) return Status(Code::kInvalid, "the position to resume after is no MySQL log position");
  MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(MysqlConnection* const connection, Connected());
  ASSIGN_OR_RETURN(const MysqlPosition resume, ReadablePosition(*connection, *position));
  ASSIGN_OR_RETURN(MysqlFollowOptions follow, FollowOptions(*connection, options_, filter));
  ASSIGN_OR_RETURN(const bool has_gtids, ServerHasGtids(*connection));
  DumpStart start;
  start.place = resume.read_again_from ? *resume.read_again_from : resume;
  start.use_gtids = DumpsByGtid(connection->version(), has_gtids, start.place);
  start.server_id = DrawServerId(options_);
  ASSIGN_OR_RETURN(std::unique_ptr<PacketStream> stream, DumpStream::Open(options_, start));
  const EventBinder::Options options{options_.database, has_gtids, xa_commits_};
  return std::unique_ptr<Source>(
      new MysqlSource(std::move(stream), resume, std::move(schemas), FollowerFor(std::move(follow)), options));
}

Result<std::unique_ptr<TableScanner>> MysqlConnector::OpenScanner() {
  return MysqlScanner::Open(options_, xa_commits_);
}

}  // namespace freshet
