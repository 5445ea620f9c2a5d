// SPDX-License-Identifier: Apache-2.0
#include "sync/object_run.h"

#include <algorithm>

#include "base/failpoint.h"
#include "base/log.h"
#include "sync/object_progress.h"
#include "sync/object_records.h"

namespace freshet {

namespace {

// A target that is altered more often than this while one object is loaded pauses the job for the back-off.
constexpr int kTargetMovesMax = 3;

// The reader's error with what to do about it; errors that are not the object's stay as they are.
Status Unreadable(const Status& error, bool hint_aside) {
  if (error.code() != Code::kInvalid && error.code() != Code::kUnsupported) return error.Copy();
  const char* const aside =
      hint_aside ? ", or set \"session.enable_insert_strict\"=\"false\" to put malformed lines aside" : "";
  return Status(error.code(), error.message() + ". Correct or remove the object" + aside + ", then RESUME JOB");
}

}  // namespace

ObjectRun::ObjectRun(Store& store, const MappingFactory& mappings, const ObjectLoading& loading, Settings settings,
                     JobProgress& progress, JobRunListener& listener, const Clock& clock)
    : store_(store),
      mappings_(mappings),
      loading_(loading),
      settings_(std::move(settings)),
      progress_(progress),
      listener_(listener),
      clock_(clock) {}

Result<std::unique_ptr<JobRun>> ObjectRun::Open(Store& store, const MappingFactory& mappings,
                                                const ObjectLoading& loading, Settings settings, JobProgress& progress,
                                                JobRunListener& listener, const Clock& clock) {
  std::unique_ptr<ObjectRun> run(
      new ObjectRun(store, mappings, loading, std::move(settings), progress, listener, clock));
  TRY(run->OpenAll());
  return std::unique_ptr<JobRun>(std::move(run));
}

Status ObjectRun::OpenAll() {
  ASSIGN_OR_RETURN(objects_, ObjectStore::Open(settings_.source));
  ASSIGN_OR_RETURN(writer_, UnitWriter::Open(store_, settings_.job));
  writer_->SetHolderName("job " + settings_.job_name);
  const StoredTablePtr target = writer_->table(settings_.target);
  if (target == nullptr) {
    return Status(Code::kNotFound, "target table " + settings_.insert.database + "." + settings_.insert.table +
                                       " of the job does not exist any more");
  }
  TRY(CompileFor(target->schema));
  TRY(Reload());
  progress_.Applied(writer_->position(), 0);
  ShowProgress();
  return ResetSpool(settings_.spool);
}

Status ObjectRun::Reload() {
  TRY(writer_->Rollback());
  const int64_t no_window_s = INT64_MAX / 1'000'000;  // a task is a batch, not a span of time
  ASSIGN_OR_RETURN(ledger_, TaskLedger::Load(store_, settings_.job, no_window_s, clock_));
  ASSIGN_OR_RETURN(quarantine_, QuarantineStage::Load(store_, settings_.job, clock_));
  progress_.StatisticsChanged(ledger_->statistics());
  return Status::Ok();
}

Status ObjectRun::CompileFor(const SchemaPtr& target) {
  if (mapping_ && mapped_to_ == target) return Status::Ok();
  MappingSource source;
  source.columns = std::make_shared<FileColumns>(settings_.columns);
  ASSIGN_OR_RETURN(mapping_, mappings_(settings_.insert, source, target, {settings_.strict}));
  mapped_to_ = target;
  return Status::Ok();
}

void ObjectRun::Start() {
  loader_ = NamedThread("load", [this](StopToken stop) { LoadLoop(stop); });
}

void ObjectRun::Stop(std::string_view task_status, std::string_view error) {
  const bool ran = loader_.running();
  loader_.StopAndJoin();
  if (!ran || task_status.empty() || !ledger_) return;
  std::vector<RecordWrite> records;
  ledger_->Close(task_status, error, records);
  if (Status status = CommitRecords(std::move(records)); !status.ok()) {
    Log(LogLevel::kWarn, "task_close_failed", {{"job", settings_.job_name}, {"error", status.message()}});
  }
}

void ObjectRun::LoadLoop(StopToken stop) {
  while (!stop.stop_requested()) {
    progress_.PassBegun();
    phase_ = Phase::kRead;
    const Result<bool> more = LoadBatch(stop);
    if (!more.ok()) {
      if (Status undone = Reload(); !undone.ok()) {
        Log(LogLevel::kWarn, "object_rollback", {{"job", settings_.job_name}, {"error", undone.message()}});
      }
      if (more.code() == Code::kCancelled && stop.stop_requested()) return;
      if (TargetMoved(more.code())) continue;
      // A listing that fails has no task yet: it is to be seen among the failed ones too.
      if (!ledger_->current()) (void)OpenTask();
      // An object that changed between listing and reading is listed anew after the back-off.
      listener_.OnFailed(more.status(), phase_);
      return;
    }
    if (*more) continue;
    if (!progressed_) {
      progressed_ = true;
      listener_.OnProgress();  // the listing alone shows that the source is well
    }
    if (settings_.rules.mode == IngestionMode::kOneTime) {
      listener_.OnSettled();
      return;
    }
    progress_.WaitForPassRequest(Deadline::After(settings_.poll), stop);
  }
}

bool ObjectRun::TargetMoved(Code code) {
  const bool moved = code == Code::kSchemaMoved || code == Code::kConflict;
  return phase_ == Phase::kObject && moved && ++target_moves_ <= kTargetMovesMax;
}

Result<StoredTablePtr> ObjectRun::Target() const {
  StoredTablePtr target = writer_->table(settings_.target);
  if (target == nullptr) return Status(Code::kNotFound, "the job's target table was dropped");
  return target;
}

Result<bool> ObjectRun::LoadBatch(StopToken stop) {
  const auto* at = std::get_if<ObjectPosition>(&writer_->position().at);
  const std::string last = at == nullptr ? "" : at->file_name;
  const auto list = [&] { return PlanObjects(*objects_, store_, settings_.job, settings_.rules, last, stop); };
  Result<ObjectPlan> planned = list();
  // An endpoint that does not list in byte order is known as such only after its first page, and listed otherwise then.
  if (planned.code() == Code::kConflict) planned = list();
  TRY(planned.status());
  const ObjectPlan& plan = *planned;
  objects_left_ = static_cast<int64_t>(plan.due.size());
  caught_up_ = plan.listed_all && plan.due.empty();
  const std::string newest = std::max(plan.newest_key, last);
  progress_.Listed(newest.empty() ? Position{} : Position{ObjectPosition{newest, "", 0, 0}});
  ShowProgress();
  if (!plan.due.empty()) TRY(LoadAll(plan.due, stop));
  caught_up_ = plan.listed_all;
  ShowProgress();
  progress_.PassEnded(plan.listed_all);
  return !plan.listed_all;
}

// One task.
Status ObjectRun::LoadAll(std::vector<ObjectInfo> due, StopToken stop) {
  TRY(OpenTask());
  FAILPOINT("sync.object.after_open_task");
  ObjectFetcher fetcher(*objects_, settings_.spool, std::move(due));
  while (true) {
    phase_ = Phase::kRead;
    Result<std::optional<FetchedObject>> object = fetcher.Next(stop);
    // Gone or another one since it was listed: a new listing says what is there.
    if (object.code() == Code::kNotFound || object.code() == Code::kConflict) {
      return Status(Code::kUnavailable, object.status().message());
    }
    TRY(object.status());
    if (!*object) break;
    TRY(LoadObject(**object, stop));
  }
  std::vector<RecordWrite> records;
  ledger_->Close("SUCCESS", "", records);
  return CommitRecords(std::move(records));
}

// Written before anything is read, so that a task that fails at once is seen too.
Status ObjectRun::OpenTask() {
  std::vector<RecordWrite> records;
  TRY(ledger_->Count({}, writer_->position(), writer_->position(), records));
  return CommitRecords(std::move(records));
}

Status ObjectRun::LoadObject(const FetchedObject& object, StopToken stop) {
  phase_ = Phase::kObject;
  const std::string name = ShownName(settings_.source, object.info.key);
  ASSIGN_OR_RETURN(const StoredTablePtr target, Target());
  if (Status fits = CompileFor(target->schema); !fits.ok()) {
    return Status(fits.code(), fits.message() + ". Give the job a SELECT that fits with ALTER JOB, then RESUME JOB");
  }
  const bool hint = settings_.strict && settings_.format.kind != FileKind::kParquet;
  FAILPOINT("sync.object.before_read");
  Result<std::unique_ptr<FileReader>> reader =
      loading_.open_file({object.file->path(), name, settings_.format, settings_.columns, !settings_.strict});
  if (!reader.ok()) return Unreadable(reader.status(), hint);
  Amount amount;
  while (true) {
    const Result<const FileRows*> rows = (*reader)->Next(stop);
    if (!rows.ok()) return Unreadable(rows.status(), hint);
    if (*rows == nullptr) break;
    TRY(TakeMalformed(**reader, name, amount));
    FAILPOINT("sync.object.before_map");
    Status status = (*rows)->rows() == 0 ? Status::Ok() : LoadRows(**rows, name, amount);
    if (!status.ok()) return std::move(status).At("load " + name);
    if (stop.stop_requested()) return Status(Code::kCancelled, "stopped");
  }
  TRY(CheckRejects(name, amount));
  return CommitObject(object, amount);
}

Status ObjectRun::LoadRows(const FileRows& rows, const std::string& name, Amount& amount) {
  ASSIGN_OR_RETURN(const MappedRows mapped, mapping_->MapFileRows(rows));
  amount.read += static_cast<int64_t>(rows.rows());
  // A lookup may make several rows of one; counted are the rows of the object.
  std::optional<uint32_t> last;
  for (const uint32_t row : mapped.source_row) {
    if (last != row) ++amount.loaded;
    last = row;
  }
  TRY(TakeRejects(rows, mapped, name, amount));
  if (mapped.rows.rows.empty()) return Status::Ok();
  ASSIGN_OR_RETURN(const StoredTablePtr target, Target());
  ASSIGN_OR_RETURN(const EncodedRows encoded, EncodeChunk(*target, mapped.rows));
  ASSIGN_OR_RETURN(const ContentHash hash, HashRows(*target, encoded));
  amount.hash.Add(hash);
  amount.bytes += static_cast<int64_t>(encoded.bytes.size());
  TRY(writer_->ApplyChunk(encoded, TouchedKeys()).status());
  if (writer_->pending_bytes() < settings_.piece_bytes_max) return Status::Ok();
  FAILPOINT("sync.object.before_piece");
  return writer_->Commit(Position{}, false).status();
}

Status ObjectRun::TakeRejects(const FileRows& rows, const MappedRows& mapped, const std::string& name, Amount& amount) {
  amount.rejected += static_cast<int64_t>(mapped.rejects.size());
  for (const MappedRows::Reject& reject : mapped.rejects) {
    if (amount.first_reason.empty()) {
      amount.first_reason = "row " + std::to_string(rows.first_row() + reject.source_row + 1) + ": " + reject.reason;
    }
    if (settings_.strict) return CheckRejects(name, amount);
    QuarantineRecord record;
    record.table = name;
    record.position = Position{ObjectPosition{name, "", 0, rows.first_row() + reject.source_row + 1}};
    record.reason = reject.reason;
    record.row = rows.RowAsJson(reject.source_row);
    record.task = ledger_->current();
    TRY(quarantine_->Add(std::move(record)));
  }
  return Status::Ok();
}

// Records of the file that are no rows count as rejected ones.
Status ObjectRun::TakeMalformed(FileReader& reader, const std::string& name, Amount& amount) {
  for (MalformedRecord& malformed : reader.TakeMalformed()) {
    ++amount.read;
    ++amount.rejected;
    QuarantineRecord record;
    record.table = name;
    record.position = Position{ObjectPosition{name, "", 0, 0}};
    record.reason = "line " + std::to_string(malformed.line) + ": " + malformed.reason;
    if (amount.first_reason.empty()) amount.first_reason = record.reason;
    record.row = std::move(malformed.text);
    record.text = QuarantineRecord::Text{reader.header(), malformed.is_utf8};
    record.task = ledger_->current();
    TRY(quarantine_->Add(std::move(record)));
  }
  return Status::Ok();
}

Status ObjectRun::CheckRejects(const std::string& name, const Amount& amount) {
  if (amount.rejected == 0) return Status::Ok();
  const double ratio = static_cast<double>(amount.rejected) / static_cast<double>(amount.read);
  if (!settings_.strict && ratio <= settings_.max_filter_ratio) return Status::Ok();
  phase_ = Phase::kFilter;
  if (settings_.strict) {
    return Status(Code::kConflict, "Insert has filtered data in strict mode: " + name + ", " + amount.first_reason +
                                       ". Correct the SELECT, the target or the object, or set "
                                       "\"session.enable_insert_strict\"=\"false\", then RESUME JOB");
  }
  return Status(Code::kConflict,
                "too many filtered rows: ratio " + std::to_string(ratio) + " exceeds session.insert_max_filter_ratio " +
                    std::to_string(settings_.max_filter_ratio) + " in " + name + ", first " + amount.first_reason +
                    ". Fix the source data or adjust the limit, then run RESUME JOB.");
}

Status ObjectRun::CommitObject(const FetchedObject& object, const Amount& amount) {
  FAILPOINT("sync.object.before_commit");
  const auto* at = std::get_if<ObjectPosition>(&writer_->position().at);
  const Position from = writer_->position();
  // The newest key in listing order: what kOrderedList goes on after, and what users see as the offset.
  const bool newer =
      at == nullptr || settings_.rules.mode == IngestionMode::kOrderedList || object.info.key > at->file_name;
  ObjectPosition to = newer ? ObjectPosition{object.info.key, object.info.etag, 0, 0} : *at;
  to.task = at == nullptr ? 1 : at->task + 1;

  TaskLedger::Amount counted;
  counted.rows_read = amount.read;
  counted.rows_loaded = amount.loaded;
  counted.rows_rejected = amount.rejected;
  counted.rows_filtered = amount.read - amount.loaded;
  counted.bytes = amount.bytes;
  counted.files = 1;
  counted.file_bytes = static_cast<int64_t>(object.info.size);
  counted.schema_version = mapped_to_->version;
  counted.hash = amount.hash;
  std::vector<RecordWrite> records;
  TRY(ledger_->Count(counted, from, Position{to}, records));
  quarantine_->Settle(records);
  ObjectRecord record;
  record.etag = object.info.etag;
  record.bytes = object.info.size;
  record.rows_read = amount.read;
  record.rows_loaded = amount.loaded;
  record.rows_rejected = amount.rejected;
  record.rows_filtered = amount.read - amount.loaded - amount.rejected;
  record.task = ledger_->current();
  record.loaded_us = clock_.WallUs();
  records.push_back({RecordFamily::kJobs, ObjectRecordKey(settings_.job, object.info.key), EncodeObject(record)});
  for (RecordWrite& write : records) writer_->PutRecord(std::move(write));
  TRY(writer_->Commit(Position{to}).status());
  FAILPOINT("sync.object.after_commit");
  Log(LogLevel::kInfo, "object_loaded",
      {{"job", settings_.job_name},
       {"object", ShownName(settings_.source, object.info.key)},
       {"rows", amount.loaded},
       {"rejected", amount.rejected}});
  --objects_left_;
  target_moves_ = 0;
  progress_.Applied(Position{to}, clock_.WallUs());
  progress_.StatisticsChanged(ledger_->statistics());
  ShowProgress();
  if (!progressed_) {
    progressed_ = true;
    listener_.OnProgress();
  }
  return Status::Ok();
}

Status ObjectRun::CommitRecords(std::vector<RecordWrite> records) {
  if (records.empty()) return Status::Ok();
  TRY(writer_->Rollback());
  for (RecordWrite& record : records) writer_->PutRecord(std::move(record));
  TRY(writer_->Commit(Position{}).status());
  progress_.StatisticsChanged(ledger_->statistics());
  return Status::Ok();
}

void ObjectRun::ShowProgress() {
  ShowObjects(progress_, settings_.source, settings_.insert, ledger_->statistics(),
              {caught_up_, std::max<int64_t>(0, objects_left_)});
}

}  // namespace freshet
