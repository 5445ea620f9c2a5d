// SPDX-License-Identifier: Apache-2.0
// QuarantineStage: the rejected rows of one object until the object's commit. Few of them wait in memory; more are
// written ahead, under a mark that hides them from every reader until the commit takes the mark away. What a run wrote
// ahead and did not commit is removed by the next Load. So any number of rows is kept with bounded memory, and with
// their object or not at all. Used by the load thread alone.
//
//   kQuarantine   ahead/<job id>    the first sequence that is written ahead, as decimal digits
#pragma once

#include <vector>

#include "sync/quarantine.h"

namespace freshet {

// Rejected rows of an object that wait in memory; above this they are written ahead.
inline constexpr size_t kStagedBytesMax = 1u << 20;

class QuarantineStage {
 public:
  // Removes what was written ahead and not committed.
  static Result<QuarantineStage> Load(Store& store, JobId job, const Clock& clock);

  // Its job and time are filled here.
  Status Add(QuarantineRecord record);
  // Appends what the commit of the object needs: all rows added since the last one are in the quarantine with it. Older
  // ones make room. After a failed commit: Load.
  void Settle(std::vector<RecordWrite>& records);

 private:
  QuarantineStage(Store& store, JobId job, const Clock& clock, uint64_t next_sequence)
      : store_(&store), job_(job), clock_(&clock), first_(next_sequence), next_(next_sequence) {}
  Status WriteAhead();

  Store* store_;
  JobId job_;
  const Clock* clock_;
  uint64_t first_;  // sequences of this object: first_ up to next_
  uint64_t next_;
  bool written_ahead_ = false;
  std::vector<RecordWrite> waiting_;
  size_t waiting_bytes_ = 0;
};

}  // namespace freshet
