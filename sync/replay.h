// SPDX-License-Identifier: Apache-2.0
// REPLAY QUARANTINE JOB: rejected rows of a job that reads cdc_stream(..) through its SELECT once more, after the
// SELECT or the target was changed. A row is loaded only while the source still holds it as it was rejected: the
// shadow says so. What was changed or deleted since needs no replay and leaves the quarantine too. One commit.
// Called by the job's thread while no run of the job writes.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/status.h"
#include "sync/records.h"

namespace freshet {

// `sequences`: of the quarantine's records; nullopt: all of the job.
Result<ReplayCounts> ReplayRejected(Store& store, const JobDefinition& job, const JobServiceOptions& limits,
                                    const std::optional<std::vector<uint64_t>>& sequences);

}  // namespace freshet
