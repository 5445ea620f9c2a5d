// SPDX-License-Identifier: Apache-2.0
#include "cdc/postgres/postgres_connector.h"

#include <algorithm>

#include "base/mutex.h"
#include "cdc/postgres/catalog_watch.h"
#include "cdc/postgres/control_connection.h"
#include "cdc/postgres/live_table.h"
#include "cdc/postgres/postgres_scanner.h"
#include "cdc/postgres/postgres_source.h"
#include "cdc/postgres/preflight.h"
#include "cdc/postgres/server_identity.h"
#include "cdc/postgres/slot.h"

namespace freshet {
namespace {

constexpr std::chrono::seconds kConnectMax{10};

class ConnectorImpl : public Connector {
 public:
  explicit ConnectorImpl(PostgresOptions options)
      : options_(std::move(options)), memory_(std::make_shared<ReaderMemory>()), control_(options_) {}

  Status Preflight() override {
    MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(PgConnection * connection, control_.Get());
    return Checked(PostgresPreflight(*connection, options_));
  }
  Result<std::vector<TableName>> ListTables(const TableFilter& filter) override;
  Result<std::vector<TableDescription>> DescribeTables(const std::vector<TableName>& names) override;
  Result<Position> CurrentPosition() override {
    MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(PgConnection * connection, control_.Get());
    ASSIGN_OR_RETURN(const uint64_t lsn, Checked(CurrentLsn(*connection)));
    return Position{PostgresPosition{lsn, 0}};
  }
  Result<CatalogNews> LookAtCatalog(const std::vector<SchemaPtr>& followed, const TableFilter& filter) override {
    MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(PgConnection * connection, control_.Get());
    return Checked(FindCatalogNews(*connection, options_, followed, filter));
  }
  Result<Position> StartLog(const LogStart& start, const std::vector<TableName>& tables) override;
  Status TrackTables(const std::vector<TableName>& tables) override {
    MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(PgConnection * connection, control_.Get());
    return Checked(AddToPublication(*connection, options_, tables));
  }
  Status UntrackTables(const std::vector<TableName>& tables) override {
    MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(PgConnection * connection, control_.Get());
    return Checked(RemoveFromPublication(*connection, options_, tables));
  }
  Status ReleaseLog() override {
    MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(PgConnection * connection, control_.Get());
    return Checked(DropSlotAndPublication(*connection, options_));
  }
  Result<std::unique_ptr<Source>> OpenSource(const Position& resume_after, std::vector<SchemaPtr> schemas,
                                             const TableFilter& filter) override;
  Result<std::unique_ptr<TableScanner>> OpenScanner() override {
    ASSIGN_OR_RETURN(std::unique_ptr<TableScanner> scanner, PostgresScanner::Open(options_, memory_));
    return scanner;
  }

 private:
  // A session whose answer is still under way cannot be used again.
  template <typename Answer>
  Answer Checked(Answer answer) REQUIRES_LOCK(mutex_) {
    if (answer.code() == Code::kTimeout || answer.code() == Code::kUnavailable) control_.Reset();
    return answer;
  }
  Result<std::vector<TableDescription>> DescribeOver(PgConnection& connection, const std::vector<TableName>& names);
  Status CheckSelectable(PgConnection& connection, const TableName& name);

