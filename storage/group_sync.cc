// SPDX-License-Identifier: Apache-2.0
#include "storage/group_sync.h"

#include <algorithm>

#include "base/log.h"

namespace freshet {

GroupSync::GroupSync(std::function<Status()> sync, std::chrono::milliseconds delay_max)
    : sync_(std::move(sync)), delay_max_(delay_max), thread_("store-sync", [this](StopToken stop) { Run(stop); }) {}

GroupSync::~GroupSync() {
  {
    MutexLock lock(mutex_);
    thread_.RequestStop();
    wake_.NotifyAll();
  }
  thread_.StopAndJoin();
}

void GroupSync::Written(uint64_t commit) {
  MutexLock lock(mutex_);
  if (written_ == durable_) {
    due_ = Clock::System().Now() + delay_max_;
    wake_.NotifyAll();
  }
  written_ = std::max(written_, commit);
}

uint64_t GroupSync::durable() const {
  MutexLock lock(mutex_);
  return durable_;
}

Status GroupSync::Wait(uint64_t commit, Deadline deadline) {
  MutexLock lock(mutex_);
  const uint64_t failures_before = failures_;
  while (durable_ < commit) {
    // A failure from before this call may be over: at least one sync is awaited.
    if (failures_ != failures_before) return failure_.Copy().At("make writes durable");
    wanted_ = std::max(wanted_, commit);
    wake_.NotifyAll();
    if (!settled_.WaitUntil(mutex_, deadline.at()) && deadline.Passed() && durable_ < commit) {
      return Status(Code::kTimeout, "writes are not durable yet");
    }
  }
  return Status::Ok();
}

void GroupSync::Run(StopToken stop) {
  MutexLock lock(mutex_);
  while (!stop.stop_requested()) {
    if (written_ == durable_) {
      wake_.Wait(mutex_);
      continue;
    }
    const bool awaited = wanted_ > durable_ && failure_.ok();
    if (!awaited && Clock::System().Now() < due_) {
      (void)wake_.WaitUntil(mutex_, due_);
      continue;
    }
    SyncOnce();
  }
  if (written_ != durable_) SyncOnce();
}

void GroupSync::SyncOnce() {
  const uint64_t target = written_;
  mutex_.Unlock();
  Status status = sync_();
  mutex_.Lock();
  if (status.ok()) {
    durable_ = target;
    due_ = Clock::System().Now() + delay_max_;  // for what was written meanwhile
  } else {
    ++failures_;
    due_ = Clock::System().Now() + kRetryDelay;
    if (failure_.ok()) Log(LogLevel::kError, "store_sync", {{"error", status.ToString()}});
  }
  failure_ = std::move(status);
  settled_.NotifyAll();
}

}  // namespace freshet
