// SPDX-License-Identifier: Apache-2.0
// Changes of a job's stored shape while its pipeline is down: its table list (ALTER JOB ADD / DROP / RESYNC TABLE),
// its position, deleting it. Each change is one atomic commit. Called by the job's thread.
#pragma once

#include <functional>
#include <vector>

#include "cdc/change/source.h"
#include "storage/unit_writer.h"
#include "sync/job_progress.h"
#include "sync/records.h"

namespace freshet {

// The definition's properties, validated, with added and removed tables in the filter and the job's names set.
Result<ParsedJob> ParseDefinition(const JobDefinition& job);

// Tables of one job with their shapes, columns marked as excluded; every problem of any table is in the one
// error.
Result<std::vector<SchemaPtr>> DescribeAll(Connector& connector, const JobOptions& options,
                                           const std::vector<TableName>& names);

// The next task's window begins where the job is then, not where the last one ended.
Status RestartWindows(Store& store, UnitWriter& writer, JobId job);

// The job reads on from `position` (checked at the source). Its tables may miss rows from now on.
Status MovePosition(Store& store, Connector& connector, JobId job, const Position& position);

// What happened beside the log to the job's tables that are not stopped, and which tables are new.
Result<CatalogNews> FindNews(Store& store, Connector& connector, const JobDefinition& job);

// Releases the tables (rows stay), deletes all records. Safe to repeat.
Status DeleteJob(Store& store, JobId job);

// ALTER JOB ADD | DROP | RESYNC TABLE. `job` gets the new table lists; the caller saves it.
struct JobTables {
  Store& store;
  Connector& connector;
  JobProgress& progress;
  JobDefinition& job;
  // Empty or: runs in the commit of a RESYNC, before the tables are emptied.
  std::function<Status(UnitWriter&)> before_resync;

  Status Apply(const AlterJobTables& statement);
  // Describes all tables anew (reload_source_schema). Those whose shape is not the one the job follows, and stopped
  // ones, are copied again; a table that cannot be described is left as it is.
  Status ReloadSchemas();

 private:
  Result<TableName> Resolve(const std::string& text, const SourceOptions& source) const;
  Status Add(const std::vector<TableName>& names);
  Status Remove(const std::vector<TableName>& names);
  Status RemoveOne(const TableName& name);
  Status Resync(const std::vector<TableName>& names);
};

}  // namespace freshet
