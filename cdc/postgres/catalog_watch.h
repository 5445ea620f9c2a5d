// SPDX-License-Identifier: Apache-2.0
// CatalogWatch: what the log does not carry, looked up over a control connection: facts behind a Relation
// message, tables dropped or re-created, new tables that match. Used by the log reader's thread.
#pragma once

#include <cstdint>
#include <set>
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

class CatalogWatch : public RelationLookup {
 public:
  CatalogWatch(PostgresOptions options, TableFilter filter);

  Result<RelationFacts> Facts(const pgoutput::RelationMessage& relation) override;

  struct Dropped {
    uint32_t oid = 0;
    uint64_t seen_at_lsn = 0;  // the drop lies before it in the log
  };
  // One look at the catalog. Errors are of the control connection; the next look makes a new one.
  Status Look(const std::vector<SchemaPtr>& tracked);
  // Drops seen by Look whose place in the log has been passed.
  std::vector<uint32_t> TakeDropped(uint64_t reached_lsn);
  // Each table once.
  std::vector<TableName> TakeDiscovered();
  // Not to be reported as new: known to the job already.
  void Known(const TableName& name) { reported_.insert(name); }
  // Its table was dropped: a new one of that name is news.
  void Forget(const TableName& name) { reported_.erase(name); }

 private:
  ControlConnection control_;
  TableFilter filter_;
  std::unordered_map<uint32_t, uint64_t> file_nodes_;  // by oid, as first seen
  std::vector<Dropped> dropped_;
  std::set<TableName> reported_;
  std::vector<TableName> discovered_;
};

}  // namespace freshet
