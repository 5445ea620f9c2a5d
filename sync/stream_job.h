// SPDX-License-Identifier: Apache-2.0
// Jobs that read cdc_stream(..) (CREATE JOB .. DO INSERT INTO t SELECT .. FROM cdc_stream(..)): making one, altering
// one, and what its run derives rows with. Called by clients' threads (making) and the job's thread.
#pragma once

#include <functional>
#include <memory>

#include "cdc/change/source.h"
#include "storage/unit_writer.h"
#include "sync/derived_rows.h"
#include "sync/mapping_factory.h"
#include "sync/records.h"

namespace freshet {

// Fills `job`'s target and columns, then makes job and shadow in one commit; nothing is left behind on failure.
// kNotFound "Table does not exist: t" for the source's table; the target must be there and no job's own.
Status MakeStreamJob(Store& store, Connector& connector, const MappingFactory& mappings, JobDefinition& job);

// Says that the job writes its target from now on (storage/target_writers); nothing for one that reads no
// cdc_stream(..). To be called before this process writes a row of it there. DROP JOB takes the job out again.
Status EnterTargetWriter(Store& store, const JobDefinition& job);

// ALTER JOB with a new SELECT, in `job.insert`. Checks it against source and target as they are now. Nothing is
// written.
struct SelectAdoption {
  TableName table;  // the source's
  // It reads columns that the shadow was not given, or gives rows other keys: what `before` made is not found again.
  bool needs_copy = false;
};
Result<SelectAdoption> AdoptSelect(Store& store, Connector& connector, const MappingFactory& mappings,
                                   const InsertSelect& before, JobDefinition& job);

// RESYNC TABLE: from then on `job` has its newest SELECT and the columns that this one reads, no others.
Status AdoptForResync(Store& store, Connector& connector, const MappingFactory& mappings, JobDefinition& job);

// Removes the job's rows from its target, if that is still there. May commit pieces.
Status RemoveMappedRows(UnitWriter& writer, const JobDefinition& job, const JobServiceOptions& limits);

// For TableSink::Settings::derive.
std::function<std::unique_ptr<DerivedRows>()> MappedTargetOf(Store& store, const JobDefinition& job,
                                                             const ParsedJob& parsed, const JobServiceOptions& limits);

}  // namespace freshet
