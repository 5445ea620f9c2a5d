// SPDX-License-Identifier: Apache-2.0
// ALTER JOB of table-level jobs: what may change and what the job is afterwards (reference 1.7). Pure: whether the
// new SELECT fits source and target is found out by sync/stream_job and sync/object_job.
#pragma once

#include "base/status.h"
#include "sync/records.h"

namespace freshet {

struct InsertAlteration {
  InsertSelect insert;  // secrets that were given masked, as jobs() shows them, are the old ones
  Properties job_properties;
  bool select_changed = false;  // the SELECT or the list of target columns
};

// kInvalid names what cannot be modified, or that nothing changed. REQUIRES: job.insert, and `alteration.insert`, if
// given, has its database.
Result<InsertAlteration> MergeInsertAlteration(const JobDefinition& job, const AlterJob& alteration);

}  // namespace freshet
