// SPDX-License-Identifier: Apache-2.0
// TaskLedger: a job's accounting. A task is a window of max_interval seconds; its record and the job's totals
// are written in the commits whose rows they count. Keeps the newest kTasksKeptMax tasks. Used by the apply
// thread alone (sync/table_sink).
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "storage/store.h"
#include "sync/records.h"

namespace freshet {

inline constexpr size_t kTasksKeptMax = 1000;

class TaskLedger {
 public:
  // Reads totals and the ids of kept tasks; a task that a crash left RUNNING is closed by the next record.
  static Result<TaskLedger> Load(Store& store, JobId job, int64_t max_interval_s, const Clock& clock);

  struct Amount {
    int64_t rows_read = 0;
    int64_t rows_loaded = 0;
    int64_t rows_filtered = 0;  // not loaded: of tables that are not followed, and rejected ones
    int64_t rows_rejected = 0;  // could not be loaded: in the quarantine
    int64_t bytes = 0;
    int64_t files = 0;  // objects, and their bytes as stored
    int64_t file_bytes = 0;
    int64_t commit_time_us = 0;  // of the newest transaction in it; 0 unknown
    uint32_t schema_version = 0;
    ContentHash hash;  // of the rows loaded
  };
  // Counts into the current task (a new one is opened when none is, or its window is over) and appends the
  // records to put into the same commit. REQUIRES: rows_read = rows_loaded + rows_filtered. kConflict when another
  // commit of the job was counted since the last one here, or `from` lies before it: a late or repeated one.
  Status Count(const Amount& amount, const Position& from, const Position& to, std::vector<RecordWrite>& records);
  // Ends the current task with SUCCESS, FAILED or CANCELED.
  void Close(std::string_view status, std::string_view error, std::vector<RecordWrite>& records);

  // Ends the current task with SUCCESS when its window is over.
  void CloseIfOver(std::vector<RecordWrite>& records);

  const JobStatistics& statistics() const { return statistics_; }
  // The open task, or none.
  TaskId current() const { return current_ ? current_->id : TaskId{}; }

 private:
  TaskLedger(Store& store, JobId job, int64_t max_interval_s, const Clock& clock)
      : store_(&store), job_(job), max_interval_us_(max_interval_s * 1'000'000), clock_(&clock) {}
  Status Open(const Position& from, std::vector<RecordWrite>& records);
  Status CheckNext(const Position& from) const;

  Store* store_;
  JobId job_;
  int64_t max_interval_us_;
  const Clock* clock_;
  JobStatistics statistics_;
  std::optional<TaskRecord> current_;
  std::deque<TaskId> kept_;  // oldest first
};

}  // namespace freshet
