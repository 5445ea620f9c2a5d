// SPDX-License-Identifier: Apache-2.0
// TableSink: target tables that several source tables share (sync/merged_target). Rows do not say which source
// they came from: what would have to find the rows of one source stops that source or copies all of them again.
#include <algorithm>

#include "sync/merged_target.h"
#include "sync/table_sink.h"

namespace freshet {

bool TableSink::SharesTarget(const Table& table) const {
  if (!table.record.id) return false;
  return std::any_of(tables_.begin(), tables_.end(), [&](const auto& entry) {
    return entry.second.record.id == table.record.id && &entry.second != &table;
  });
}

bool TableSink::AllSourcesReady(TableId id) const {
  return std::all_of(tables_.begin(), tables_.end(), [&](const auto& entry) {
    return entry.second.record.id != id || std::holds_alternative<TableReady>(entry.second.record.state);
  });
}

void TableSink::StopShared(Table& table, std::string_view statement) {
  Stop(table, std::string(statement) + " of one of several sources of target table " + settings_.database + "." +
                  table.record.target +
                  " cannot be followed: its rows cannot be told from the others'; they stay. ALTER JOB n RESYNC TABLE "
                  "copies all sources of the target again, ALTER JOB n DROP TABLE takes this one out");
}

bool TableSink::JoinTarget(Table& table) {
  const SchemaPtr& schema = table.record.source_schema;
  for (const auto& [name, other] : tables_) {
    if (other.record.target != table.record.target || other.stored == nullptr) continue;
    if (!MayShareTarget(settings_.options, name, table.record.source)) return false;
    const TableSchema& stored = *other.stored->schema;
    // The log will send rows of this very shape.
    if (!CheckMergeable(stored, *schema, table.record.target).ok()) return false;
    if (!(*TakeOverShape(stored, *schema) == *schema)) return false;
    table.stored = other.stored;
    table.record.id = other.record.id;
    return true;
  }
  return false;
}

void TableSink::CopyAgainFromStart(Table& table) {
  Poison(table.record.source);
  table.record.progress = CopyProgress();
  table.record.copy_again = false;
  table.record.passes = 0;
  table.record.partial_history = false;
  table.record.rows_copied = 0;
  Move(table, CopyAgain{});
  due_.push_back({table.record.source, table.record.source_schema, table.record.progress});
}

}  // namespace freshet
