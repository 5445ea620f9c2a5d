// SPDX-License-Identifier: Apache-2.0
// GroupSync: one thread that makes writes durable in groups. A write is fsynced at most `delay_max` after it
// was noted, at once when somebody waits for it. It knows commit numbers only, not what they wrote.
// Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/stop.h"

namespace freshet {

class GroupSync {
 public:
  // `sync` makes everything written so far durable; called by the thread only. After an error it is called
  // again, at most kRetryDelay later.
  GroupSync(std::function<Status()> sync, std::chrono::milliseconds delay_max);
  // Syncs once more what is not durable, then ends the thread.
  ~GroupSync();

  // Commit `commit` has been written. Numbers grow.
  void Written(uint64_t commit);
  uint64_t durable() const;
  // kTimeout at the deadline; kLocalIo when the last sync failed and `commit` is not durable.
  Status Wait(uint64_t commit, Deadline deadline);

 private:
  static constexpr std::chrono::milliseconds kRetryDelay{200};

  void Run(StopToken stop);
  // Releases mutex_ while it syncs.
  void SyncOnce() REQUIRES_LOCK(mutex_);

  const std::function<Status()> sync_;
  const std::chrono::milliseconds delay_max_;

  mutable Mutex mutex_;
  CondVar wake_;     // the thread: something was written, or somebody waits
  CondVar settled_;  // waiters: a sync ended
  uint64_t written_ GUARDED_BY(mutex_) = 0;
  uint64_t durable_ GUARDED_BY(mutex_) = 0;
  uint64_t wanted_ GUARDED_BY(mutex_) = 0;  // highest commit that somebody waits for
  uint64_t failures_ GUARDED_BY(mutex_) = 0;
  Status failure_ GUARDED_BY(mutex_);  // of the last sync
  std::chrono::steady_clock::time_point due_ GUARDED_BY(mutex_);

  NamedThread thread_;  // last: starts when everything above is there
};

}  // namespace freshet
