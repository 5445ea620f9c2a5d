// SPDX-License-Identifier: Apache-2.0
// JobRunner: one job and its thread. The thread alone moves the job's machine, persists its state and makes,
// stops and replaces the run (sync/job_run). Commands of users run on that thread and return their result. Owned by
// JobService.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/stop.h"
#include "sync/job_run.h"
#include "sync/pipeline.h"
#include "sync/replay.h"
#include "sync/source_end.h"

namespace freshet {

class JobRunner : private JobRunListener {
 public:
  JobRunner(Store& store, const ConnectorFactory& connectors, JobServiceOptions limits, const Clock& clock,
            JobDefinition definition);
  ~JobRunner() override;
  // Shows what is stored (tables, position, totals) and enters the job among its target's writers; before Start, and of
  // all jobs before any of them writes.
  Status Restore();
  // Starts the thread; PENDING and RUNNING jobs go on.
  void Start();
  // Ends the thread and the run; the stored state stays what it is.
  void Stop();

  // --- commands, any thread; kTimeout when the job's thread is busy for too long
  Status Pause();
  Status Resume();
  Status Drop();
  Status Alter(const AlterJob& statement);
  Status AlterTables(const AlterJobTables& statement);
  // REPLAY QUARANTINE JOB, see sync/replay.
  Result<ReplayCounts> Replay(const std::optional<std::vector<uint64_t>>& sequences);
  // Takes in what happened to tables beside the log (LookAtCatalog of the source's connector). True when that is
  // complete only once the log has been applied up to now: then look again.
  Result<bool> LookAtCatalog();

  JobDefinition definition() const;
  JobProgress& progress() { return progress_; }
  const JobProgress& progress() const { return progress_; }
  // A control connection with the job's login. Callers own it.
  Result<std::unique_ptr<Connector>> MakeConnector() const;
  Result<ParsedJob> Parsed() const;
  // Starts a look-up of the end of the source's log, when it is due and the job's state allows it. Does not block.
  void AskForSourceEnd();
  // The newest one known, empty before the first; waits for a look-up that is under way.
  Position SourceEndAt(Deadline deadline);

 private:
  struct Command {
    std::function<Status()> body;
    Status result;
    bool done = false;
  };
  void OnProgress() override;
  void OnFailed(Status status, Phase phase) override;
  void OnSettled() override;

  Status Run(std::function<Status()> body);
  void Loop(StopToken stop);
  void RunCommand(const std::shared_ptr<Command>& command);
  void TakeEvents();
  Status Feed(const JobInput& input);
  void Act(JobAction action, const JobState& state);
  void StartRun();
  Result<std::unique_ptr<JobRun>> OpenRun();
  void StopRun(std::string_view task_status, std::string_view error);
  Status ReloadSchemas();
  Result<Position> CurrentPosition() const;
  void ReleaseSource();
  Status SaveDefinition(const JobDefinition& definition);
  Status ChangeTables(const AlterJobTables& statement);
  // REQUIRES: no run, a connector. The caller saves `job`.
  Status ApplyToTables(const AlterJobTables& statement, JobDefinition& job);
  Status AlterInsert(JobDefinition job, const AlterJob& statement);
  // --- tables that came and went beside the log, in job_runner_look.cc
  Status Look(bool& look_again);
  void LookIfDue();
  Status AddCreated(const std::vector<TableName>& tables);

  Store& store_;
  const ConnectorFactory& connectors_;
  const JobServiceOptions limits_;
  const Clock& clock_;
  JobProgress progress_;
  SourceEnd source_end_;

  // The job's thread only.
  std::unique_ptr<Connector> connector_;
  std::unique_ptr<JobRun> run_;
  std::chrono::steady_clock::time_point run_since_ = {};
  bool run_progressed_ = false;
  std::chrono::steady_clock::time_point looked_ = {};
  std::set<TableName> unfit_;      // created tables that cannot be mirrored as they are: said once
  std::set<std::string> refused_;  // created tables that the job cannot take: not tried again by itself

  mutable Mutex mutex_;
  CondVar wake_;
  CondVar answered_;
  JobDefinition definition_ GUARDED_BY(mutex_);
  std::deque<std::shared_ptr<Command>> commands_ GUARDED_BY(mutex_);
  bool progressed_ GUARDED_BY(mutex_) = false;
  bool settled_ GUARDED_BY(mutex_) = false;
  std::optional<PipelineFailed> failed_ GUARDED_BY(mutex_);
  bool stopped_ GUARDED_BY(mutex_) = false;
  NamedThread thread_;
};

}  // namespace freshet
