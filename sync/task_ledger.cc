// SPDX-License-Identifier: Apache-2.0
#include "sync/task_ledger.h"

namespace freshet {

Result<TaskLedger> TaskLedger::Load(Store& store, JobId job, int64_t max_interval_s, const Clock& clock) {
  TaskLedger ledger(store, job, max_interval_s, clock);
  ASSIGN_OR_RETURN(const auto statistics, store.GetRecord(RecordFamily::kLedger, StatisticsKey(job)));
  if (statistics) {
    ASSIGN_OR_RETURN(ledger.statistics_, DecodeStatistics(*statistics));
  }
  ASSIGN_OR_RETURN(const auto tasks, store.ScanRecords(RecordFamily::kLedger, TaskKeyPrefix(job)));
  for (const auto& [key, value] : tasks) {
    ASSIGN_OR_RETURN(TaskRecord task, DecodeTask(value));
    ledger.kept_.push_back(task.id);
    if (task.status == "RUNNING") ledger.current_ = std::move(task);
  }
  return ledger;
}

Status TaskLedger::Open(const Position& from, std::vector<RecordWrite>& records) {
  ASSIGN_OR_RETURN(const uint64_t id, store_->NextId());
  current_ = TaskRecord{};
  current_->id = TaskId{id};
  current_->created_us = clock_->WallUs();
  current_->from = statistics_.to.empty() ? from : statistics_.to;
  kept_.push_back(current_->id);
  while (kept_.size() > kTasksKeptMax) {
    records.push_back({RecordFamily::kLedger, TaskKey(job_, kept_.front()), std::nullopt});
    kept_.pop_front();
  }
  return Status::Ok();
}

Status TaskLedger::Count(const Amount& amount, const Position& from, const Position& to,
                         std::vector<RecordWrite>& records) {
  CHECK(amount.rows_read == amount.rows_loaded + amount.rows_filtered);
  CHECK(amount.rows_rejected <= amount.rows_filtered);
  TRY(CheckNext(from));
  CloseIfOver(records);
  if (!current_) TRY(Open(from, records));
  current_->to = to;
  current_->committed_us = clock_->WallUs();
  current_->schema_version = amount.schema_version;
  current_->hash.Add(amount.hash);
  current_->rows_read += amount.rows_read;
  current_->rows_loaded += amount.rows_loaded;
  current_->rows_filtered += amount.rows_filtered - amount.rows_rejected;
  current_->rows_rejected += amount.rows_rejected;
  CHECK(current_->rows_read == current_->rows_loaded + current_->rows_filtered + current_->rows_rejected);
  current_->bytes += amount.bytes;
  statistics_.rows_read += amount.rows_read;
  statistics_.rows_filtered += amount.rows_filtered;
  statistics_.rows_rejected += amount.rows_rejected;
  statistics_.files += amount.files;
  statistics_.file_bytes += amount.file_bytes;
  statistics_.bytes += amount.bytes;
  if (amount.commit_time_us != 0) statistics_.last_event_us = amount.commit_time_us;
  statistics_.newest_task = current_->id;
  statistics_.to = to;
  records.push_back({RecordFamily::kLedger, TaskKey(job_, current_->id), EncodeTask(*current_)});
  records.push_back({RecordFamily::kLedger, StatisticsKey(job_), EncodeStatistics(statistics_)});
  return Status::Ok();
}

// What is stored must be what was counted here last: a writer that was displaced, or a commit that is repeated, does
// not find it so.
Status TaskLedger::CheckNext(const Position& from) const {
  ASSIGN_OR_RETURN(const auto stored, store_->GetRecord(RecordFamily::kLedger, StatisticsKey(job_)));
  JobStatistics counted;
  if (stored) {
    ASSIGN_OR_RETURN(counted, DecodeStatistics(*stored));
  }
  if (counted.newest_task != statistics_.newest_task || !(counted.to == statistics_.to)) {
    return Status(Code::kConflict, "Task id mismatch when commit offset: task " +
                                       std::to_string(counted.newest_task.value) + " was committed by another run");
  }
  if (!from.Covers(statistics_.to)) {
    return Status(Code::kConflict, "Task id mismatch when commit offset: the commit starts before the end of task " +
                                       std::to_string(counted.newest_task.value));
  }
  return Status::Ok();
}

void TaskLedger::CloseIfOver(std::vector<RecordWrite>& records) {
  if (current_ && clock_->WallUs() - current_->created_us >= max_interval_us_) Close("SUCCESS", "", records);
}

void TaskLedger::Close(std::string_view status, std::string_view error, std::vector<RecordWrite>& records) {
  if (!current_) return;
  current_->status = status;
  current_->error = error;
  current_->finished_us = clock_->WallUs();
  if (status == "SUCCESS") {
    ++statistics_.tasks_succeeded;
    statistics_.last_success_us = current_->finished_us;
  }
  if (status == "FAILED") ++statistics_.tasks_failed;
  if (status == "CANCELED") ++statistics_.tasks_canceled;
  records.push_back({RecordFamily::kLedger, TaskKey(job_, current_->id), EncodeTask(*current_)});
  records.push_back({RecordFamily::kLedger, StatisticsKey(job_), EncodeStatistics(statistics_)});
  current_.reset();
}

}  // namespace freshet
