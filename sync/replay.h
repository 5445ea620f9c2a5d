// SPDX-License-Identifier: Apache-2.0
// REPLAY QUARANTINE JOB: rejected rows through the job's SELECT once more, after the SELECT or the target was changed.
// Jobs that read cdc_stream(..) are here, jobs over objects in sync/replay_objects. A row is loaded only while the
// source still holds it as it was rejected: the shadow says so. What was changed or deleted since needs no replay and
// leaves the quarantine too. One commit. Called by the job's thread while no run of the job writes.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/status.h"
#include "sync/quarantine.h"
#include "sync/records.h"

namespace freshet {

struct QuarantinedRow {
  std::string key;  // of the quarantine's record
  QuarantineRecord record;
};
// `asked`: sequences of the quarantine's records; nullopt: all of the job.
Result<std::vector<QuarantinedRow>> LoadQuarantined(Store& store, JobId job,
                                                    const std::optional<std::vector<uint64_t>>& asked);

// `sequences`: of the quarantine's records; nullopt: all of the job.
Result<ReplayCounts> ReplayRejected(Store& store, const JobDefinition& job, const JobServiceOptions& limits,
                                    const std::optional<std::vector<uint64_t>>& sequences);

}  // namespace freshet
