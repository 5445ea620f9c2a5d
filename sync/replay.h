// SPDX-License-Identifier: Apache-2.0
// REPLAY QUARANTINE JOB: rejected rows through the job's SELECT once more, after the SELECT or the target was changed.
// Jobs that read cdc_stream(..) are here, jobs over objects in sync/replay_objects. A row is loaded only while the
// source still holds it as it was rejected: the shadow says so. What was changed or deleted since needs no replay and
// leaves the quarantine too. One commit, with a task of its own in the ledger. Called by the job's thread while no run
// of the job writes.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/status.h"
#include "storage/unit_writer.h"
#include "sync/quarantine.h"
#include "sync/records.h"
#include "sync/task_ledger.h"

namespace freshet {

struct QuarantinedRow {
  std::string key;  // of the quarantine's record
  QuarantineRecord record;
};
// `asked`: sequences of the quarantine's records; nullopt: all of the job.
Result<std::vector<QuarantinedRow>> LoadQuarantined(Store& store, JobId job,
                                                    const std::optional<std::vector<uint64_t>>& asked);

// Adds what rows of the target that were written amount to.
Status CountReplayed(const StoredTable& target, const RowBatch& rows, TaskLedger::Amount& loaded);
// Commits the unit with a task of its own in the ledger. `stay`: rows that are in the quarantine afterwards.
Status CommitReplay(Store& store, UnitWriter& writer, JobId job, const ReplayCounts& counts, int64_t stay,
                    TaskLedger::Amount loaded);

// `sequences`: of the quarantine's records; nullopt: all of the job.
Result<ReplayCounts> ReplayRejected(Store& store, const JobDefinition& job, const JobServiceOptions& limits,
                                    const std::optional<std::vector<uint64_t>>& sequences);

}  // namespace freshet
