// SPDX-License-Identifier: Apache-2.0
// DerivedRows: rows of another table that follow from the rows of a job's one mirrored table, written in the same
// unit. The seam between sync/table_sink, which stores the mirrored rows, and what is made of them: sync/mapped_target
// and the tests' own. It never commits and decides nothing about the job. Used by the job's apply thread alone.
#pragma once

#include <vector>

#include "base/status.h"
#include "storage/content_hash.h"
#include "storage/unit_writer.h"
#include "sync/project_batch.h"

namespace freshet {

class DerivedRows {
 public:
  // What became of the changes of one Flush, each counted once.
  struct Outcome {
    int64_t loaded = 0;    // made rows, or were deletes
    int64_t filtered = 0;  // made no row
    std::vector<RejectedRow> rejected;
    ContentHash hash;  // of the rows made
  };

  virtual ~DerivedRows() = default;
  // Where the writer notes what it does to the mirrored rows; the same until the next Flush.
  virtual StoredChanges* changes() = 0;
  // Derives from all that was noted and adds it to the open unit.
  virtual Result<Outcome> Flush(UnitWriter& writer) = 0;
  // The mirrored table has this shape from now on; at the start and at each change. `knows_all_rows`: it has, or will
  // have when its copy is done, every row of its source. REQUIRES: nothing is noted. An error when nothing can be
  // derived from it: the change must not be applied.
  virtual Status ShapeChanged(const StoredTable& mirrored, bool knows_all_rows) = 0;
  // All rows of the mirrored table that were committed before this unit go: removes what was derived from them.
  // Commits pieces of the unit when there are many. REQUIRES: nothing is noted.
  virtual Status RemoveAll(UnitWriter& writer) = 0;
  // The unit was rolled back.
  virtual void Forget() = 0;
};

}  // namespace freshet
