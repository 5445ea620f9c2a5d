// SPDX-License-Identifier: Apache-2.0
#include "cdc/postgres/catalog_watch.h"

#include <algorithm>

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

namespace {

std::string OidArray(const std::vector<SchemaPtr>& tables) {
  std::string oids = "{";
  for (const SchemaPtr& table : tables) oids += (oids.size() > 1 ? "," : "") + std::to_string(table->source_id);
  return oids + "}";
}

// Neither dropped nor published: the log has nothing of it.
Result<std::vector<uint32_t>> FindUnpublished(PgConnection& connection, const PostgresOptions& options,
                                              const std::string& oids) {
  ASSIGN_OR_RETURN(const PgRows rows,
                   connection.Query("SELECT c.oid FROM unnest($1::oid[]) AS wanted(oid) JOIN pg_class c ON c.oid = "
                                    "wanted.oid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT EXISTS (SELECT "
                                    "FROM pg_publication_tables p WHERE p.pubname = $2 AND p.schemaname = n.nspname "
                                    "AND p.tablename = c.relname)",
                                    Deadline::After(kCatalogQueryMax), {oids, options.publication_name}));
  std::vector<uint32_t> found;
  for (int row = 0; row < rows.size(); ++row) found.push_back(static_cast<uint32_t>(rows.Uint(row, 0)));
  return found;
}

}  // namespace

Result<CatalogNews> FindCatalogNews(PgConnection& connection, const PostgresOptions& options,
                                    const std::vector<SchemaPtr>& followed, const TableFilter& filter) {
  CatalogNews news;
  const std::string oids = OidArray(followed);
  ASSIGN_OR_RETURN(const PgRows gone,
                   connection.Query("SELECT wanted.oid FROM unnest($1::oid[]) AS wanted(oid) WHERE NOT EXISTS "
                                    "(SELECT FROM pg_class c WHERE c.oid = wanted.oid)",
                                    Deadline::After(kCatalogQueryMax), {oids}));
  ASSIGN_OR_RETURN(const std::vector<uint32_t> unpublished, FindUnpublished(connection, options, oids));
  ASSIGN_OR_RETURN(const std::vector<ListedTable> listed, ListMatching(connection, options, filter));
  const auto by_oid = [&followed](uint32_t oid) {
    return std::find_if(followed.begin(), followed.end(), [oid](const SchemaPtr& s) { return s->source_id == oid; });
  };
  for (int row = 0; row < gone.size(); ++row) {
    news.gone.push_back(*by_oid(static_cast<uint32_t>(gone.Uint(row, 0))));
  }
  for (const uint32_t oid : unpublished) {
    news.lost.push_back({(*by_oid(oid))->name, "the table is not in publication " + options.publication_name +
                                                   " any more: its changes are not in the log. Run ALTER JOB ... "
                                                   "RESYNC TABLE to publish and copy it again"});
  }
  for (const ListedTable& table : listed) {
    // A followed table under a new name is no new one: the log stops it with its next row. One of a dropped table's
    // name is new once the drop is applied.
    const bool known = by_oid(table.oid) != followed.end() ||
                       std::any_of(followed.begin(), followed.end(),
                                   [&table](const SchemaPtr& schema) { return schema->name == table.name; });
    if (!known) news.created.push_back(table.name);
  }
  if (news.gone.empty()) return news;
  ASSIGN_OR_RETURN(const uint64_t lsn, CurrentLsn(connection));
  news.at = Position{PostgresPosition{lsn, 0}};
  return news;
}

}  // namespace freshet
