// SPDX-License-Identifier: Apache-2.0
// TableSink: windows and chunks, between units.
#include "base/failpoint.h"
#include "sync/table_sink.h"

namespace freshet {

namespace {
// Passes over one table. Each later pass is needed only for rows moved to another key, half sent, while not
// copied yet; more than a few mean that the table cannot be copied while it is written to like this.
constexpr int kCopyPassesMax = 5;
}  // namespace

std::vector<CopyDue> TableSink::CopiesDue() const {
  std::vector<CopyDue> due;
  for (const auto& [name, table] : tables_) {
    const bool open = std::holds_alternative<TableWaiting>(table.record.state) ||
                      std::holds_alternative<TableCopying>(table.record.state);
    if (open && !table.record.progress.finished()) {
      due.push_back({name, table.record.source_schema, table.record.progress});
    }
  }
  return due;
}

std::vector<TableName> TableSink::NotesDue() const {
  std::vector<TableName> due;
  for (const auto& [name, table] : tables_) {
    if (table.record.progress.finished() && std::holds_alternative<TableCopying>(table.record.state)) {
      due.push_back(name);
    }
  }
  return due;
}

Result<TableSink::Window> TableSink::OpenWindow(const TableName& name) {
  Table* table = Find(name);
  if (table == nullptr || (!std::holds_alternative<TableWaiting>(table->record.state) &&
                           !std::holds_alternative<TableCopying>(table->record.state))) {
    return Status(Code::kNotFound, "table " + name.ToString() + " is not being copied");
  }
  Move(*table, WindowOpened{});  // persisted with the first chunk; a restart finds WAITING, which is as good
  if (table->windows++ == 0) table->touched = std::make_unique<TouchedKeys>();
  const uint64_t id = next_window_++;
  windows_[id] = {name, false};
  table->shown_changed = true;
  ShowTables();
  return Window{id, writer_->position(), table->record.source_schema, table->stored, table->record.passes > 0};
}

void TableSink::CloseWindow(uint64_t id) {
  const auto window = windows_.find(id);
  if (window == windows_.end()) return;
  Table* table = Find(window->second.table);
  // A table made anew under the same name has windows of its own only.
  if (table != nullptr && table->windows > 0 && --table->windows == 0) table->touched.reset();
  windows_.erase(window);
}

Result<TableSink::ChunkOutcome> TableSink::ApplyChunk(uint64_t id, const EncodedRows& rows, const ChunkSource& source) {
  FAILPOINT("sync.copy.before_apply");
  const auto window = windows_.find(id);
  CHECK(window != windows_.end());
  Table* table = Find(window->second.table);
  if (table == nullptr || !CopyUnfinished(table->record.state)) {
    CloseWindow(id);
    return ChunkOutcome::kGone;
  }
  if (window->second.poisoned || rows.table != table->record.id) {
    CloseWindow(id);
    return ChunkOutcome::kReadAgain;
  }
  if (Status status = ApplyChunkRows(*table, rows, source); !status.ok()) {
    CloseWindow(id);
    return status;
  }
  const bool completed = table->record.progress.finished();
  CloseWindow(id);
  TRY(FinishCommit({}, 0));
  FAILPOINT("sync.copy.after_apply");
  return completed ? ChunkOutcome::kCompleted : ChunkOutcome::kApplied;
}

Status TableSink::ApplyChunkRows(Table& table, const EncodedRows& rows, const ChunkSource& source) {
  Reject(source.rejected);
  amount_.rows_read += static_cast<int64_t>(rows.rows.size() + source.rejected.size());
  if (Status status = CheckFilter(); !status.ok()) {
    TRY(Reload());
    return status;
  }
  static const TouchedKeys none;
  Result<uint64_t> written =
      writer_->ApplyChunk(rows, table.touched ? *table.touched : none, derived_ ? derived_->changes() : nullptr,
                          derived_ ? nullptr : &amount_.hash);
  if (!written.ok()) {
    TRY(writer_->Rollback());
    TRY(Reload());
    return std::move(written).status().At("write chunk");
  }
  table.record.rows_copied += static_cast<int64_t>(rows.rows.size());
  table.record.progress.MarkDone(source.done);
  table.record_changed = true;
  amount_.bytes += static_cast<int64_t>(rows.bytes.size());
  if (!derived_) amount_.rows_loaded += static_cast<int64_t>(rows.rows.size());
  Status status = FlushDerived();
  if (status.ok()) status = CheckFilter();
  if (status.ok()) return status;
  TRY(writer_->Rollback());
  TRY(Reload());
  return status;
}

Status TableSink::NoteCopied(const TableName& name, const Position& source_position) {
  Table* table = Find(name);
  if (table == nullptr || !table->record.progress.finished()) return Status::Ok();
  Move(*table, ChunksCompleted{source_position});
  TRY(AdvanceTables(writer_->position()));
  return FinishCommit({}, 0);
}

// All chunks again, over the rows that are there; the log has passed everything the last pass read.
Status TableSink::NextPass(Table& table) {
  table.record.copy_again = false;
  table.record.progress = CopyProgress();
  table.record_changed = true;
  if (++table.record.passes >= kCopyPassesMax) {
    Stop(table, "rows change their key faster than the table can be copied");
    return Status::Ok();
  }
  Move(table, CopyAgain{});
  due_.push_back({table.record.source, table.record.source_schema, table.record.progress});
  return Status::Ok();
}

Status TableSink::StopTable(const TableName& name, const std::string& reason) {
  Table* table = Find(name);
  if (table == nullptr) return Status::Ok();
  if (derived_) {
    halt_ = Status(Code::kUnsupported, reason);
    return halt_.Copy();
  }
  Stop(*table, reason);
  return FinishCommit({}, 0);
}

void TableSink::SetEstimate(const TableName& name, int64_t rows) {
  Table* table = Find(name);
  if (table == nullptr) return;
  table->record.rows_estimated = rows;
  table->shown_changed = true;
  ShowTables();
}

}  // namespace freshet
