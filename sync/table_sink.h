// SPDX-License-Identifier: Apache-2.0
// TableSink: the sink that writes our own tables. Routes a unit's batches to stored tables, follows schema
// changes, moves table states and keeps the accounting, all in the unit's one commit; between units it takes
// copied chunks (windows, sync/copier). It decides nothing about jobs. Used by a job's apply thread alone,
// but for Durable().
//
// Copy beside the log. Every log event is applied as an upsert at once; a missing row is legal until the table
// is READY. A chunk is read after everything that was applied when its window was opened, so its row is right
// unless the log touched the key inside the window: then the log wins, or its patches are laid over the row.
// A chunk may be read ahead of the log. Then a stored row may be a later one than the log's, even of another
// life of its key, until the log has passed the read. That is harmless for whole images and for changes that stay
// with their key; but an update that moves a row to another key without sending all of it would carry wrong cells
// on. Such a row is left out, and the table gets a second pass (`copy_again`) once the log has passed everything
// the first one read; chunks of that pass are written only when they are not ahead of the log, so that stored
// rows can be trusted from then on.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "storage/unit_writer.h"
#include "sync/derived_rows.h"
#include "sync/filter_window.h"
#include "sync/job_progress.h"
#include "sync/project_batch.h"
#include "sync/quarantine.h"
#include "sync/records.h"
#include "sync/sink.h"
#include "sync/task_ledger.h"

namespace freshet {

// A table whose copy has to be done or to go on.
struct CopyDue {
  TableName table;
  SchemaPtr source_schema;
  CopyProgress progress;
};

class TableSink : public Sink {
 public:
  struct Settings {
    JobId job;
    std::string database;
    JobOptions options;
    // A table needs copying from now on (resync in the stream). Called by the apply thread.
    std::function<void(CopyDue)> on_copy_due;
    // Empty: the tables are mirrored and that is all. Else the job has one table, and rows of another are made of it;
    // whatever would stop that table pauses the job, so that no change of it is ever passed over.
    std::function<std::unique_ptr<DerivedRows>()> derive;
    std::string insert_target;  // "database.table" that they are put into; "": no such thing
  };
  static Result<std::unique_ptr<TableSink>> Open(Store& store, Settings settings, JobProgress& progress,
                                                 const Clock& clock);

  Result<std::optional<Position>> Recover() override;
  Status Apply(const Unit& unit) override;
  Position Durable() const override;  // any thread

  // True between two transactions: the calls below are allowed.
  bool at_boundary() const { return !in_pieces_; }

  // --- copying
  std::vector<CopyDue> CopiesDue() const;
  // Tables whose chunks are all done and whose source position is not noted yet.
  std::vector<TableName> NotesDue() const;

  struct Window {
    uint64_t id = 0;
    Position applied;         // everything up to here is applied
    SchemaPtr source_schema;  // the shape to read
    StoredTablePtr stored;    // the shape to store
    // ApplyChunk may be called only once the log has passed the source's position after the chunk's read.
    bool not_ahead_of_log = false;
  };
  // kNotFound when the table is gone, stopped or needs no copy any more.
  Result<Window> OpenWindow(const TableName& table);
  void CloseWindow(uint64_t id);

  enum class ChunkOutcome : uint8_t {
    kApplied,    // and persisted as done
    kReadAgain,  // the table was truncated or changed inside the window
    kGone,       // the table needs no chunk any more
    kCompleted,  // applied; it was the last: note the source's position
  };
  // What the rows of a chunk cover, and those that could not be encoded.
  struct ChunkSource {
    PlannedChunk done;
    std::vector<RejectedRow> rejected;
  };
  // Closes the window.
  Result<ChunkOutcome> ApplyChunk(uint64_t window, const EncodedRows& rows, const ChunkSource& source);
  Status NoteCopied(const TableName& table, const Position& source_position);
  Status StopTable(const TableName& table, const std::string& reason);
  // A table that the source no longer has, found beside its log: every row of it is in the log before `before`.
  struct GoneTable {
    SchemaPtr source_schema;
    Position before;
  };
  // Drops the table with the unit that reaches that place; now, when it is reached. Safe to repeat; another table
  // of the same name is left alone. Memory only: whoever found it finds it again.
  Status NoteGone(GoneTable table);
  void SetEstimate(const TableName& table, int64_t rows);

  // Every second or so without a unit: closes a task whose window is over, moves tables on.
  Status Tick();
  // Before the pipeline ends. `error` empty: CANCELED, as a pause.
  Status CloseTask(std::string_view status, std::string_view error);

