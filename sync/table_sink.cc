// SPDX-License-Identifier: Apache-2.0
// Units: all or nothing. Schema changes are in table_sink_schema.cc, chunks in table_sink_copy.cc.
#include "sync/table_sink.h"

#include <algorithm>

#include "base/failpoint.h"
#include "base/log.h"

namespace freshet {

TableSink::TableSink(Store& store, Settings settings, JobProgress& progress, const Clock& clock)
    : store_(store),
      settings_(std::move(settings)),
      progress_(progress),
      clock_(clock),
      filter_window_(settings_.options.max_filter_ratio,
                     settings_.options.max_interval_s * kFilterWindowIntervals * 1'000'000,
                     settings_.derive ? "session.insert_max_filter_ratio" : "load.max_filter_ratio") {}

Result<std::unique_ptr<TableSink>> TableSink::Open(Store& store, Settings settings, JobProgress& progress,
                                                   const Clock& clock) {
  std::unique_ptr<TableSink> sink(new TableSink(store, std::move(settings), progress, clock));
  ASSIGN_OR_RETURN(sink->writer_, UnitWriter::Open(store, sink->settings_.job));
  if (sink->settings_.derive) sink->derived_ = sink->settings_.derive();
  TRY(sink->Recover().status());
  return sink;
}

Result<std::optional<Position>> TableSink::Recover() {
  TRY(writer_->Rollback());
  TRY(Reload());
  const Position& position = writer_->position();
  {
    MutexLock lock(durable_mutex_);
    durable_ = position;
    undurable_.clear();
  }
  progress_.Applied(position, 0);
  if (position.empty()) return std::optional<Position>();
  return std::optional<Position>(position);
}

// Memory follows the store: whatever the rolled-back unit had changed here is forgotten too.
Status TableSink::Reload() {
  in_pieces_ = false;
  removed_.clear();
  due_.clear();
  amount_ = {};
  rejected_.clear();
  for (auto& [id, window] : windows_) window.poisoned = true;
  std::map<TableName, Table> before = std::move(tables_);
  tables_.clear();
  ASSIGN_OR_RETURN(const auto records, store_.ScanRecords(RecordFamily::kJobs, TableKeyPrefix(settings_.job)));
  for (const auto& [key, value] : records) {
    ASSIGN_OR_RETURN(TableRecord record, DecodeTable(value));
    Table& table = tables_[record.source];
    table.record = std::move(record);
    if (table.record.id) table.stored = writer_->table(table.record.id);
    const auto old = before.find(table.record.source);
    if (old != before.end()) {
      table.record.events_applied = std::max(table.record.events_applied, old->second.record.events_applied);
      table.record.rows_estimated = old->second.record.rows_estimated;
      table.windows = old->second.windows;
      if (table.windows > 0) table.touched = std::make_unique<TouchedKeys>();
    }
    table.shown_changed = true;
  }
  ASSIGN_OR_RETURN(ledger_, TaskLedger::Load(store_, settings_.job, settings_.options.max_interval_s, clock_));
  ASSIGN_OR_RETURN(quarantine_, Quarantine::Load(store_, settings_.job, clock_));
  progress_.StatisticsChanged(ledger_->statistics());
  ShowTables();
  if (derived_) {
    derived_->Forget();
    for (const auto& [name, table] : tables_) TRY(ReshapeDerived(table));
  }
  return Status::Ok();
}

TableSink::Table* TableSink::Find(const TableName& name) {
  const auto found = tables_.find(name);
  return found == tables_.end() ? nullptr : &found->second;
}

Status TableSink::Blame(const Table& table, Status status) {
  if (status.ok() || DecideError(status.code(), Phase::kTable).verdict != Verdict::kStopTable) return status;
  blamed_ = table.record.source;
  return status;
}

Status TableSink::Apply(const Unit& unit) {
  FAILPOINT("sync.unit.before_apply");
  // Only what is certainly older, or the very same place, was applied before: the source sends what follows.
  const Position& position = writer_->position();
  const bool same_place = position == unit.ends_at;
  if (!in_pieces_ && unit.complete && !position.empty() && position.Covers(unit.ends_at) &&
      (same_place || !unit.ends_at.Covers(position))) {
    progress_.Applied({}, unit.commit_time_us);
    return Status::Ok();
  }
  // Each turn ends or stops one more table.
  while (true) {
    blamed_.reset();
    const bool had_pieces = in_pieces_;
    Status status = ApplyOnce(unit);
    if (status.ok()) break;
    TRY(writer_->Rollback());
    const std::optional<TableName> blamed = blamed_;
    TRY(Reload());
    if (!blamed) return status;
    if (derived_) return Status(Code::kUnsupported, status.message());
    TRY(StopTable(*blamed, status.message()));
    if (had_pieces) {
      return Status(Code::kUnavailable, "a large transaction is read again, because table " + blamed->ToString() +
                                            " was stopped inside it");
    }
  }
  FAILPOINT("sync.unit.after_apply");
  return Status::Ok();
}

Status TableSink::ApplyOnce(const Unit& unit) {
  const size_t first_row_event = FirstEventThatStays(unit);
  for (size_t i = 0; i < unit.events.size(); ++i) {
    const UnitEvent& event = unit.events[i];
    if (const auto* batch = std::get_if<RowBatch>(&event)) {
      if (i >= first_row_event) TRY(ApplyBatch(*batch));
    } else {
      TRY(FlushDerived());
      TRY(ApplyChange(std::get<SchemaChange>(event)));
    }
  }
  amount_.rows_read += static_cast<int64_t>(unit.rows);
  amount_.bytes += static_cast<int64_t>(unit.bytes);
  TRY(FlushDerived());
  TRY(CheckFilter());
  TRY(CheckFollowed());
  if (!unit.complete) {
    TRY(writer_->Commit(Position{}, false).status());
    in_pieces_ = true;
    return Status::Ok();
  }
  TRY(AdvanceTables(unit.ends_at));
  TRY(DropGone(unit.ends_at));
  return FinishCommit(unit.ends_at, unit.commit_time_us);
}

// Tables that have caught up become ready in the commit that brings them there.
Status TableSink::AdvanceTables(const Position& applied) {
  for (auto& [name, table] : tables_) {
    if (!std::holds_alternative<TableCatchingUp>(table.record.state)) continue;
    TableStep step = Advance(table.record.state, LogApplied{applied});
    if (!step.changed) continue;
    if (table.record.copy_again) {
      TRY(NextPass(table));
      continue;
    }
    table.record.state = std::move(step.state);
    table.record_changed = true;
    if (step.action == TableAction::kSetReady && AllSourcesReady(table.record.id)) {
      TRY(writer_->SetReady(table.record.id, true));
    }
    Log(LogLevel::kInfo, "table_state",
        {{"job", settings_.job.value}, {"table", name.ToString()}, {"state", TableStateName(table.record.state)}});
  }
  return Status::Ok();
}

// `ends_at` empty: the position stays (chunks, notes).
Status TableSink::CommitUnit(const Position& ends_at, int64_t commit_time_us) {
  if (amount_.rows_read > 0) {
    std::vector<RecordWrite> records;
    amount_.commit_time_us = commit_time_us;
    const Position& to = ends_at.empty() ? writer_->position() : ends_at;
    if (derived_) {
      // An update that moves a row onto another one is noted as two changes. What changed nothing was not wanted.
      amount_.rows_loaded = std::min(amount_.rows_loaded, amount_.rows_read - amount_.rows_rejected);
      amount_.rows_filtered = amount_.rows_read - amount_.rows_loaded;
    }
    for (const auto& [name, table] : tables_) {
      if (table.record.source_schema == nullptr) continue;
      amount_.schema_version = std::max(amount_.schema_version, table.record.source_schema->version);
    }
    TRY(ledger_->Count(amount_, writer_->position(), to, records));
    for (QuarantineRecord& rejected : rejected_) {
      rejected.task = ledger_->current();
      quarantine_->Add(std::move(rejected), records);
    }
    for (RecordWrite& record : records) writer_->PutRecord(std::move(record));
  }
  PutTableRecords();
  ASSIGN_OR_RETURN(const UnitWriter::Committed committed, writer_->Commit(ends_at));
  in_pieces_ = false;
  if (amount_.rows_read > 0 || !ends_at.empty()) ++commits_;
  filter_window_.Count(amount_.rows_read, amount_.rows_rejected, clock_.WallUs());
  amount_ = {};
  rejected_.clear();
  {
    MutexLock lock(durable_mutex_);
    undurable_.emplace_back(committed.commit, writer_->position());
  }
  for (const TableName& name : removed_) progress_.TableRemoved(name);
  removed_.clear();
  ForgetGone();
  for (CopyDue& due : due_) settings_.on_copy_due(std::move(due));
  due_.clear();
  progress_.StatisticsChanged(ledger_->statistics());
  ShowTables();
  progress_.Applied(ends_at, commit_time_us);
  return Status::Ok();
}

Position TableSink::Durable() const {
  const uint64_t durable_commit = store_.DurableCommit();
  MutexLock lock(durable_mutex_);
  while (!undurable_.empty() && undurable_.front().first <= durable_commit) {
    durable_ = std::move(undurable_.front().second);
    undurable_.pop_front();
  }
  return durable_;
}

Status TableSink::ApplyBatch(const RowBatch& batch) {
  Table* table = Find(batch.schema->name);
  if (table == nullptr || std::holds_alternative<TableStopped>(table->record.state)) {
    amount_.rows_filtered += static_cast<int64_t>(batch.rows.size());
    return Status::Ok();
  }
  const int64_t rejected_before = amount_.rows_rejected;
  TRY(Blame(*table, ApplyBatchTo(*table, batch)));
  table->record.events_applied += static_cast<int64_t>(batch.rows.size());
  table->shown_changed = true;
  if (derived_) return Status::Ok();  // counted by FlushDerived
  amount_.rows_loaded += static_cast<int64_t>(batch.rows.size()) - (amount_.rows_rejected - rejected_before);
  return Status::Ok();
}

Status TableSink::ApplyBatchTo(Table& table, const RowBatch& batch) {
  if (batch.schema->version == table.stored->schema->version) {
    if (CopyUnfinished(table.record.state) || table.record.partial_history) return ApplyWithMissingRows(table, batch);
    return writer_->ApplyRows(table.record.id, batch, OptionsFor(table, false));
  }
  if (settings_.options.schema_change != SchemaChangeBehavior::kIgnore) {
    return Status(Code::kCorrupt, "rows came with schema version " + std::to_string(batch.schema->version) +
                                      ", the table has version " + std::to_string(table.stored->schema->version));
  }
  ASSIGN_OR_RETURN(ProjectedBatch projected, ProjectBatch(batch, table.stored->schema));
  Reject(std::move(projected.rejected));
  if (CopyUnfinished(table.record.state) || table.record.partial_history) {
    return ApplyWithMissingRows(table, projected.batch);
  }
  return writer_->ApplyRows(table.record.id, projected.batch, OptionsFor(table, false));
}

// The records are made in the commit, which knows the task.
void TableSink::Reject(std::vector<RejectedRow> rows) {
  amount_.rows_filtered += static_cast<int64_t>(rows.size());
  amount_.rows_rejected += static_cast<int64_t>(rows.size());
  for (RejectedRow& row : rows) {
    QuarantineRecord record;
    record.table = std::move(row.table);
    record.position = writer_->position();
    record.reason = std::move(row.reason);
    record.row = std::move(row.row);
    rejected_.push_back(std::move(record));
    if (rejected_.size() > kQuarantineRowsKeptMax) rejected_.pop_front();
  }
}

Status TableSink::CheckFilter() {
  Status status = filter_window_.Check(amount_.rows_read, amount_.rows_rejected, clock_.WallUs());
  if (status.ok()) return status;
  const QuarantineRecord& newest = rejected_.back();
  filter_failure_ = Status(status.code(), status.message() + " Table " + newest.table + ": " + newest.reason);
  return status;
}

void TableSink::Move(Table& table, const TableInput& input) {
  TableStep step = Advance(table.record.state, input);
  if (!step.changed) return;
  table.record.state = std::move(step.state);
  table.record_changed = true;
  Log(LogLevel::kInfo, "table_state",
      {{"job", settings_.job.value},
       {"table", table.record.source.ToString()},
       {"state", TableStateName(table.record.state)}});
}

void TableSink::Stop(Table& table, std::string reason) {
  Poison(table.record.source);
  Move(table, CannotFollow{std::move(reason)});
}

void TableSink::PutTableRecords() {
  for (auto& [name, table] : tables_) {
    if (!table.record_changed) continue;
    writer_->PutRecord({RecordFamily::kJobs, TableKey(settings_.job, name), EncodeTable(table.record)});
    table.record_changed = false;
    table.shown_changed = true;
  }
}

int64_t TableSink::ChunksTotal(const TableRecord& record) const {
  const int64_t done = record.progress.chunks_done();
  if (record.progress.finished() || record.rows_estimated < 0) return done;
  const int64_t split = settings_.options.snapshot_split_size;
  return std::max(done + 1, (record.rows_estimated + split - 1) / split);
}

void TableSink::ShowTables() {
  for (auto& [name, table] : tables_) {
    if (!table.shown_changed) continue;
    std::string target = settings_.insert_target;
    if (target.empty()) target = settings_.database + "." + table.record.target;
    progress_.TableChanged(table.record, std::move(target), ChunksTotal(table.record));
    table.shown_changed = false;
  }
}

Status TableSink::CloseTask(std::string_view status, std::string_view error) {
  if (in_pieces_) {
    TRY(writer_->Rollback());
    TRY(Reload());
  }
  std::vector<RecordWrite> records;
  ledger_->Close(status, error, records);
  for (auto& [name, table] : tables_) table.record_changed = true;  // keeps events_applied
  for (RecordWrite& record : records) writer_->PutRecord(std::move(record));
  return FinishCommit({}, 0);
}

Status TableSink::Tick() {
  if (in_pieces_) return Status::Ok();
  std::vector<RecordWrite> records;
  ledger_->CloseIfOver(records);
  if (records.empty()) return Status::Ok();
  for (RecordWrite& record : records) writer_->PutRecord(std::move(record));
  for (auto& [name, table] : tables_) table.record_changed = true;
  return FinishCommit({}, 0);
}

bool TableSink::AllSettled() const {
  return std::none_of(tables_.begin(), tables_.end(),
                      [](const auto& entry) { return CopyUnfinished(entry.second.record.state); });
}

}  // namespace freshet
