// SPDX-License-Identifier: Apache-2.0
// CREATE JOB: making a job at its source and in the store. All that can fail is done before the one commit that
// makes it; nothing is left behind on failure. Called by the client's thread, once per job.
#pragma once

#include <vector>

#include "cdc/change/source.h"
#include "sync/mapping_factory.h"
#include "sync/records.h"

namespace freshet {

// FROM MYSQL|POSTGRES (..) TO DATABASE db.
Status MakeJob(Store& store, Connector& connector, const ParsedJob& parsed, const JobDefinition& job);

// The table that a table-level job writes. kNotFound; kConflict when a job owns it.
Result<StoredTablePtr> FindInsertTarget(Store& store, const InsertSelect& insert);

// Starts the log and commits job and tables; releases the log again on failure.
Status StartAndCommit(Store& store, Connector& connector, const ParsedJob& parsed, const JobDefinition& job,
                      const std::vector<TableName>& names);

}  // namespace freshet
