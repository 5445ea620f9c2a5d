// SPDX-License-Identifier: Apache-2.0
// JobRunner: ALTER JOB.
#include "sync/insert_alteration.h"
#include "sync/job_runner.h"
#include "sync/job_tables.h"
#include "sync/object_job.h"
#include "sync/replay.h"
#include "sync/replay_objects.h"
#include "sync/stream_job.h"

namespace freshet {

Status JobRunner::Alter(const AlterJob& statement) {
  return Run([this, statement]() -> Status {
    JobDefinition job = definition();
    if (!std::holds_alternative<JobPaused>(job.state)) return Status(Code::kConflict, "Only PAUSED job can be altered");
    if (job.insert) return AlterInsert(std::move(job), statement);
    ASSIGN_OR_RETURN(job.properties, MergeAlteration(job.kind, job.target_database, job.properties, statement));
    if (const std::string* offset = FindProperty(statement.job_properties, "offset")) {
      ASSIGN_OR_RETURN(const Position position, Position::FromJson(*offset));
      ASSIGN_OR_RETURN(const ParsedJob parsed, ParseDefinition(job));
      ASSIGN_OR_RETURN(std::unique_ptr<Connector> connector, connectors_(parsed.source));
      TRY(MovePosition(store_, *connector, job.id, position));
    }
    const std::string* reload = FindProperty(statement.job_properties, "reload_source_schema");
    if (reload != nullptr && *reload == "true") job.reload_schema = true;
    connector_.reset();
    return SaveDefinition(job);
  });
}

Status JobRunner::AlterTables(const AlterJobTables& statement) {
  return Run([this, statement] { return ChangeTables(statement); });
}

Status JobRunner::ChangeTables(const AlterJobTables& statement) {
  JobDefinition job = definition();
  if (OverObjects(job)) {
    return Status(
        Code::kUnsupported,
        "a job over s3(..) has no tables to add, drop or copy again. To load objects again, PAUSE JOB and ALTER "
        "JOB .. PROPERTIES(\"offset\"=\"{\\\"fileName\\\":\\\"<key>\\\"}\"): those after the key come again");
  }
  const bool active = std::holds_alternative<JobRunning>(job.state) || std::holds_alternative<JobPending>(job.state);
  if (!active && !std::holds_alternative<JobPaused>(job.state)) {
    return Status(Code::kConflict, "Can't alter a job in status " + std::string(JobStateName(job.state)));
  }
  if (connector_ == nullptr) {
    ASSIGN_OR_RETURN(connector_, MakeConnector());
  }
  // The writer of a job's rows is one: the run lets go of it while its table list changes.
  StopRun("SUCCESS", "");
  Status status = ApplyToTables(statement, job);
  if (status.ok()) status = SaveDefinition(job);
  if (active) StartRun();
  return status;
}

Result<ReplayCounts> JobRunner::Replay(const std::optional<std::vector<uint64_t>>& sequences) {
  ReplayCounts counts;
  TRY(Run([this, &counts, sequences]() -> Status {
    const JobDefinition job = definition();
    if (!job.insert) {
      return Status(Code::kUnsupported, "a job that mirrors a database has no SELECT to replay its quarantine through");
    }
    const bool active = run_ != nullptr;
    StopRun("SUCCESS", "");  // the writer of a job's rows is one
    Result<ReplayCounts> replayed = job.insert->function == "cdc_stream"
                                        ? ReplayRejected(store_, job, limits_, sequences)
                                        : ReplayObjectRows(store_, job, limits_, sequences);
    if (active) StartRun();
    if (replayed.ok()) counts = *replayed;
    return replayed.status().Copy();
  }));
  return counts;
}

Status JobRunner::ApplyToTables(const AlterJobTables& statement, JobDefinition& job) {
  if (!job.insert) return JobTables{store_, *connector_, progress_, job, {}}.Apply(statement);
  if (statement.action != AlterJobTables::Action::kResync) {
    return Status(Code::kInvalid, "a job that runs an INSERT has the one table of its SELECT");
  }
  const JobDefinition before = job;  // its target may be gone, and another one there
  TRY(AdoptForResync(store_, *connector_, limits_.mappings, job));
  JobTables tables{store_, *connector_, progress_, job,
                   [&](UnitWriter& writer) { return RemoveMappedRows(writer, before, limits_); }};
  return tables.Apply(statement);
}

Status JobRunner::AlterInsert(JobDefinition job, const AlterJob& statement) {
  ASSIGN_OR_RETURN(InsertAlteration merged, MergeInsertAlteration(job, statement));
  const InsertSelect before = std::exchange(*job.insert, std::move(merged.insert));
  job.properties.job = std::move(merged.job_properties);
  ASSIGN_OR_RETURN(const ParsedJob parsed, ParseDefinition(job));
  const std::string* offset = FindProperty(statement.job_properties, "offset");
  connector_.reset();
  if (parsed.mode == JobMode::kObjects) {
    if (statement.insert) TRY(AdoptObjectSelect(store_, limits_.mappings, limits_.objects, before, job));
    if (offset != nullptr) TRY(MoveObjectOffset(store_, job, parsed.insert.objects.start_after));
    TRY(SaveDefinition(job));
    return RestoreObjects(store_, job, limits_.objects, progress_, clock_);
  }
  ASSIGN_OR_RETURN(connector_, connectors_(parsed.source));
  SelectAdoption adoption;  // before anything is written: it may be refused
  if (merged.select_changed) {
    ASSIGN_OR_RETURN(adoption, AdoptSelect(store_, *connector_, limits_.mappings, before, job));
  }
  if (offset != nullptr) TRY(MovePosition(store_, *connector_, job.id, parsed.options.start));
  if (adoption.needs_copy) {
    TRY(ApplyToTables({job.name, AlterJobTables::Action::kResync, {adoption.table.ToString()}}, job));
  }
  return SaveDefinition(job);
}

}  // namespace freshet
