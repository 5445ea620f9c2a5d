// SPDX-License-Identifier: Apache-2.0
// REPLAY QUARANTINE JOB for jobs that load objects: the kept fields of rejected rows, read as a file of JSON lines,
// through the job's SELECT once more. Objects have no order between their rows and later ones, so a row never
// overwrites one: while the target has a row of its key it stays in the quarantine. One commit, with a task of its own
// in the ledger. Called by the job's thread while no run of the job writes.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/status.h"
#include "sync/records.h"

namespace freshet {

// kNotFound: the target is gone. kTimeout: somebody writes the target.
Result<ReplayCounts> ReplayObjectRows(Store& store, const JobDefinition& job, const JobServiceOptions& limits,
                                      const std::optional<std::vector<uint64_t>>& sequences);

}  // namespace freshet
