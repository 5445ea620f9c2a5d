// SPDX-License-Identifier: Apache-2.0
#include "sync/source_end.h"

namespace freshet {

void SourceEnd::Ask() {
  const auto now = Clock::System().Now();
  MutexLock lock(mutex_);
  if (stopped_ || running_ || (asked_ && now - asked_at_ < kSourceEndAgeMax)) return;
  asked_ = running_ = true;
  asked_at_ = now;
  // The thread before has nothing left to do but to end.
  thread_ = NamedThread("source-end", [this](StopToken) { Run(); });
}

void SourceEnd::Run() {
  Result<Position> end = look_up_();
  MutexLock lock(mutex_);
  if (end.ok()) known_ = std::move(end).value();
  running_ = false;
  done_.NotifyAll();
}

Position SourceEnd::Wait(Deadline deadline) {
  MutexLock lock(mutex_);
  while (running_ && !deadline.Passed()) (void)done_.WaitUntil(mutex_, deadline.at());
  return known_;
}

void SourceEnd::Stop() {
  NamedThread last;
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    last = std::move(thread_);
  }
  last.StopAndJoin();
}

}  // namespace freshet
