// SPDX-License-Identifier: Apache-2.0
#include "cdc/postgres/catalog_watch.h"

#include <algorithm>

#include "base/log.h"
#include "cdc/postgres/slot.h"

namespace freshet {
namespace {

constexpr uint64_t kWalPageBytes = 8192;
constexpr uint64_t kPageHeaderBytes = 24;
constexpr uint64_t kSegmentHeaderBytes = 40;

// An insert position at the start of a page is given behind the page's header; the record before it ends at
// the page boundary, and that is as far as a reader of an idle server gets.
uint64_t EndOfRecord(uint64_t lsn) {
  const uint64_t in_page = lsn % kWalPageBytes;
  return in_page == kPageHeaderBytes || in_page == kSegmentHeaderBytes ? lsn - in_page : lsn;
}

}  // namespace

Result<std::vector<ListedTable>> ListMatching(PgConnection& connection, const PostgresOptions& options,
                                              const TableFilter& filter) {
  ASSIGN_OR_RETURN(const PgRows rows,
                   connection.Query("SELECT c.oid, n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON "
                                    "n.oid = c.relnamespace WHERE n.nspname = ANY ($1::text[]) AND c.relkind IN "
                                    "('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p' "
                                    "ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\"",
                                    Deadline::After(kCatalogQueryMax), {ArrayText(options.schemas)}));
  std::vector<ListedTable> tables;
  for (int row = 0; row < rows.size(); ++row) {
    ListedTable table{static_cast<uint32_t>(rows.Uint(row, 0)), {rows.String(row, 1), rows.String(row, 2)}};
    if (filter.Matches(table.name)) tables.push_back(std::move(table));
  }
  return tables;
}

Result<uint64_t> CurrentLsn(PgConnection& connection) {
  const Deadline deadline = Deadline::After(kCatalogQueryMax);
  ASSIGN_OR_RETURN(const PgRows rows,
                   connection.Query("SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() "
                                    "ELSE pg_current_wal_insert_lsn() END, CASE WHEN pg_is_in_recovery() THEN "
                                    "pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END",
                                    deadline));
  const uint64_t inserted = EndOfRecord(ParseLsn(rows.Text(0, 0)));
  if (ParseLsn(rows.Text(0, 1)) >= inserted) return inserted;
  // Something is not flushed: an asynchronous commit, or rows of an open transaction, which could stay so for
  // long on an idle server. A message to nobody, committed synchronously, flushes all before it.
  ASSIGN_OR_RETURN(
      const PgRows emitted,
      connection.Query("SET synchronous_commit = local; SELECT pg_logical_emit_message(true, 'freshet', '')",
                       deadline));
  return EndOfRecord(ParseLsn(emitted.Text(0, 0)));
}

CatalogWatch::CatalogWatch(PostgresOptions options, TableFilter filter)
    : control_(std::move(options)), filter_(std::move(filter)) {}

Result<RelationFacts> CatalogWatch::Facts(const pgoutput::RelationMessage& relation) {
  ASSIGN_OR_RETURN(PgConnection * connection, control_.Get());
  RelationFacts facts;
  std::vector<TypeRef> types;
  for (const pgoutput::RelationColumn& column : relation.columns)
    types.push_back({column.type_oid, column.type_modifier});
  ASSIGN_OR_RETURN(facts.types, ReadTypes(*connection, types));
  ASSIGN_OR_RETURN(std::vector<LiveTable> live, ReadLiveTables(*connection, {relation.oid}));
  if (const auto known = file_nodes_.find(relation.oid); known != file_nodes_.end())
    facts.known_file_node = known->second;
  if (!live.empty()) {
    file_nodes_[relation.oid] = live[0].file_node;
    facts.live = std::move(live[0]);
  }
  return facts;
}

Status CatalogWatch::Look(const std::vector<SchemaPtr>& tracked) {
  ASSIGN_OR_RETURN(PgConnection * connection, control_.Get());
  std::string oids = "{";
  for (const SchemaPtr& schema : tracked) oids += (oids.size() > 1 ? "," : "") + std::to_string(schema->source_id);
  ASSIGN_OR_RETURN(const PgRows gone,
                   connection->Query("SELECT wanted.oid FROM unnest($1::oid[]) AS wanted(oid) WHERE NOT EXISTS "
                                     "(SELECT FROM pg_class c WHERE c.oid = wanted.oid)",
                                     Deadline::After(kCatalogQueryMax), {oids + "}"}));
  if (gone.size() > 0) {
    ASSIGN_OR_RETURN(const uint64_t lsn, CurrentLsn(*connection));
    for (int row = 0; row < gone.size(); ++row) {
      const uint32_t oid = static_cast<uint32_t>(gone.Uint(row, 0));
      const bool seen = std::any_of(dropped_.begin(), dropped_.end(), [oid](const Dropped& d) { return d.oid == oid; });
      if (!seen) dropped_.push_back({oid, lsn});
    }
  }
  ASSIGN_OR_RETURN(const std::vector<ListedTable> listed, ListMatching(*connection, control_.options(), filter_));
  for (const ListedTable& table : listed) {
    const bool known = std::any_of(tracked.begin(), tracked.end(),
                                   [&table](const SchemaPtr& schema) { return schema->name == table.name; });
    if (known || !reported_.insert(table.name).second) continue;
    Log(LogLevel::kInfo, "table_discovered", {{"table", table.name.ToString()}});
    discovered_.push_back(table.name);
  }
  return Status::Ok();
}

std::vector<uint32_t> CatalogWatch::TakeDropped(uint64_t reached_lsn) {
  std::vector<uint32_t> oids;
  std::erase_if(dropped_, [&oids, reached_lsn](const Dropped& dropped) {
    if (dropped.seen_at_lsn > reached_lsn) return false;
    oids.push_back(dropped.oid);
    return true;
  });
  return oids;
}

std::vector<TableName> CatalogWatch::TakeDiscovered() {
  return std::exchange(discovered_, {});
}

}  // namespace freshet
