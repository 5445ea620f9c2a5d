// SPDX-License-Identifier: Apache-2.0
// TargetWriters: which jobs write a table without an owner through a SELECT over a log. A job is one from CREATE JOB to
// DROP JOB, running or not: its claims on rows (row_owner.h) count for just so long. In memory only: the service of the
// jobs enters them, before it starts the job's thread; who writes rows asks, with the table's lease. Owned by Engine;
// thread-safe.
//
// Why no claim is missed: the only writer of a table puts its rows without a look at what is stored. It asks when it
// has the lease and keeps that until its rows are committed. A job that is entered after that needs the lease for its
// first row, so none of its rows can be among those that are overwritten unseen; one that was entered before is in the
// answer.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/id.h"
#include "base/mutex.h"

namespace freshet {

class TargetWriters {
 public:
  struct Writer {
    uint64_t job = 0;
    bool follows = true;  // false: it loads what the source holds once, and takes nothing away later
  };
  // From now on the job writes this table, and no other.
  void Enter(TableId table, Writer writer) EXCLUDES_LOCK(mutex_);
  void Remove(JobId job) EXCLUDES_LOCK(mutex_);
  std::vector<Writer> Of(TableId table) const EXCLUDES_LOCK(mutex_);

 private:
  void RemoveLocked(uint64_t job) REQUIRES_LOCK(mutex_);

  mutable Mutex mutex_;
  std::map<uint64_t, std::vector<Writer>> writers_ GUARDED_BY(mutex_);  // by table id
};

}  // namespace freshet
