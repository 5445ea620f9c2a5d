// SPDX-License-Identifier: Apache-2.0
// TableSink: rows of another table that are made of the job's one table (table-level jobs). What the writer notes is
// handed on before each schema change and before each commit, so that both tables change in the same write.
#include "sync/table_sink.h"

namespace freshet {

ApplyOptions TableSink::OptionsFor(Table& table, bool rows_may_be_missing) {
  ApplyOptions options;
  options.rows_may_be_missing = rows_may_be_missing;
  if (rows_may_be_missing) options.touched = table.touched.get();
  if (derived_) {
    options.changes = derived_->changes();
  } else {
    options.written = &amount_.hash;
  }
  return options;
}

// What a unit does to the table before it empties it leaves no trace: such rows are passed over, and "all that was
// committed before the unit" is all that has to be removed from the target.
size_t TableSink::FirstEventThatStays(const Unit& unit) const {
  if (!derived_) return 0;
  for (size_t i = unit.events.size(); i > 0; --i) {
    const auto* change = std::get_if<SchemaChange>(&unit.events[i - 1]);
    if (change == nullptr) continue;
    if (change->kind == SchemaChangeKind::kTruncateTable || change->kind == SchemaChangeKind::kResyncTable) return i;
  }
  return 0;
}

Status TableSink::FlushDerived() {
  if (!derived_) return Status::Ok();
  ASSIGN_OR_RETURN(DerivedRows::Outcome outcome, derived_->Flush(*writer_));
  amount_.rows_loaded += outcome.loaded;
  amount_.hash.Add(outcome.hash);
  if (settings_.options.strict_mode && !outcome.rejected.empty()) {
    const RejectedRow& first = outcome.rejected.front();
    filter_failure_ =
        Status(Code::kConflict, "Insert has filtered data in strict mode. Table " + first.table + ": " + first.reason);
    return filter_failure_.Copy();
  }
  Reject(std::move(outcome.rejected));
  return Status::Ok();
}

// The table is about to be emptied.
Status TableSink::RemoveDerived(Table& table) {
  if (!derived_) return Status::Ok();
  if (in_pieces_) {
    return Status(Code::kUnsupported, "table " + table.record.source.ToString() +
                                          " was emptied inside a transaction that is too large to be held in memory; "
                                          "ALTER JOB n RESYNC TABLE copies it again");
  }
  return derived_->RemoveAll(*writer_);
}

Status TableSink::ReshapeDerived(const Table& table) {
  if (!derived_ || table.stored == nullptr) return Status::Ok();
  return derived_->ShapeChanged(*table.stored, !table.record.partial_history);
}

// Nothing is committed that passes over a change of the one table.
Status TableSink::CheckFollowed() {
  if (!derived_) return Status::Ok();
  for (const auto& [name, table] : tables_) {
    if (const auto* stopped = std::get_if<TableStopped>(&table.record.state)) {
      return Status(Code::kUnsupported, stopped->reason);
    }
  }
  return Status::Ok();
}

// After an error nothing of the unit is left, neither in the writer nor here.
Status TableSink::FinishCommit(const Position& ends_at, int64_t commit_time_us) {
  Status status = CheckFollowed();
  if (status.ok()) status = CommitUnit(ends_at, commit_time_us);
  if (status.ok()) return status;
  TRY(writer_->Rollback());
  TRY(Reload());
  return status;
}

}  // namespace freshet
