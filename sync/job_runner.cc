// SPDX-License-Identifier: Apache-2.0
#include "sync/job_runner.h"

#include <cstdlib>

#include "base/failpoint.h"
#include "base/log.h"
#include "storage/target_writers.h"
#include "sync/job_tables.h"
#include "sync/object_job.h"
#include "sync/stream_job.h"

namespace freshet {

namespace {
// The thread looks at the clock (automatic resume) this often.
constexpr std::chrono::milliseconds kWakeEvery{200};
// A command waits for the thread at most this long: opening a source has its own, shorter limits.
constexpr std::chrono::seconds kCommandMax{120};
// A run that lasted at least so long is reconnected at once after a lost connection.
constexpr std::chrono::seconds kWorkedWell{5};

std::string InsertTarget(const JobDefinition& job) {
  return job.insert ? job.insert->database + "." + job.insert->table : std::string();
}
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
  TRY(EnterTargetWriter(store_, job));
  const auto* paused = std::get_if<JobPaused>(&job.state);
  const bool active = std::holds_alternative<JobRunning>(job.state) || std::holds_alternative<JobPending>(job.state);
  progress_.StateChanged(active, paused != nullptr ? paused->message : std::string(JobStateName(job.state)));
  if (parsed.mode == JobMode::kObjects) return RestoreObjects(store_, job, limits_.objects, progress_, clock_);
  // A sink shows its tables when it is opened.
  TableSink::Settings settings{job.id, job.target_database, parsed.options, {}, {}, InsertTarget(job)};
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
  if (OverObjects(job)) return;
  const auto* paused = std::get_if<JobPaused>(&job.state);
  // A source that refused or lost the job is not asked by the way: wrong passwords can lock an account.
  const bool wanted =
      paused == nullptr ? !std::holds_alternative<JobFinished>(job.state) : paused->error_code == kManualPauseErr;
  if (wanted) source_end_.Ask();
}

// Of objects the newest one that was listed: nothing needs to be asked for.
Position JobRunner::SourceEndAt(Deadline deadline) {
  return OverObjects(definition()) ? progress_.newest_listed() : source_end_.Wait(deadline);
}

// --- the run's threads

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

// --- the job's thread

void JobRunner::Loop(StopToken stop) {
  (void)Feed(ProcessStarted{});
  while (!stop.stop_requested()) {
    std::shared_ptr<Command> command;
    {
      MutexLock lock(mutex_);
      const bool events = progressed_ || settled_ || failed_;
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
    LookIfDue();
  }
  if (run_) run_->Stop("", "");
  run_.reset();
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
  {
    MutexLock lock(mutex_);
    progressed = std::exchange(progressed_, false);
    settled = std::exchange(settled_, false);
    failed = std::exchange(failed_, std::nullopt);
  }
  if (progressed) (void)Feed(PipelineProgressed{});
  run_progressed_ = run_progressed_ || progressed;
  if (failed) {
    // One that only waited for an endpoint that is down did not work, however long it took.
    const bool reached = run_progressed_ || !OverObjects(definition());
    failed->worked_before = reached && Clock::System().Now() - run_since_ >= kWorkedWell;
    Log(LogLevel::kWarn, "pipeline_failed",
        {{"job", definition().name}, {"code", CodeName(failed->code)}, {"error", failed->message}});
    (void)Feed(*failed);
    return;
  }
  if (settled && run_) {
    const Result<ParsedJob> parsed = Parsed();
    if (parsed.ok() && parsed->ends_when_settled()) (void)Feed(SnapshotCompleted{});
  }
}

Status JobRunner::SaveDefinition(const JobDefinition& job) {
  FAILPOINT("sync.job.before_save");
  const RecordWrite record{RecordFamily::kJobs, JobKey(job.id), EncodeJob(job)};
  TRY(store_.PutRecords({&record, 1}));
  TRY(EnterTargetWriter(store_, job));  // RESYNC TABLE may have given it another target
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
      StopRun("FAILED", "connection lost");
      StartRun();
      break;
    case JobAction::kStopPipeline: StopRun(failed ? "FAILED" : "CANCELED", failed ? paused->message : ""); break;
    case JobAction::kFinish:
      StopRun("SUCCESS", "");
      ReleaseSource();
      break;
    case JobAction::kRelease: {
      StopRun("CANCELED", "");
      ReleaseSource();
      const Status status = DeleteJob(store_, definition().id);
      store_.target_writers().Remove(definition().id);
      if (!status.ok()) Log(LogLevel::kError, "job_delete_failed", {{"error", status.message()}});
      break;
    }
    case JobAction::kExit:
      Log(LogLevel::kError, "process_exit", {{"reason", paused != nullptr ? paused->message : ""}});
      std::_Exit(1);
  }
}

void JobRunner::StartRun() {
  Result<std::unique_ptr<JobRun>> opened = OpenRun();
  if (!opened.ok()) {
    connector_.reset();
    (void)Feed(PipelineFailed{opened.code(), Phase::kConnect, opened.status().message(), false});
    return;
  }
  run_ = std::move(opened).value();
  run_since_ = Clock::System().Now();
  run_progressed_ = false;
  (void)Feed(PipelineOpened{});
  run_->Start();
}

// Repeated when the process ends in between; what is copied again already is then as it should be.
Status JobRunner::ReloadSchemas() {
  JobDefinition job = definition();
  if (!job.reload_schema) return Status::Ok();
  JobTables tables{store_, *connector_, progress_, job, {}};
  TRY(tables.ReloadSchemas());
  job.reload_schema = false;
  return SaveDefinition(job);
}

// The one place that knows which kind of run a job has.
Result<std::unique_ptr<JobRun>> JobRunner::OpenRun() {
  const JobDefinition job = definition();
  ASSIGN_OR_RETURN(const ParsedJob parsed, ParseDefinition(job));
  {
    MutexLock lock(mutex_);  // what an earlier run said does not concern this one
    progressed_ = settled_ = false;
    failed_.reset();
  }
  if (parsed.mode == JobMode::kObjects) {
    ASSIGN_OR_RETURN(ObjectRun::Settings objects, ObjectRunSettings(job, parsed, limits_.objects));
    return ObjectRun::Open(store_, limits_.mappings, limits_.objects, std::move(objects), progress_, *this, clock_);
  }
  ASSIGN_OR_RETURN(connector_, connectors_(parsed.source));
  TRY(ReloadSchemas());
  Pipeline::Settings settings{job.name,
                              {job.id, job.target_database, parsed.options, {}, {}, InsertTarget(job)},
                              parsed.source.tables,
                              limits_};
  if (job.insert) settings.sink.derive = MappedTargetOf(store_, job, parsed, limits_);
  ASSIGN_OR_RETURN(std::unique_ptr<Pipeline> pipeline,
                   Pipeline::Open(store_, *connector_, std::move(settings), progress_, *this, clock_));
  return std::unique_ptr<JobRun>(std::move(pipeline));
}

void JobRunner::StopRun(std::string_view task_status, std::string_view error) {
  if (run_) run_->Stop(task_status, error);
  run_.reset();
}

void JobRunner::ReleaseSource() {
  if (OverObjects(definition())) return;
  if (connector_ == nullptr) {
    Result<std::unique_ptr<Connector>> made = MakeConnector();
    if (made.ok()) connector_ = std::move(made).value();
  }
  const Status status = connector_ ? connector_->ReleaseLog() : Status(Code::kUnavailable, "no connection");
  if (!status.ok()) Log(LogLevel::kWarn, "release_log_failed", {{"error", status.message()}});
  connector_.reset();
}

}  // namespace freshet
