// SPDX-License-Identifier: Apache-2.0
// TableSink: schema changes of the stream, applied in the unit that carries them.
#include "base/failpoint.h"
#include "base/log.h"
#include "sync/table_sink.h"

namespace freshet {

namespace {

std::vector<uint32_t> KeyIds(const TableSchema& schema) {
  std::vector<uint32_t> ids;
  for (const uint32_t column : schema.key_columns) ids.push_back(schema.columns[column].id);
  return ids;
}

}  // namespace

// Open windows of the table have read, or may have read, what the change has made untrue.
void TableSink::Poison(const TableName& table) {
  for (auto& [id, window] : windows_) {
    if (window.table == table) window.poisoned = true;
  }
}

Status TableSink::ApplyChange(const SchemaChange& change) {
  FAILPOINT("sync.schema.before_apply");
  if (change.kind == SchemaChangeKind::kCreateTable) return CreateFromLog(change);
  Table* table = Find(change.old_schema->name);
  if (table == nullptr || std::holds_alternative<TableStopped>(table->record.state)) return Status::Ok();
  Log(LogLevel::kInfo, "schema_change",
      {{"job", settings_.job.value},
       {"table", change.old_schema->name.ToString()},
       {"kind", static_cast<int>(change.kind)}});
  return Blame(*table, ApplyChangeTo(*table, change));
}

Status TableSink::ApplyChangeTo(Table& table, const SchemaChange& change) {
  Poison(table.record.source);
  switch (change.kind) {
    case SchemaChangeKind::kCreateTable: break;  // has no table yet: ApplyChange
    case SchemaChangeKind::kDropTable: return DropFromLog(table, change);
    case SchemaChangeKind::kTruncateTable:
      TRY(RemoveDerived(table));
      if (!SharesTarget(table)) return writer_->TruncateTable(table.record.id);
      StopShared(table, "TRUNCATE");
      break;
    case SchemaChangeKind::kAlterTable: return AlterFromLog(table, change);
    case SchemaChangeKind::kStopTable: Stop(table, change.reason); break;
    case SchemaChangeKind::kRenameTable:
      Stop(table, "the source table was renamed to " + change.new_schema->name.ToString() +
                      "; ALTER JOB n ADD TABLE mirrors it under its new name");
      break;
    case SchemaChangeKind::kResyncTable: return RestartCopy(table, change);
  }
  return Status::Ok();
}

Status TableSink::CreateFromLog(const SchemaChange& change) {
  const TableName& name = change.new_schema->name;
  const auto known = tables_.find(name);
  if (known != tables_.end()) {
    // A stopped table whose source was dropped and made anew starts afresh only when the user says so.
    if (!std::holds_alternative<TableStopped>(known->second.record.state)) {
      Stop(known->second, "the source created the table although it was there already");
    }
    return Status::Ok();
  }
  Table table;
  table.record.source = name;
  table.record.target = settings_.options.TargetName(name);
  table.record.source_schema = change.new_schema;
  Result<StoredTablePtr> stored =
      writer_->CreateTable(settings_.database, table.record.target, change.new_schema, true);
  if (stored.ok()) {
    table.stored = *stored;
    table.record.id = table.stored->id;
    table.record.state = TableReady{};  // the log has every row of it
  } else if (stored.code() == Code::kExists && JoinTarget(table)) {
    table.record.state = TableReady{};
  } else if (stored.code() == Code::kExists) {
    table.record.state = TableStopped{"target table " + settings_.database + "." + table.record.target +
                                      " exists already and is not this job's; DROP TABLE it, then RESYNC TABLE"};
  } else {
    return std::move(stored).status();
  }
  table.record_changed = true;
  Log(LogLevel::kInfo, "table_added", {{"job", settings_.job.value}, {"table", name.ToString()}});
  tables_.emplace(name, std::move(table));
  return Status::Ok();
}

Status TableSink::DropFromLog(Table& table, const SchemaChange& change) {
  if (derived_) {
    Stop(table, "the source table " + table.record.source.ToString() + " was dropped; the target's rows stay");
    return Status::Ok();
  }
  if (settings_.options.schema_change == SchemaChangeBehavior::kIgnore) {
    Stop(table, "the source table was dropped; its rows stay because schema_change_behavior is ignore");
    return Status::Ok();
  }
  if (SharesTarget(table)) {
    StopShared(table, "DROP");
    return Status::Ok();
  }
  TRY(writer_->ApplySchemaChange(table.record.id, change));
  const TableName name = table.record.source;
  writer_->PutRecord({RecordFamily::kJobs, TableKey(settings_.job, name), std::nullopt});
  removed_.push_back(name);
  tables_.erase(name);
  return Status::Ok();
}

Status TableSink::AlterFromLog(Table& table, const SchemaChange& change) {
  const bool ignored = settings_.options.schema_change == SchemaChangeBehavior::kIgnore;
  if (!ignored && SharesTarget(table)) {
    StopShared(table, "ALTER TABLE");
    return Status::Ok();
  }
  if (ignored && KeyIds(*change.old_schema) != KeyIds(*change.new_schema)) {
    // From now on the log names rows by a key that the mirror does not have.
    Stop(table, "the source table's key was changed, which schema_change_behavior=ignore cannot pass over");
    return Status::Ok();
  }
  table.record.source_schema = change.new_schema;
  table.record_changed = true;
  if (ignored) return Status::Ok();
  TRY(writer_->ApplySchemaChange(table.record.id, change));
  table.stored = writer_->table(table.record.id);
  return ReshapeDerived(table);
}

// Every source of the target is copied again: their rows go together.
Status TableSink::RestartCopy(Table& table, const SchemaChange& change) {
  TRY(RemoveDerived(table));
  if (change.new_schema && change.old_schema && !(*change.new_schema == *change.old_schema)) {
    if (SharesTarget(table)) {
      StopShared(table, "ALTER TABLE");
      return Status::Ok();
    }
    SchemaChange alter = change;
    alter.kind = SchemaChangeKind::kAlterTable;
    TRY(writer_->ApplySchemaChange(table.record.id, alter));
    table.record.source_schema = change.new_schema;
  }
  TRY(writer_->TruncateTable(table.record.id));
  TRY(writer_->SetReady(table.record.id, false));
  const TableId target = table.record.id;
  for (auto& [name, source] : tables_) {
    if (source.record.id != target || std::holds_alternative<TableStopped>(source.record.state)) continue;
    source.stored = writer_->table(target);
    CopyAgainFromStart(source);
  }
  return ReshapeDerived(table);
}

}  // namespace freshet