  // True when no table is being copied (snapshot jobs end then).
  bool AllSettled() const;
  // Units and chunks written since the sink was opened.
  uint64_t commits() const { return commits_; }
  // Set by the call that failed because too many rows could not be loaded: the job must pause. Ok else.
  Status TakeFilterFailure() { return std::exchange(filter_failure_, Status::Ok()); }

  // Set by the call that found that the job's one table cannot be followed: the job must pause. Ok else.
  Status TakeHalt() { return std::exchange(halt_, Status::Ok()); }

 private:
  struct Table {
    TableRecord record;
    StoredTablePtr stored;
    std::unique_ptr<TouchedKeys> touched;  // while windows are open
    int windows = 0;
    bool record_changed = false;
    bool shown_changed = false;
  };
  struct OpenWindowState {
    TableName table;
    bool poisoned = false;
  };

  TableSink(Store& store, Settings settings, JobProgress& progress, const Clock& clock);
  Status Reload();
  Status ApplyOnce(const Unit& unit);
  Status ApplyBatch(const RowBatch& batch);
  Status ApplyBatchTo(Table& table, const RowBatch& batch);
  Status ApplyWithMissingRows(Table& table, const RowBatch& batch);
  Status ApplyRowThatMayBeMissing(Table& table, const RowBatch& batch, const RowChange& row);
  Status ApplyOne(Table& table, const RowBatch& batch, const RowChange& row);
  Result<bool> HasRow(const Table& table, const RowBatch& batch, uint32_t image);
  Status ApplyChange(const SchemaChange& change);
  Status ApplyChangeTo(Table& table, const SchemaChange& change);
  Status CreateFromLog(const SchemaChange& change);
  Status DropFromLog(Table& table, const SchemaChange& change);
  Status AlterFromLog(Table& table, const SchemaChange& change);
  Status RestartCopy(Table& table, const SchemaChange& change);
  // --- rows derived from the one table, in table_sink_derived.cc
  ApplyOptions OptionsFor(Table& table, bool rows_may_be_missing);
  size_t FirstEventThatStays(const Unit& unit) const;
  Status FlushDerived();
  Status RemoveDerived(Table& table);
  Status ReshapeDerived(const Table& table);
  Status CheckFollowed();
  Status CommitUnit(const Position& ends_at, int64_t commit_time_us);
  // --- targets that several sources share, in table_sink_shared.cc
  bool SharesTarget(const Table& table) const;
  bool AllSourcesReady(TableId id) const;
  void StopShared(Table& table, std::string_view statement);
  // Lets a table that the log created have a target of this job; false when it may not.
  bool JoinTarget(Table& table);
  void CopyAgainFromStart(Table& table);
  Status AdvanceTables(const Position& applied);
  Status DropGone(const Position& applied);
  void ForgetGone();
  Status FinishCommit(const Position& ends_at, int64_t commit_time_us);
  Status ApplyChunkRows(Table& table, const EncodedRows& rows, const ChunkSource& source);
  void Reject(std::vector<RejectedRow> rows);
  // An error when the open unit's rejected rows are more than load.max_filter_ratio allows.
  Status CheckFilter();
  Status NextPass(Table& table);
  void Move(Table& table, const TableInput& input);
  void Stop(Table& table, std::string reason);
  void Poison(const TableName& table);
  void PutTableRecords();
  void ShowTables();
  Table* Find(const TableName& name);
  int64_t ChunksTotal(const TableRecord& record) const;
  // Remembers which table an error belongs to, for Apply.
  Status Blame(const Table& table, Status status);

  Store& store_;
  const Settings settings_;
  JobProgress& progress_;
  const Clock& clock_;
  std::unique_ptr<UnitWriter> writer_;
  std::unique_ptr<DerivedRows> derived_;  // or null
  Status halt_;
  std::optional<TaskLedger> ledger_;
  std::map<TableName, Table> tables_;
  std::map<uint64_t, OpenWindowState> windows_;
  std::vector<GoneTable> gone_;  // not reached yet
  uint64_t next_window_ = 1;
  bool in_pieces_ = false;
  std::vector<TableName> removed_;         // in the open unit
  std::vector<CopyDue> due_;               // in the open unit
  TaskLedger::Amount amount_;              // of the open unit, all its pieces
  std::deque<QuarantineRecord> rejected_;  // of the open unit, the newest kQuarantineRowsKeptMax
  std::optional<Quarantine> quarantine_;
  FilterWindow filter_window_;
  Status filter_failure_;
  uint64_t commits_ = 0;
  std::optional<TableName> blamed_;

  mutable Mutex durable_mutex_;
  mutable std::deque<std::pair<uint64_t, Position>> undurable_ GUARDED_BY(durable_mutex_);
  mutable Position durable_ GUARDED_BY(durable_mutex_);
};

}  // namespace freshet
