// SPDX-License-Identifier: Apache-2.0
// The implementation of JobService: a map of runners, and what can be asked of all of them.
#include "sync/job_service.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "base/log.h"
#include "base/mutex.h"
#include "sync/job_creation.h"
#include "sync/job_rows.h"
#include "sync/job_runner.h"
#include "sync/job_tables.h"
#include "sync/ledger_rows.h"
#include "sync/object_job.h"
#include "sync/shadow_table.h"
#include "sync/stoppable_connector.h"
#include "sync/stream_job.h"
#include "sync/verify.h"
#include "sync/verify_target.h"

namespace freshet {

namespace {

// Readers return to us several times a second: a minute of silence is a hang, not a quiet source.
constexpr int64_t kSilentMsMax = 60'000;
// jobs() waits so long for all sources' ends together; what is not known by then is shown as last known.
constexpr std::chrono::milliseconds kSourceEndWaitMax{400};

class JobServiceImpl : public JobService {
 public:
  JobServiceImpl(Store& store, ConnectorFactory connectors, JobServiceOptions options, const Clock& clock)
      : store_(store), connectors_(std::move(connectors)), options_(options), clock_(clock) {}
  ~JobServiceImpl() override { Stop(); }

  Status Restore();

  Status Create(const CreateJob& statement, const std::string& definer, StopToken stop) override;
  Status Alter(const AlterJob& statement) override {
    return With(statement.name, [&](JobRunner& runner) { return runner.Alter(statement); });
  }
  Status AlterTables(const AlterJobTables& statement) override {
    return With(statement.name, [&](JobRunner& runner) { return runner.AlterTables(statement); });
  }
  Status Pause(const std::string& name) override {
    return With(name, [](JobRunner& runner) { return runner.Pause(); });
  }
  Status Resume(const std::string& name) override {
    return With(name, [](JobRunner& runner) { return runner.Resume(); });
  }
  Status Drop(const std::string& name, bool if_exists) override;
  Result<std::string> Sync(const std::string& name, Deadline deadline, StopToken stop) override;
  Result<std::vector<TableVerdict>> Verify(const std::string& name, Deadline deadline, StopToken stop) override;
  std::vector<TableProgress> Tables(const std::string& name) const override;
  std::string State(const std::string& name) const override;
  std::string LastError(const std::string& name) const override;
  JobFlow Flow(const std::string& name) const override;
  SystemTable JobsTable() override;
  SystemTable TasksTable() override;
  SystemTable JobTablesTable() override;
  SystemTable LedgerTable() override;
  SystemTable QuarantineTable() override;
  Result<ReplayCounts> Replay(const std::string& name,
                              const std::optional<std::vector<uint64_t>>& quarantine_ids) override {
    const RunnerPtr runner = Find(name);
    if (runner == nullptr) return NoSuchJob(name);
    return runner->Replay(quarantine_ids);
  }
  std::vector<std::string> UnhealthyReasons() const override;
  void Stop() override;

 private:
  using RunnerPtr = std::shared_ptr<JobRunner>;
  template <typename F>
  Status With(const std::string& name, F body) {
    const RunnerPtr runner = Find(name);
    if (runner == nullptr) return NoSuchJob(name);
    return body(*runner);
  }
  template <typename F>
  SystemTable TableOfJob(std::vector<std::string> columns, F rows_of);
  Result<JobDefinition> NewJob(const CreateJob& statement, const std::string& definer);
  Status Make(JobDefinition& job, StopToken stop);
  static Status NoSuchJob(const std::string& name) { return Status(Code::kNotFound, "job not exist, jobName:" + name); }
  RunnerPtr Find(const std::string& name) const;
  std::vector<RunnerPtr> All() const;
  static JobView View(JobRunner& runner, Deadline deadline);

