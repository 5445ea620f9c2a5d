// SPDX-License-Identifier: Apache-2.0
#include "sync/quarantine_stage.h"

#include "base/failpoint.h"

namespace freshet {

namespace {

// Deletions of one write while what was left behind is removed.
constexpr size_t kDeletionsMax = 10'000;

}  // namespace

Result<QuarantineStage> QuarantineStage::Load(Store& store, JobId job, const Clock& clock) {
  ASSIGN_OR_RETURN(const uint64_t hidden, HiddenFrom(store, job));
  ASSIGN_OR_RETURN(uint64_t newest, NewestSequence(store, job));
  if (hidden != kNothingHidden) {
    std::vector<RecordWrite> deletions;
    for (; newest >= hidden; --newest) {
      deletions.push_back({RecordFamily::kQuarantine, QuarantineKey(job, newest), std::nullopt});
      if (deletions.size() < kDeletionsMax) continue;
      TRY(store.PutRecords(deletions));
      deletions.clear();
    }
    // The mark goes last: a crash in between leaves the rest hidden.
    deletions.push_back({RecordFamily::kQuarantine, HiddenFromKey(job), std::nullopt});
    TRY(store.PutRecords(deletions));
  }
  return QuarantineStage(store, job, clock, newest + 1);
}

Status QuarantineStage::Add(QuarantineRecord record) {
  record.job = job_;
  record.created_us = clock_->WallUs();
  const uint64_t sequence = next_++;
  waiting_.push_back({RecordFamily::kQuarantine, QuarantineKey(job_, sequence), EncodeQuarantine(record)});
  waiting_bytes_ += waiting_.back().value->size() + sizeof(RecordWrite);
  if (sequence >= first_ + kQuarantineRowsKeptMax) {  // of this object
    waiting_.push_back({RecordFamily::kQuarantine, QuarantineKey(job_, sequence - kQuarantineRowsKeptMax), {}});
  }
  return waiting_bytes_ < kStagedBytesMax ? Status::Ok() : WriteAhead();
}

Status QuarantineStage::WriteAhead() {
  if (!written_ahead_) {
    waiting_.push_back({RecordFamily::kQuarantine, HiddenFromKey(job_), std::to_string(first_)});
    written_ahead_ = true;
  }
  FAILPOINT("sync.object.before_rejects");
  TRY(store_->PutRecords(waiting_));
  waiting_.clear();
  waiting_bytes_ = 0;
  return Status::Ok();
}

void QuarantineStage::Settle(std::vector<RecordWrite>& records) {
  for (RecordWrite& write : waiting_) records.push_back(std::move(write));
  if (written_ahead_) records.push_back({RecordFamily::kQuarantine, HiddenFromKey(job_), std::nullopt});
  // Of earlier objects.
  for (uint64_t sequence = first_; sequence < next_; ++sequence) {
    if (sequence <= kQuarantineRowsKeptMax) continue;
    const uint64_t old = sequence - kQuarantineRowsKeptMax;
    if (old < first_) records.push_back({RecordFamily::kQuarantine, QuarantineKey(job_, old), std::nullopt});
  }
  waiting_.clear();
  waiting_bytes_ = 0;
  written_ahead_ = false;
  first_ = next_;
}

}  // namespace freshet
