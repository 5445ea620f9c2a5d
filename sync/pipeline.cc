// SPDX-License-Identifier: Apache-2.0
#include "sync/pipeline.h"

#include "base/log.h"
#include "sync/unit_builder.h"

namespace freshet {

namespace {
// The reader comes back this often to acknowledge and to see a stop.
constexpr std::chrono::milliseconds kReadWait{250};
// The apply thread closes tasks and sees a stop this often while nothing arrives.
constexpr std::chrono::milliseconds kApplyWait{500};
}  // namespace

Pipeline::Pipeline(Settings settings, JobProgress& progress, JobRunListener& listener)
    : settings_(std::move(settings)),
      progress_(progress),
      listener_(listener),
      inbox_(settings_.limits.queue_bytes_max) {}

Pipeline::~Pipeline() {
  Stop("", "");
}

Result<std::unique_ptr<Pipeline>> Pipeline::Open(Store& store, Connector& connector, Settings settings,
                                                 JobProgress& progress, JobRunListener& listener, const Clock& clock) {
  std::unique_ptr<Pipeline> pipeline(new Pipeline(std::move(settings), progress, listener));
  Pipeline* self = pipeline.get();
  const JobOptions& options = self->settings_.sink.options;
  Copier::Settings copy{self->settings_.job_name, options.snapshot_parallelism, options.snapshot_split_size,
                        [self](Status status, Phase phase) { self->Fail(std::move(status), phase); }};
  self->copier_ = std::make_unique<Copier>(connector, self->inbox_, progress, std::move(copy));
  TableSink::Settings sink = self->settings_.sink;
  sink.on_copy_due = [self](CopyDue due) { self->copier_->Add(std::move(due)); };
  ASSIGN_OR_RETURN(self->sink_, TableSink::Open(store, std::move(sink), progress, clock));
  TRY(self->OpenSource(connector, store));
  return pipeline;
}

Status Pipeline::OpenSource(Connector& connector, Store& store) {
  ASSIGN_OR_RETURN(const std::optional<Position> position, sink_->Recover());
  if (!position) return Status(Code::kCorrupt, "the job has no stored position");
  std::vector<SchemaPtr> schemas;
  std::vector<const TableRecord*> added;
  ASSIGN_OR_RETURN(const auto values, store.ScanRecords(RecordFamily::kJobs, TableKeyPrefix(settings_.sink.job)));
  std::vector<TableRecord> records;
  for (const auto& [key, value] : values) {
    ASSIGN_OR_RETURN(TableRecord record, DecodeTable(value));
    if (!std::holds_alternative<TableStopped>(record.state)) records.push_back(std::move(record));
  }
  for (const TableRecord& record : records) {
    // A table added later has the shape of that later place: its earlier events are passed over.
    if (position->Covers(record.follow_from)) {
      schemas.push_back(record.source_schema);
    } else {
      added.push_back(&record);
    }
  }
  ASSIGN_OR_RETURN(source_, connector.OpenSource(*position, std::move(schemas), settings_.filter));
  for (const TableRecord* record : added) TRY(source_->AddTable(record->source_schema, record->follow_from));
  return Status::Ok();
}

void Pipeline::Start() {
  for (CopyDue& due : sink_->CopiesDue()) copier_->Add(std::move(due));
  for (const TableName& table : sink_->NotesDue()) copier_->AddNote(table);
  applier_ = NamedThread("apply", [this](StopToken) { ApplyLoop(); });
  reader_ = NamedThread("read", [this](StopToken stop) { ReadLoop(stop); });
  copier_->Start();
}

void Pipeline::Stop(std::string_view task_status, std::string_view error) {
  reader_.RequestStop();
  inbox_.Close();  // wakes everyone; workers' requests end with kCancelled
  copier_->Stop();
  reader_.StopAndJoin();
  const bool ran = applier_.running();
  applier_.StopAndJoin();
  source_.reset();
  if (!ran || task_status.empty()) return;
  if (Status status = sink_->CloseTask(task_status, error); !status.ok()) {
    Log(LogLevel::kWarn, "task_close_failed", {{"job", settings_.job_name}, {"error", status.message()}});
  }
}

// Called from any thread of the pipeline. The runner answers with Stop().
void Pipeline::Fail(Status status, Phase phase) {
  if (failed_.exchange(true)) return;
  listener_.OnFailed(std::move(status), phase);
}

Status Pipeline::TakeNews(const CatalogNews& news) {
  if (news.gone.empty() && news.lost.empty()) return Status::Ok();
  return inbox_.Run([&news](TableSink& sink) -> Status {
    for (const SchemaPtr& table : news.gone) TRY(sink.NoteGone({table, news.at}));
    for (const CatalogNews::Lost& lost : news.lost) TRY(sink.StopTable(lost.name, lost.reason));
    return Status::Ok();
  });
}

void Pipeline::ReadLoop(StopToken stop) {
  read_error_ = ReadAll(stop);
  // What was read before the error is applied first; then the apply thread reports it.
  inbox_.EndUnits();
}

Status Pipeline::ReadAll(StopToken stop) {
  UnitBuilder builder(settings_.limits.unit_bytes_max, settings_.limits.piece_bytes_max);
  while (!stop.stop_requested()) {
    progress_.ReaderAlive(!source_->HasBuffered() && inbox_.Drained());
    ASSIGN_OR_RETURN(std::optional<ChangeEvent> event, source_->Next(Deadline::After(kReadWait)));
    progress_.ReaderAlive(!event && inbox_.Drained());
    if (event) TRY(builder.Add(std::move(*event)));
    // More is put into a unit only while the apply thread is busy anyway: a source that always has a little more
    // would otherwise hold finished transactions back until the unit is full.
    const bool buffered = event && source_->HasBuffered() && !inbox_.Drained();
    while (std::optional<Unit> unit = builder.Take(buffered)) TRY(PushUnit(std::move(*unit), stop));
    TRY(Acknowledge());
  }
  return Status(Code::kCancelled, "stopped");
}

Status Pipeline::PushUnit(Unit unit, StopToken stop) {
  while (!inbox_.PushUnit(unit, Deadline::After(kReadWait))) {
    if (stop.stop_requested()) return Status(Code::kCancelled, "stopped");
    progress_.ReaderAlive(false);
    TRY(Acknowledge());  // a server drops a reader that says nothing for long
  }
  return Status::Ok();
}

Status Pipeline::Acknowledge() {
  Position durable = sink_->Durable();
  progress_.Flowing(inbox_.bytes(), durable);
  if (durable == acknowledged_) return Status::Ok();
  TRY(source_->Acknowledge(durable));
  acknowledged_ = std::move(durable);
  return Status::Ok();
}

void Pipeline::ApplyLoop() {
  bool progressed = false;
  bool settled = false;
  while (!failed_) {
    ApplyInbox::Item item = inbox_.Pop(Deadline::After(kApplyWait), sink_->at_boundary());
    Status status;
    if (auto* unit = std::get_if<Unit>(&item)) {
      status = sink_->Apply(*unit);
    } else if (auto* request = std::get_if<ApplyInbox::Request*>(&item)) {
      inbox_.Finish(*request, (*request)->body(*sink_));  // its error is the worker's
    } else if (inbox_.ended()) {
      break;
    } else {
      status = sink_->Tick();
    }
    if (Status filtered = sink_->TakeFilterFailure(); !filtered.ok()) {
      Fail(std::move(filtered), Phase::kFilter);
      break;
    }
    if (Status halted = sink_->TakeHalt(); status.ok()) status = std::move(halted);
    if (!status.ok()) {
      Fail(std::move(status), Phase::kApply);
      break;
    }
    if (!progressed && sink_->commits() > 0 && !std::holds_alternative<std::monostate>(item)) {
      progressed = true;
      listener_.OnProgress();
    }
    if (!settled && sink_->AllSettled()) {
      settled = true;
      listener_.OnSettled();
    }
  }
  // Written by the reader before it ended the units; on a stop it is kCancelled.
  if (!failed_ && inbox_.drained_to_end() && read_error_.code() != Code::kCancelled && !read_error_.ok()) {
    Fail(std::move(read_error_), Phase::kRead);
  }
  inbox_.Close();
}

}  // namespace freshet
