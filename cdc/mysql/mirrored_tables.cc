// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/mirrored_tables.h"

namespace freshet {

void MirroredTables::Add(SchemaPtr schema, const Position& from, bool pending) {
  Remove(schema->name);
  const TableName name = schema->name;
  tables_[name] = {std::move(schema), from, pending};
  pending_ += pending ? 1 : 0;
  ++version_;
}

void MirroredTables::Remove(const TableName& name) {
  const auto found = tables_.find(name);
  if (found == tables_.end()) return;
  pending_ -= found->second.pending ? 1 : 0;
  tables_.erase(found);
  ++version_;
}

const MirroredTables::Table* MirroredTables::Find(const TableName& name) const {
  const auto found = tables_.find(name);
  return found == tables_.end() || found->second.pending ? nullptr : &found->second;
}

bool MirroredTables::Apply(const SchemaChange& change) {
  const auto pending = [&](const SchemaPtr& schema) {
    if (!schema) return false;
    const auto found = tables_.find(schema->name);
    return found != tables_.end() && found->second.pending;
  };
  if (pending(change.old_schema) || pending(change.new_schema)) return false;
  switch (change.kind) {
    case SchemaChangeKind::kTruncateTable: return true;
    case SchemaChangeKind::kDropTable:
    case SchemaChangeKind::kStopTable:
      if (change.old_schema) Remove(change.old_schema->name);
      return true;
    case SchemaChangeKind::kCreateTable:
    case SchemaChangeKind::kAlterTable:
    case SchemaChangeKind::kRenameTable:
    case SchemaChangeKind::kResyncTable: break;
  }
  if (change.old_schema) Remove(change.old_schema->name);
  if (change.new_schema) Add(change.new_schema, Position(), false);
  return true;
}

void MirroredTables::Reached(const Position& position) {
  if (pending_ == 0) return;
  for (auto& [name, table] : tables_) {
    if (!table.pending || !position.Covers(table.from)) continue;
    table.pending = false;
    --pending_;
    ++version_;
  }
}

std::vector<SchemaPtr> MirroredTables::ActiveSchemas() const {
  std::vector<SchemaPtr> schemas;
  for (const auto& [name, table] : tables_) {
    if (!table.pending) schemas.push_back(table.schema);
  }
  return schemas;
}

}  // namespace freshet
