// SPDX-License-Identifier: Apache-2.0
#include "sync/job_runner.h"

#include <cstdlib>

#include "base/failpoint.h"
#include "base/log.h"
#include "sync/job_tables.h"

namespace freshet {

namespace {
// The thread looks at the clock (automatic resume) this often.
constexpr std::chrono::milliseconds kWakeEvery{200};
// A command waits for the thread at most this long: opening a source has its own, shorter limits.
constexpr std::chrono::seconds kCommandMax{120};
// A pipeline that ran at least so long is reconnected at once after a lost connection.
constexpr std::chrono::seconds kWorkedWell{5};
}  // namespace

JobRunner::JobRunner(Store& store, const ConnectorFactory& connectors, JobServiceOptions limits, const Clock& clock,
                     JobDefinition definition)
    : store_(store),
      connectors_(connectors),
      limits_(limits),
      clock_(clock),
      progress_(clock),
      source_end_([this] { return CurrentPosition(); }),
      definition_(std::move(definition)) {}

JobRunner::~JobRunner() {
  Stop();
}

Status JobRunner::Restore() {
  ASSIGN_OR_RETURN(const ParsedJob parsed, Parsed());
  const JobDefinition job = definition();
  const auto* paused = std::get_if<JobPaused>(&job.state);
  const bool active = std::holds_alternative<JobRunning>(job.state) || std::holds_alternative<JobPending>(job.state);
  progress_.StateChanged(active, paused != nullptr ? paused->message : std::string(JobStateName(job.state)));
  // A sink shows its tables when it is opened.
  TableSink::Settings settings{job.id, job.target_database, parsed.options, {}};
  return TableSink::Open(store_, std::move(settings), progress_, clock_).status();
}

void JobRunner::Start() {
  thread_ = NamedThread("job-" + std::to_string(definition().id.value), [this](StopToken stop) { Loop(stop); });
}

void JobRunner::Stop() {
  source_end_.Stop();
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    wake_.NotifyAll();
    answered_.NotifyAll();
  }
  thread_.StopAndJoin();
  progress_.StateChanged(false, "the server is stopping");
}

JobDefinition JobRunner::definition() const {
  MutexLock lock(mutex_);
  return definition_;
}

Result<ParsedJob> JobRunner::Parsed() const {
  const JobDefinition job = definition();
  return ParseDefinition(job);
}

Result<std::unique_ptr<Connector>> JobRunner::MakeConnector() const {
  ASSIGN_OR_RETURN(const ParsedJob parsed, Parsed());
  return connectors_(parsed.source);
}

Result<Position> JobRunner::CurrentPosition() const {
  ASSIGN_OR_RETURN(const std::unique_ptr<Connector> connector, MakeConnector());
  return connector->CurrentPosition();
}

void JobRunner::AskForSourceEnd() {
  const JobDefinition job = definition();
  const auto* paused = std::get_if<JobPaused>(&job.state);
  // A source that refused or lost the job is not asked by the way: wrong passwords can lock an account.
  const bool wanted =
      paused == nullptr ? !std::holds_alternative<JobFinished>(job.state) : paused->error_code == kManualPauseErr;
  if (wanted) source_end_.Ask();
}

// --- pipeline's threads

void JobRunner::OnProgress() {
  MutexLock lock(mutex_);
  progressed_ = true;
  wake_.NotifyAll();
}

void JobRunner::OnFailed(Status status, Phase phase) {
  MutexLock lock(mutex_);
  failed_ = PipelineFailed{status.code(), phase, status.message(), false};
  wake_.NotifyAll();
}

void JobRunner::OnSettled() {
  MutexLock lock(mutex_);
  settled_ = true;
  wake_.NotifyAll();
}

void JobRunner::OnDiscovered(std::vector<TableName> tables) {
  MutexLock lock(mutex_);
  for (TableName& table : tables) discovered_.push_back(std::move(table));
  wake_.NotifyAll();
}

// --- commands

Status JobRunner::Run(std::function<Status()> body) {
  auto command = std::make_shared<Command>();
  command->body = std::move(body);
  const Deadline deadline = Deadline::After(kCommandMax);
  MutexLock lock(mutex_);
  commands_.push_back(command);
  wake_.NotifyAll();
  while (!command->done) {
    if (stopped_) return Status(Code::kCancelled, "the server is stopping");
    if (!answered_.WaitUntil(mutex_, deadline.at()) && deadline.Passed()) {
      return Status(Code::kTimeout, "the job is busy; the request is carried out later");
    }
  }
  return std::move(command->result);
}