  Store& store_;
  const ConnectorFactory connectors_;
  const JobServiceOptions options_;
  const Clock& clock_;
  mutable Mutex mutex_;
  // A name with no runner is being created.
  std::map<std::string, RunnerPtr> runners_ GUARDED_BY(mutex_);
};

Status JobServiceImpl::Restore() {
  ASSIGN_OR_RETURN(const auto records, store_.ScanRecords(RecordFamily::kJobs, kJobKeyPrefix));
  for (const auto& [key, value] : records) {
    ASSIGN_OR_RETURN(JobDefinition job, DecodeJob(value));
    if (std::holds_alternative<JobStopped>(job.state)) {  // a crash in the middle of DROP JOB
      TRY(DeleteJob(store_, job.id));
      continue;
    }
    const std::string name = job.name;
    auto runner = std::make_shared<JobRunner>(store_, connectors_, options_, clock_, std::move(job));
    TRY(runner->Restore());
    MutexLock lock(mutex_);
    runners_[name] = std::move(runner);
  }
  for (const RunnerPtr& runner : All()) runner->Start();
  return Status::Ok();
}

JobServiceImpl::RunnerPtr JobServiceImpl::Find(const std::string& name) const {
  MutexLock lock(mutex_);
  const auto found = runners_.find(name);
  return found == runners_.end() ? nullptr : found->second;
}

std::vector<JobServiceImpl::RunnerPtr> JobServiceImpl::All() const {
  MutexLock lock(mutex_);
  std::vector<RunnerPtr> all;
  for (const auto& [name, runner] : runners_) {
    if (runner) all.push_back(runner);
  }
  return all;
}

Status JobServiceImpl::Create(const CreateJob& statement, const std::string& definer, StopToken stop) {
  if (statement.name.empty()) return Status(Code::kInvalid, "Job name can not be empty");
  if (statement.name.starts_with("__")) return Status(Code::kInvalid, "job name can not start with __");
  ASSIGN_OR_RETURN(JobDefinition job, NewJob(statement, definer));
  {
    MutexLock lock(mutex_);
    if (runners_.contains(statement.name)) {
      if (statement.if_not_exists) return Status::Ok();
      return Status(Code::kExists, "job name exist, jobName:" + statement.name);
    }
    if (runners_.size() >= static_cast<size_t>(options_.jobs_max)) {
      return Status(Code::kConflict,
                    "Exceed max streaming job num limit in fe.conf:" + std::to_string(options_.jobs_max));
    }
    runners_[statement.name] = nullptr;  // the name is taken while the source is asked
  }
  Status status = Make(job, std::move(stop));
  MutexLock lock(mutex_);
  if (!status.ok()) {
    runners_.erase(statement.name);
    return status;
  }
  auto runner = std::make_shared<JobRunner>(store_, connectors_, options_, clock_, job);
  status = runner->Restore();
  runner->Start();
  runners_[statement.name] = std::move(runner);
  Log(LogLevel::kInfo, "job_created", {{"job", job.name}, {"id", job.id.value}});
  return status;
}

// Checks everything that needs no source.
Result<JobDefinition> JobServiceImpl::NewJob(const CreateJob& statement, const std::string& definer) {
  JobDefinition job;
  job.name = statement.name;
  job.definer = definer;
  job.comment = statement.comment;
  job.created_us = clock_.WallUs();
  job.kind = statement.source;
  job.target_database = statement.target_database;
  job.properties = {statement.job_properties, statement.source_properties, statement.target_properties};
  if (statement.insert) {
    job.insert = statement.insert;
    job.target_database = kShadowDatabase;
  }
  ASSIGN_OR_RETURN(const ParsedJob parsed, ParseDefinition(job));
  if (parsed.mode == JobMode::kStream) job.kind = parsed.source.kind;
  return job;
}

// The id, the source and the store.
Status JobServiceImpl::Make(JobDefinition& job, StopToken stop) {
  ASSIGN_OR_RETURN(const uint64_t id, store_.NextId());
  job.id = JobId{id};
  ASSIGN_OR_RETURN(const ParsedJob parsed, ParseDefinition(job));
  if (parsed.mode == JobMode::kObjects) return MakeObjectJob(store_, options_.mappings, options_.objects, job);
  ASSIGN_OR_RETURN(std::unique_ptr<Connector> made, connectors_(parsed.source));
  StoppableConnector connector(std::move(made), std::move(stop));
  if (parsed.mode == JobMode::kStream) return MakeStreamJob(store_, connector, options_.mappings, job);
  return MakeJob(store_, connector, parsed, job);
}

Status JobServiceImpl::Drop(const std::string& name, bool if_exists) {
  const RunnerPtr runner = Find(name);
  if (runner == nullptr) return if_exists ? Status::Ok() : NoSuchJob(name);
  TRY(runner->Drop());
  runner->Stop();
  MutexLock lock(mutex_);
  runners_.erase(name);
  return Status::Ok();
}

Result<std::string> JobServiceImpl::Sync(const std::string& name, Deadline deadline, StopToken stop) {
  const RunnerPtr runner = Find(name);
  if (runner == nullptr) return NoSuchJob(name);
  const JobDefinition job = runner->definition();
  if (!std::holds_alternative<JobRunning>(job.state) && !std::holds_alternative<JobPending>(job.state)) {
    const std::string error = LastError(name);
    return Status(Code::kConflict,
                  "job " + name + " is " + std::string(JobStateName(job.state)) + (error.empty() ? "" : ": " + error));
  }
  ASSIGN_OR_RETURN(const ParsedJob parsed, runner->Parsed());
  if (parsed.mode == JobMode::kObjects) {
    ASSIGN_OR_RETURN(const Position reached, runner->progress().WaitPass(deadline, stop));
    return reached.ToJson();
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<Connector> connector, runner->MakeConnector());
  while (true) {
    ASSIGN_OR_RETURN(const bool look_again, runner->LookAtCatalog());
    ASSIGN_OR_RETURN(const Position target, connector->CurrentPosition());
    ASSIGN_OR_RETURN(const Position reached, runner->progress().WaitApplied(target, deadline, stop));
    if (!look_again) return reached.ToJson();
  }
}

Result<std::vector<TableVerdict>> JobServiceImpl::Verify(const std::string& name, Deadline deadline, StopToken stop) {
  TRY(Sync(name, deadline, stop).status());
  const RunnerPtr runner = Find(name);
  if (runner == nullptr) return NoSuchJob(name);
  ASSIGN_OR_RETURN(const ParsedJob parsed, runner->Parsed());
  if (parsed.mode == JobMode::kObjects) {
    return Status(Code::kUnsupported,
                  "VERIFY JOB compares with a database; what was loaded of each object is in ledger()");
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<Connector> connector, runner->MakeConnector());
  const JobDefinition job = runner->definition();
  ASSIGN_OR_RETURN(
      std::vector<TableVerdict> verdicts,
      VerifyTables(store_, *connector, job, parsed.options.snapshot_split_size, runner->progress(), deadline, stop));
  if (parsed.mode == JobMode::kStream) {
    ASSIGN_OR_RETURN(TableVerdict target, VerifyMappedTarget(store_, options_.mappings, job, stop));
    verdicts.push_back(std::move(target));
  }
  return verdicts;
}

std::vector<TableProgress> JobServiceImpl::Tables(const std::string& name) const {
  const RunnerPtr runner = Find(name);
  return runner == nullptr ? std::vector<TableProgress>() : runner->progress().tables();
}

std::string JobServiceImpl::State(const std::string& name) const {
  const RunnerPtr runner = Find(name);
  return runner == nullptr ? "" : std::string(JobStateName(runner->definition().state));
}

JobFlow JobServiceImpl::Flow(const std::string& name) const {
  const RunnerPtr runner = Find(name);
  return runner == nullptr ? JobFlow() : runner->progress().flow();
}

std::string JobServiceImpl::LastError(const std::string& name) const {
  const RunnerPtr runner = Find(name);
  if (runner == nullptr) return "";
  const JobDefinition job = runner->definition();
  const auto* paused = std::get_if<JobPaused>(&job.state);
  return paused == nullptr || paused->error_code == kManualPauseErr ? "" : paused->message;
}

JobView JobServiceImpl::View(JobRunner& runner, Deadline deadline) {
  const Position end = runner.SourceEndAt(deadline);
  const JobProgress& progress = runner.progress();
  return JobView{runner.definition(), progress.statistics(), progress.applied(), end, progress.lag_ms()};
}

Status CheckType(const std::map<std::string, std::string>& arguments) {
  const auto type = arguments.find("type");
  if (type != arguments.end() && type->second == "insert") return Status::Ok();
  return Status(Code::kInvalid, "Only \"type\"=\"insert\" is supported");
}

SystemTable JobServiceImpl::JobsTable() {
  return {JobColumns(), [this](const std::map<std::string, std::string>& arguments) -> Result<SystemTable::Rows> {
            TRY(CheckType(arguments));
            SystemTable::Rows rows;
            const std::vector<RunnerPtr> runners = All();
            for (const RunnerPtr& runner : runners) runner->AskForSourceEnd();
            const Deadline deadline = Deadline::After(kSourceEndWaitMax);
            for (const RunnerPtr& runner : runners) rows.push_back(JobRow(View(*runner, deadline)));
            return rows;
          }};
}

SystemTable JobServiceImpl::TasksTable() {
  return {TaskColumns(), [this](const std::map<std::string, std::string>& arguments) -> Result<SystemTable::Rows> {
            TRY(CheckType(arguments));
            SystemTable::Rows rows;
            for (const RunnerPtr& runner : All()) {
              const JobDefinition job = runner->definition();
              ASSIGN_OR_RETURN(const auto tasks,
                               store_.ScanRecords(RecordFamily::kLedger, TaskKeyPrefix(job.id), true));
              for (const auto& [key, value] : tasks) {
                ASSIGN_OR_RETURN(const TaskRecord task, DecodeTask(value));
                rows.push_back(TaskRow(job, task));
              }
            }
            return rows;
          }};
}

// A system table about the one job that "jobName" names.
template <typename F>
SystemTable JobServiceImpl::TableOfJob(std::vector<std::string> columns, F rows_of) {
  return {std::move(columns),
          [this, rows_of](const std::map<std::string, std::string>& arguments) -> Result<SystemTable::Rows> {
            const auto name = arguments.find("jobName");
            if (name == arguments.end()) return Status(Code::kInvalid, "jobName is required: (\"jobName\"=\"..\")");
            const RunnerPtr runner = Find(name->second);
            if (runner == nullptr) return NoSuchJob(name->second);
            return rows_of(runner->definition());
          }};
}

SystemTable JobServiceImpl::JobTablesTable() {
  return TableOfJob(JobTableColumns(), [this](const JobDefinition& job) -> Result<SystemTable::Rows> {
    SystemTable::Rows rows;
    for (const TableProgress& table : Tables(job.name)) rows.push_back(JobTableRow(job.name, table));
    return rows;
  });
}

SystemTable JobServiceImpl::LedgerTable() {
  return TableOfJob(LedgerColumns(), [this](const JobDefinition& job) -> Result<SystemTable::Rows> {
    SystemTable::Rows rows;
    ASSIGN_OR_RETURN(const auto tasks, store_.ScanRecords(RecordFamily::kLedger, TaskKeyPrefix(job.id)));
    for (const auto& [key, value] : tasks) {
      ASSIGN_OR_RETURN(const TaskRecord task, DecodeTask(value));
      rows.push_back(LedgerRow(job.name, task));
    }
    return rows;
  });
}

SystemTable JobServiceImpl::QuarantineTable() {
  return TableOfJob(QuarantineColumns(), [this](const JobDefinition& job) -> Result<SystemTable::Rows> {
    SystemTable::Rows rows;
    ASSIGN_OR_RETURN(const auto kept, ScanQuarantine(store_, job.id));
    for (const auto& [key, value] : kept) {
      ASSIGN_OR_RETURN(const QuarantineRecord record, DecodeQuarantine(value));
      rows.push_back(QuarantineRow(job.name, SequenceOf(key), record));
    }
    return rows;
  });
}

std::vector<std::string> JobServiceImpl::UnhealthyReasons() const {
  std::vector<std::string> reasons;
  for (const RunnerPtr& runner : All()) {
    const JobDefinition job = runner->definition();
    if (const auto* paused = std::get_if<JobPaused>(&job.state)) {
      if (paused->error_code != kManualPauseErr)
        reasons.push_back("job " + job.name + " is paused: " + paused->message);
      continue;
    }
    if (!std::holds_alternative<JobRunning>(job.state)) continue;
    const int64_t silent_ms = runner->progress().silent_ms();
    if (silent_ms > kSilentMsMax) {
      reasons.push_back("job " + job.name + " made no progress for " + std::to_string(silent_ms / 1000) + " s");
    }
  }
  return reasons;
}

void JobServiceImpl::Stop() {
  for (const RunnerPtr& runner : All()) runner->Stop();
}

}  // namespace

Result<std::unique_ptr<JobService>> JobService::Start(Store& store, ConnectorFactory connectors,
                                                      JobServiceOptions options, const Clock& clock) {
  auto service = std::make_unique<JobServiceImpl>(store, std::move(connectors), options, clock);
  TRY(service->Restore());
  return std::unique_ptr<JobService>(std::move(service));
}

}  // namespace freshet
