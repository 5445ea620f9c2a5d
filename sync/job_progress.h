// SPDX-License-Identifier: Apache-2.0
// JobProgress: what a job's threads tell the outside: applied position, lag, per-table progress, current task.
// Written by the apply and reader threads, read by Sync, job_tables() and /healthz. Thread-safe: one mutex.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/stop.h"
#include "cdc/change/position.h"
#include "sync/job_service.h"
#include "sync/records.h"

namespace freshet {

class JobProgress {
 public:
  explicit JobProgress(const Clock& clock) : clock_(clock) {}

  // --- by the apply thread
  void Applied(const Position& position, int64_t commit_time_us);
  // `target`: "database.table", where users find the rows.
  void TableChanged(const TableRecord& record, std::string target, int64_t chunks_total);
  void TableRemoved(const TableName& name);
  void StatisticsChanged(const JobStatistics& statistics);
  // --- by the reader thread: it waits for the source with nothing read that is not applied yet
  void ReaderAlive(bool idle);
  // Bytes that wait for the apply thread, and the position that is on disk.
  void Flowing(size_t queue_bytes, const Position& durable);
  // --- by the runner: wakes every waiter. `running` false: Wait ends with kConflict and this error.
  void StateChanged(bool running, std::string error);

  // Returns when the applied position covers `target` and every table that was being copied then is ready or
  // stopped; the position reached. kTimeout, kCancelled, kConflict.
  Result<Position> WaitApplied(const Position& target, Deadline deadline, StopToken stop);

  // The same without regard to tables.
  Status WaitPosition(const Position& target, Deadline deadline, StopToken stop);

  // --- jobs that load objects: a pass is one listing and the load of what it found
  void PassBegun();
  void Listed(const Position& newest);
  // `nothing_left`: everything that the listing showed is loaded.
  void PassEnded(bool nothing_left);
  // By the load thread between passes: returns at the deadline, on a stop, or when somebody waits for a pass.
  void WaitForPassRequest(Deadline deadline, StopToken stop);
  // Returns after a pass that began after this call and left nothing. kTimeout, kCancelled, kConflict.
  Result<Position> WaitPass(Deadline deadline, StopToken stop);
  Position newest_listed() const;
  // A line of job_tables() as it is.
  void Show(TableProgress table);

  Position applied() const;
  JobStatistics statistics() const;
  int64_t last_commit_time_us() const;
  // -1 unknown (nothing applied yet), 0 when nothing waits.
  int64_t lag_ms() const;
  // Milliseconds since the reader last returned from the source.
  int64_t silent_ms() const;
  std::vector<TableProgress> tables() const;
  JobFlow flow() const;

 private:
  int64_t LagMsLocked() const REQUIRES_LOCK(mutex_);

  const Clock& clock_;
  mutable Mutex mutex_;
  CondVar changed_;
  Position applied_ GUARDED_BY(mutex_);
  int64_t commit_time_us_ GUARDED_BY(mutex_) = 0;
  bool idle_ GUARDED_BY(mutex_) = false;
  std::chrono::steady_clock::time_point alive_at_ GUARDED_BY(mutex_) = {};
  size_t queue_bytes_ GUARDED_BY(mutex_) = 0;
  std::optional<std::chrono::steady_clock::time_point> durable_at_ GUARDED_BY(mutex_);  // all applied was on disk
  bool running_ GUARDED_BY(mutex_) = false;
  std::string error_ GUARDED_BY(mutex_);
  std::map<TableName, TableProgress> tables_ GUARDED_BY(mutex_);
  JobStatistics statistics_ GUARDED_BY(mutex_);
  uint64_t passes_begun_ GUARDED_BY(mutex_) = 0;
  uint64_t passes_clean_ GUARDED_BY(mutex_) = 0;  // number of the newest pass that left nothing
  bool pass_requested_ GUARDED_BY(mutex_) = false;
  Position newest_listed_ GUARDED_BY(mutex_);
};

}  // namespace freshet