Status JobRunner::Pause() {
  return Run([this] { return Feed(PauseRequested{}); });
}
Status JobRunner::Resume() {
  return Run([this] { return Feed(ResumeRequested{}); });
}
Status JobRunner::Drop() {
  return Run([this] { return Feed(DropRequested{}); });
}

Status JobRunner::Alter(const AlterJob& statement) {
  return Run([this, statement]() -> Status {
    JobDefinition job = definition();
    if (!std::holds_alternative<JobPaused>(job.state)) return Status(Code::kConflict, "Only PAUSED job can be altered");
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
  const bool active = std::holds_alternative<JobRunning>(job.state) || std::holds_alternative<JobPending>(job.state);
  if (!active && !std::holds_alternative<JobPaused>(job.state)) {
    return Status(Code::kConflict, "Can't alter a job in status " + std::string(JobStateName(job.state)));
  }
  if (connector_ == nullptr) {
    ASSIGN_OR_RETURN(connector_, MakeConnector());
  }
  // The writer of a job's rows is one: the pipeline lets go of it while its table list changes.
  StopPipeline("SUCCESS", "");
  JobTables tables{store_, *connector_, progress_, job};
  Status status = tables.Apply(statement);
  if (status.ok()) status = SaveDefinition(job);
  if (active) StartPipeline();
  return status;
}

Status JobRunner::AddDiscovered(const std::vector<TableName>& names) {
  AlterJobTables add{"", AlterJobTables::Action::kAdd, {}};
  for (const TableName& name : names) {
    ASSIGN_OR_RETURN(const auto known, store_.GetRecord(RecordFamily::kJobs, TableKey(definition().id, name)));
    if (!known) add.tables.push_back(name.ToString());
  }
  return add.tables.empty() ? Status::Ok() : ChangeTables(add);
}

// --- the job's thread

void JobRunner::Loop(StopToken stop) {
  (void)Feed(ProcessStarted{});
  while (!stop.stop_requested()) {
    std::shared_ptr<Command> command;
    {
      MutexLock lock(mutex_);
      const bool events = progressed_ || settled_ || failed_ || !discovered_.empty();
      if (stopped_) break;
      if (commands_.empty() && !events) {
        wake_.WaitUntil(mutex_, Clock::System().Now() + kWakeEvery);
      }
      if (!commands_.empty()) {
        command = commands_.front();
        commands_.pop_front();
      }
    }
    if (command) RunCommand(command);
    TakeEvents();
    (void)Feed(TimePassed{});
  }
  if (pipeline_) pipeline_->Stop("", "");
  pipeline_.reset();
  connector_.reset();
}

void JobRunner::RunCommand(const std::shared_ptr<Command>& command) {
  Status result = command->body();
  MutexLock lock(mutex_);
  command->result = std::move(result);
  command->done = true;
  answered_.NotifyAll();
}

void JobRunner::TakeEvents() {
  bool progressed = false;
  bool settled = false;
  std::optional<PipelineFailed> failed;
  std::vector<TableName> discovered;
  {
    MutexLock lock(mutex_);
    progressed = std::exchange(progressed_, false);
    settled = std::exchange(settled_, false);
    failed = std::exchange(failed_, std::nullopt);
    discovered = std::exchange(discovered_, {});
  }
  if (progressed) (void)Feed(PipelineProgressed{});
  if (failed) {
    failed->worked_before = Clock::System().Now() - pipeline_since_ >= kWorkedWell;
    Log(LogLevel::kWarn, "pipeline_failed",
        {{"job", definition().name}, {"code", CodeName(failed->code)}, {"error", failed->message}});
    (void)Feed(*failed);
    return;
  }
  if (settled && pipeline_) {
    const Result<ParsedJob> parsed = Parsed();
    if (parsed.ok() && parsed->options.offset == OffsetMode::kSnapshot) (void)Feed(SnapshotCompleted{});
  }
  if (discovered.empty() || !pipeline_) return;
  if (Status status = AddDiscovered(discovered); !status.ok()) {
    Log(LogLevel::kWarn, "add_table_failed", {{"job", definition().name}, {"error", status.message()}});
  }
}

Status JobRunner::SaveDefinition(const JobDefinition& job) {
  FAILPOINT("sync.job.before_save");
  const RecordWrite record{RecordFamily::kJobs, JobKey(job.id), EncodeJob(job)};
  TRY(store_.PutRecords({&record, 1}));
  MutexLock lock(mutex_);
  definition_ = job;
  return Status::Ok();
}

Status JobRunner::Feed(const JobInput& input) {
  JobDefinition job = definition();
  JobStep step = Advance(job.state, input, clock_.WallUs());
  TRY(std::move(step.refused));
  const bool tries_reset = step.state.index() == job.state.index() && std::holds_alternative<PipelineProgressed>(input);
  if (step.action == JobAction::kNone && step.state.index() == job.state.index() && !tries_reset) return Status::Ok();
  job.state = step.state;
  if (Status status = SaveDefinition(job); !status.ok()) {
    // A state that cannot be stored holds for this process; the next start decides from the stored one.
    Log(LogLevel::kError, "job_save_failed", {{"job", job.name}, {"error", status.message()}});
    MutexLock lock(mutex_);
    definition_ = job;
  }
  if (!tries_reset) Log(LogLevel::kInfo, "job_state", {{"job", job.name}, {"state", JobStateName(job.state)}});
  const auto* paused = std::get_if<JobPaused>(&job.state);
  progress_.StateChanged(std::holds_alternative<JobRunning>(job.state) || std::holds_alternative<JobPending>(job.state),
                         paused != nullptr ? paused->message : std::string(JobStateName(job.state)));
  Act(step.action, job.state);
  return Status::Ok();
}

void JobRunner::Act(JobAction action, const JobState& state) {
  const auto* paused = std::get_if<JobPaused>(&state);
  const bool failed = paused != nullptr && paused->error_code != kManualPauseErr;
  switch (action) {
    case JobAction::kNone: break;
    case JobAction::kStartPipeline:
      StopPipeline("FAILED", "connection lost");
      StartPipeline();
      break;
    case JobAction::kStopPipeline: StopPipeline(failed ? "FAILED" : "CANCELED", failed ? paused->message : ""); break;
    case JobAction::kFinish:
      StopPipeline("SUCCESS", "");
      ReleaseSource();
      break;
    case JobAction::kRelease: {
      StopPipeline("CANCELED", "");
      ReleaseSource();
      const Status status = DeleteJob(store_, definition().id);
      if (!status.ok()) Log(LogLevel::kError, "job_delete_failed", {{"error", status.message()}});
      break;
    }
    case JobAction::kExit:
      Log(LogLevel::kError, "process_exit", {{"reason", paused != nullptr ? paused->message : ""}});
      std::_Exit(1);
  }
}

void JobRunner::StartPipeline() {
  if (Status status = OpenPipeline(); !status.ok()) {
    pipeline_.reset();
    connector_.reset();
    (void)Feed(PipelineFailed{status.code(), Phase::kConnect, status.message(), false});
    return;
  }
  pipeline_since_ = Clock::System().Now();
  (void)Feed(PipelineOpened{});
  pipeline_->Start();
}

// Repeated when the process ends in between; what is copied again already is then as it should be.
Status JobRunner::ReloadSchemas() {
  JobDefinition job = definition();
  if (!job.reload_schema) return Status::Ok();
  JobTables tables{store_, *connector_, progress_, job};
  TRY(tables.ReloadSchemas());
  job.reload_schema = false;
  return SaveDefinition(job);
}

Status JobRunner::OpenPipeline() {
  const JobDefinition job = definition();
  ASSIGN_OR_RETURN(const ParsedJob parsed, ParseDefinition(job));
  ASSIGN_OR_RETURN(connector_, connectors_(parsed.source));
  TRY(ReloadSchemas());
  {
    MutexLock lock(mutex_);  // what an earlier pipeline said does not concern this one
    progressed_ = settled_ = false;
    failed_.reset();
  }
  Pipeline::Settings settings{
      job.name, {job.id, job.target_database, parsed.options, {}}, parsed.source.tables, limits_};
  ASSIGN_OR_RETURN(pipeline_, Pipeline::Open(store_, *connector_, std::move(settings), progress_, *this, clock_));
  return Status::Ok();
}

void JobRunner::StopPipeline(std::string_view task_status, std::string_view error) {
  if (pipeline_) pipeline_->Stop(task_status, error);
  pipeline_.reset();
}

void JobRunner::ReleaseSource() {
  if (connector_ == nullptr) {
    Result<std::unique_ptr<Connector>> made = MakeConnector();
    if (made.ok()) connector_ = std::move(made).value();
  }
  const Status status = connector_ ? connector_->ReleaseLog() : Status(Code::kUnavailable, "no connection");
  if (!status.ok()) Log(LogLevel::kWarn, "release_log_failed", {{"error", status.message()}});
  connector_.reset();
}

}  // namespace freshet
