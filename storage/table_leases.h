// SPDX-License-Identifier: Apache-2.0
// TableLeases: who may write which table without an owner, one writer at a time, in the order of asking. In memory
// only: a crash ends them all, and what a writer left unfinished is undone at start. Not a lock of rows or of readers,
// which never wait. Owned by Engine; thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/id.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/stop.h"

namespace freshet {

class TableLeases {
 public:
  // One per writer.
  struct Holder {
    uint64_t number = 0;  // unique in the process
    std::string name;     // what waiting writers are told: "job 12"
  };
  uint64_t NextHolder() EXCLUDES_LOCK(mutex_);

  // Waits for its turn. Ok at once when `holder` has the table already. kTimeout names the table and who holds it,
  // kCancelled on a stop. `table_name` is for the message.
  Status Acquire(TableId table, const std::string& table_name, const Holder& holder, Deadline deadline,
                 const StopToken& stop) EXCLUDES_LOCK(mutex_);
  bool Holds(TableId table, uint64_t holder) const EXCLUDES_LOCK(mutex_);
  void ReleaseAll(uint64_t holder) EXCLUDES_LOCK(mutex_);

 private:
  struct Lease {
    Holder holder;                 // number 0: nobody's
    std::deque<uint64_t> waiting;  // tickets, oldest first
  };
  Status TimedOut(const Lease& lease, const std::string& table_name) const;

  mutable Mutex mutex_;
  CondVar released_;  // a lease or a turn was given up, or a waiter was stopped
  uint64_t last_holder_ GUARDED_BY(mutex_) = 0;
  uint64_t last_ticket_ GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, Lease> leases_ GUARDED_BY(mutex_);  // by table id; only those held or waited for
};

}  // namespace freshet
