// SPDX-License-Identifier: Apache-2.0
#include "sync/job_progress.h"

#include <algorithm>

namespace freshet {

namespace {
// A stop token cannot wake a condition variable of ours: waiters look at it this often.
constexpr std::chrono::milliseconds kStopCheck{100};

bool Unfinished(const TableProgress& table) {
  return table.state != "READY" && table.state != "STOPPED";
}

std::string ExcludedColumns(const TableSchema& schema) {
  std::string names;
  for (const Column& column : schema.columns) {
    if (!column.excluded) continue;
    if (!names.empty()) names.push_back(',');
    names += column.name;
  }
  return names;
}
}  // namespace

void JobProgress::Applied(const Position& position, int64_t commit_time_us) {
  MutexLock lock(mutex_);
  if (!position.empty()) applied_ = position;
  if (commit_time_us != 0) commit_time_us_ = commit_time_us;
  changed_.NotifyAll();
}

void JobProgress::TableChanged(const TableRecord& record, std::string target, int64_t chunks_total) {
  MutexLock lock(mutex_);
  TableProgress& table = tables_[record.source];
  table.source = record.source;
  table.target = std::move(target);
  table.state = TableStateName(record.state);
  table.chunks_done = record.progress.chunks_done();
  table.chunks_total = std::max(chunks_total, table.chunks_done);
  table.rows_copied = record.rows_copied;
  table.rows_estimated = record.rows_estimated;
  table.events_applied = record.events_applied;
  const auto* stopped = std::get_if<TableStopped>(&record.state);
  table.last_error = stopped == nullptr ? "" : stopped->reason;
  table.excluded_columns = ExcludedColumns(*record.source_schema);
  changed_.NotifyAll();
}

void JobProgress::TableRemoved(const TableName& name) {
  MutexLock lock(mutex_);
  tables_.erase(name);
  changed_.NotifyAll();
}

void JobProgress::StatisticsChanged(const JobStatistics& statistics) {
  MutexLock lock(mutex_);
  statistics_ = statistics;
}

void JobProgress::ReaderAlive(bool idle) {
  MutexLock lock(mutex_);
  idle_ = idle;
  alive_at_ = clock_.Now();
}

void JobProgress::StateChanged(bool running, std::string error) {
  MutexLock lock(mutex_);
  running_ = running;
  error_ = std::move(error);
  if (running) alive_at_ = clock_.Now();
  changed_.NotifyAll();
}

Result<Position> JobProgress::WaitApplied(const Position& target, Deadline deadline, StopToken stop) {
  MutexLock lock(mutex_);
  // Which tables to wait for shows once the log is that far: it may itself start copies (resync, new tables).
  std::optional<std::vector<TableName>> copying;
  const auto done = [&](const TableName& name) REQUIRES_LOCK(mutex_) {
    const auto found = tables_.find(name);
    return found == tables_.end() || !Unfinished(found->second);
  };
  while (true) {
    if (!copying && applied_.Covers(target)) {
      copying.emplace();
      for (const auto& [name, table] : tables_) copying->push_back(name);
    }
    if (copying) {
      std::erase_if(*copying, done);
      if (copying->empty()) return applied_;
    }
    if (!running_) return Status(Code::kConflict, "the job is not running: " + error_);
    if (stop.stop_requested()) return Status(Code::kCancelled, "stopped while waiting for the source's changes");
    if (deadline.Passed()) {
      const std::string what =
          copying ? std::to_string(copying->size()) + " tables are being copied" : "the log is not applied so far yet";
      return Status(Code::kTimeout, "timed out waiting for the source's changes: " + what);
    }
    changed_.WaitUntil(mutex_, std::min(deadline.at(), Clock::System().Now() + kStopCheck));
  }
}

Status JobProgress::WaitPosition(const Position& target, Deadline deadline, StopToken stop) {
  MutexLock lock(mutex_);
  while (!applied_.Covers(target)) {
    if (stop.stop_requested()) return Status(Code::kCancelled, "stopped while waiting for the log");
    if (deadline.Passed()) return Status(Code::kTimeout, "the log did not get as far as the source was read");
    changed_.WaitUntil(mutex_, std::min(deadline.at(), Clock::System().Now() + kStopCheck));
  }
  return Status::Ok();
}

void JobProgress::PassBegun() {
  MutexLock lock(mutex_);
  ++passes_begun_;
  pass_requested_ = false;
  alive_at_ = clock_.Now();
}

void JobProgress::Listed(const Position& newest) {
  MutexLock lock(mutex_);
  newest_listed_ = newest;
}

void JobProgress::PassEnded(bool nothing_left) {
  MutexLock lock(mutex_);
  if (nothing_left) passes_clean_ = passes_begun_;
  idle_ = nothing_left;
  alive_at_ = clock_.Now();
  changed_.NotifyAll();
}

void JobProgress::WaitForPassRequest(Deadline deadline, StopToken stop) {
  MutexLock lock(mutex_);
  while (!pass_requested_ && !stop.stop_requested() && !deadline.Passed()) {
    changed_.WaitUntil(mutex_, std::min(deadline.at(), Clock::System().Now() + kStopCheck));
    alive_at_ = clock_.Now();
  }
}

Result<Position> JobProgress::WaitPass(Deadline deadline, StopToken stop) {
  MutexLock lock(mutex_);
  const uint64_t wanted = passes_begun_ + 1;
  pass_requested_ = true;
  changed_.NotifyAll();
  while (passes_clean_ < wanted) {
    if (!running_) return Status(Code::kConflict, "the job is not running: " + error_);
    if (stop.stop_requested()) return Status(Code::kCancelled, "stopped while waiting for the objects");
    if (deadline.Passed()) return Status(Code::kTimeout, "timed out: not everything that is listed is loaded yet");
    changed_.WaitUntil(mutex_, std::min(deadline.at(), Clock::System().Now() + kStopCheck));
  }
  return applied_;
}

void JobProgress::Show(TableProgress table) {
  MutexLock lock(mutex_);
  const TableName name = table.source;
  tables_[name] = std::move(table);
}

Position JobProgress::newest_listed() const {
  MutexLock lock(mutex_);
  return newest_listed_;
}

Position JobProgress::applied() const {
  MutexLock lock(mutex_);
  return applied_;
}

JobStatistics JobProgress::statistics() const {
  MutexLock lock(mutex_);
  return statistics_;
}

int64_t JobProgress::last_commit_time_us() const {
  MutexLock lock(mutex_);
  return commit_time_us_;
}

int64_t JobProgress::LagMsLocked() const {
  if (idle_) return 0;
  if (commit_time_us_ == 0) return -1;
  return std::max<int64_t>(0, (clock_.WallUs() - commit_time_us_) / 1000);
}

int64_t JobProgress::lag_ms() const {
  MutexLock lock(mutex_);
  return LagMsLocked();
}

void JobProgress::Flowing(size_t queue_bytes, const Position& durable) {
  MutexLock lock(mutex_);
  queue_bytes_ = queue_bytes;
  if (!durable_at_ || durable == applied_) durable_at_ = clock_.Now();
}

JobFlow JobProgress::flow() const {
  MutexLock lock(mutex_);
  if (!running_ || !durable_at_) return {};
  return {queue_bytes_, std::chrono::duration_cast<std::chrono::milliseconds>(clock_.Now() - *durable_at_).count()};
}

int64_t JobProgress::silent_ms() const {
  MutexLock lock(mutex_);
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.Now() - alive_at_).count();
}

std::vector<TableProgress> JobProgress::tables() const {
  MutexLock lock(mutex_);
  std::vector<TableProgress> all;
  for (const auto& [name, table] : tables_) {
    all.push_back(table);
    // A table that is not ready has no lag of its own yet.
    all.back().lag_ms = table.state == "READY" ? LagMsLocked() : -1;
  }
  return all;
}

}  // namespace freshet
