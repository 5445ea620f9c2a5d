// SPDX-License-Identifier: Apache-2.0
// What the log does not carry, looked up over a control connection: tables that match, tables that were created,
// dropped or taken out of the publication, and (CatalogWatch) the facts behind a Relation message.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "cdc/postgres/binder.h"
#include "cdc/postgres/control_connection.h"
#include "ddl/table_filter.h"

namespace freshet {

// Tables of the job's schemas that can be mirrored and match, in name order, with their oids.
struct ListedTable {
  uint32_t oid = 0;
  TableName name;
};
Result<std::vector<ListedTable>> ListMatching(PgConnection& connection, const PostgresOptions& options,
                                              const TableFilter& filter);

// End of the log now such that everything committed before the call ends at or before it, and that a reader of
// an idle server gets there.
Result<uint64_t> CurrentLsn(PgConnection& connection);

// Compares the catalog as of now with the followed tables.
Result<CatalogNews> FindCatalogNews(PgConnection& connection, const PostgresOptions& options,
                                    const std::vector<SchemaPtr>& followed, const TableFilter& filter);

// Used by the log reader's thread.
class CatalogWatch : public RelationLookup {
 public:
  explicit CatalogWatch(PostgresOptions options) : control_(std::move(options)) {}

  Result<RelationFacts> Facts(const pgoutput::RelationMessage& relation) override;

 private:
  ControlConnection control_;
  std::unordered_map<uint32_t, uint64_t> file_nodes_;  // by oid, as first seen
};

}  // namespace freshet