  const PostgresOptions options_;
  const std::shared_ptr<ReaderMemory> memory_;  // lives as long as the last source or scanner
  Mutex mutex_;
  ControlConnection control_ GUARDED_BY(mutex_);
};

Result<std::vector<TableName>> ConnectorImpl::ListTables(const TableFilter& filter) {
  MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(PgConnection * connection, control_.Get());
  ASSIGN_OR_RETURN(const std::vector<ListedTable> listed, Checked(ListMatching(*connection, options_, filter)));
  std::vector<TableName> names;
  for (const ListedTable& table : listed) names.push_back(table.name);
  return names;
}

Result<std::vector<TableDescription>> ConnectorImpl::DescribeTables(const std::vector<TableName>& names) {
  MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(PgConnection * connection, control_.Get());
  return Checked(DescribeOver(*connection, names));
}

Status ConnectorImpl::CheckSelectable(PgConnection& connection, const TableName& name) {
  ASSIGN_OR_RETURN(const PgRows rows,
                   connection.Query("SELECT has_table_privilege($1::regclass, 'SELECT')",
                                    Deadline::After(kCatalogQueryMax), {PgConnection::Qualified(name)}));
  if (rows.Bool(0, 0)) return Status::Ok();
  return Status(Code::kAuth, "user " + options_.user + " may not read " + name.ToString() + ": run GRANT SELECT ON " +
                                 PgConnection::Qualified(name) + " TO " + PgConnection::Identifier(options_.user));
}

Result<std::vector<TableDescription>> ConnectorImpl::DescribeOver(PgConnection& connection,
                                                                  const std::vector<TableName>& names) {
  ASSIGN_OR_RETURN(const std::vector<uint32_t> oids, FindTables(connection, names));
  ASSIGN_OR_RETURN(const std::vector<LiveTable> tables, ReadLiveTables(connection, oids));
  ASSIGN_OR_RETURN(const bool generated, PublishesGenerated(connection, options_));
  std::vector<TableDescription> descriptions;
  for (size_t i = 0; i < names.size(); ++i) {
    const uint32_t oid = oids[i];
    const auto table = std::find_if(tables.begin(), tables.end(), [oid](const LiveTable& t) { return t.oid == oid; });
    if (oid == 0 || table == tables.end()) {
      descriptions.push_back(
          {names[i], nullptr, Status(Code::kNotFound, "table does not exist: " + names[i].ToString())});
      continue;
    }
    ColumnChoice choice{{}, generated};
    for (const auto& [name, columns] : options_.exclude_columns) {
      if (name == names[i]) choice.exclude_columns = columns;
    }
    if (Status readable = CheckSelectable(connection, names[i]); !readable.ok()) {
      if (readable.code() != Code::kAuth) return readable;
      descriptions.push_back({names[i], nullptr, std::move(readable)});
      continue;
    }
    ASSIGN_OR_RETURN(TableDescription description, Describe(connection, *table, choice));
    descriptions.push_back(std::move(description));
  }
  return descriptions;
}

Result<Position> ConnectorImpl::StartLog(const LogStart& start, const std::vector<TableName>& tables) {
  if (start.mode == LogStart::Mode::kEarliest) {
    return Status(Code::kInvalid, "Invalid value for key 'offset': earliest (PostgreSQL keeps no log before the slot)");
  }
  if (start.mode == LogStart::Mode::kTime) {
    return Status(Code::kInvalid,
                  "Invalid value for key 'offset': a time (PostgreSQL finds no place in its log by time)");
  }
  MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(PgConnection * connection, control_.Get());
  // The publication comes first: changes are matched against it as of their place in the log.
  TRY(Checked(EnsurePublication(*connection, options_, tables)));
  if (start.mode == LogStart::Mode::kPosition) {
    const auto* position = std::get_if<PostgresPosition>(&start.position.at);
    if (position == nullptr) return Status(Code::kInvalid, "Invalid format for offset: an lsn is needed");
    TRY(Checked(CheckSlot(*connection, options_, position->lsn)));
    return start.position;
  }
  ASSIGN_OR_RETURN(const uint64_t lsn, Checked(EnsureSlot(*connection, options_)));
  ASSIGN_OR_RETURN(PgConnection replication,
                   PgConnection::Connect(options_, PgConnection::Kind::kReplication, Deadline::After(kConnectMax)));
  ASSIGN_OR_RETURN(const ServerIdentity server, IdentifyServer(replication));
  return Position{PostgresPosition{lsn, 0, server.system_id, server.timeline}};
}

Result<std::unique_ptr<Source>> ConnectorImpl::OpenSource(
    const Position& resume_after, std::vector<SchemaPtr> schemas,
    const TableFilter& /*filter: new tables come from LookAtCatalog*/) {
  const auto* position = std::get_if<PostgresPosition>(&resume_after.at);
  if (position == nullptr) return Status(Code::kInvalid, "Invalid format for offset: an lsn is needed");
  {
    MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(PgConnection * connection, control_.Get());
    TRY(Checked(CheckSlot(*connection, options_, position->lsn)));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Source> source,
                   PostgresSource::Open(options_, *position, std::move(schemas), memory_));
  return source;
}

}  // namespace

Result<std::unique_ptr<Connector>> PostgresConnector::Make(PostgresOptions options) {
  const std::pair<const char*, bool> needed[] = {
      {"host", options.host.empty()},           {"user", options.user.empty()},
      {"database", options.database.empty()},   {"schema", options.schemas.empty()},
      {"slot_name", options.slot_name.empty()}, {"publication_name", options.publication_name.empty()}};
  for (const auto& [name, missing] : needed) {
    if (missing) return Status(Code::kInvalid, std::string(name) + " is required");
  }
  return std::unique_ptr<Connector>(std::make_unique<ConnectorImpl>(std::move(options)));
}

}  // namespace freshet
