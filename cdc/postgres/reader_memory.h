// SPDX-License-Identifier: Apache-2.0
// ReaderMemory: what one connector's sources and scanners share. A server hands a transaction to log readers
// before queries see it, and not in the order in which they become visible: T1 may be logged before T2 and T2
// be visible first. So a scanner must check every transaction that was delivered of late, not the newest alone.
// Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/mutex.h"

namespace freshet {

class ReaderMemory {
 public:
  // Called by the log reader before it hands out the transaction's first row.
  void Delivered(uint32_t xid) {
    MutexLock lock(mutex_);
    if (xids_.size() < kXidsMax) {
      xids_.push_back(xid);
    } else {
      xids_[next_] = xid;
      next_ = (next_ + 1) % kXidsMax;
    }
  }
  // True when one of `running` has been delivered.
  bool AnyDelivered(const std::vector<uint32_t>& running) const {
    MutexLock lock(mutex_);
    for (const uint32_t xid : running) {
      for (const uint32_t delivered : xids_) {
        if (xid == delivered) return true;
      }
    }
    return false;
  }

  // Set when a row came in binary whose type has no binary decoder: later sources read in text.
  std::atomic<bool> text_only{false};

 private:
  // A transaction is invisible for microseconds after it is logged; with synchronous replication until the
  // standby answers, while at most max_connections of them wait. 65536 is far above both.
  static constexpr size_t kXidsMax = 65536;

  mutable Mutex mutex_;
  std::vector<uint32_t> xids_ GUARDED_BY(mutex_);
  size_t next_ GUARDED_BY(mutex_) = 0;
};

}  // namespace freshet
