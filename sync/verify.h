// SPDX-License-Identifier: Apache-2.0
// Source == mirror, table by table: the source is read chunk by chunk like a copy, encoded like a copy, and
// hashed; so are the stored rows. Runs on a client's thread, beside the job.
#pragma once

#include <vector>

#include "sync/job_progress.h"
#include "sync/records.h"

namespace freshet {

// Sources that share a target are compared as their union and have the same verdict each. Rows that could not be
// loaded are left out and named in `detail`. Tables that are not READY come with `detail` and equal == false. A
// difference seen while the log moved is looked at once more.
Result<std::vector<TableVerdict>> VerifyTables(Store& store, Connector& connector, const JobDefinition& job,
                                               int64_t split_rows, JobProgress& progress, Deadline deadline,
                                               StopToken stop);

}  // namespace freshet
