// SPDX-License-Identifier: Apache-2.0
#include "sync/copier.h"

#include <algorithm>

#include "base/log.h"
#include "sync/project_batch.h"

namespace freshet {

namespace {
// A worker looks for work that became due by time this often.
constexpr std::chrono::milliseconds kDueCheck{100};
constexpr std::chrono::milliseconds kSchemaWait{500};
constexpr std::chrono::milliseconds kFirstWait{500};
constexpr std::chrono::milliseconds kNoteWait{1'000};
constexpr std::chrono::milliseconds kWaitMax{30'000};
// A transaction that log readers have is visible to queries within moments; longer means a stuck server.
constexpr std::chrono::seconds kVisibleMax{60};
}  // namespace

void Copier::Add(CopyDue due) {
  MutexLock lock(mutex_);
  const TableName table = due.table;
  plans_.erase(table);
  plans_.emplace(table, CopyPlan(std::move(due), next_generation_++));
  StartWorkersLocked();
  work_.NotifyAll();
}

void Copier::AddNote(const TableName& table) {
  MutexLock lock(mutex_);
  notes_.push_back(table);
  StartWorkersLocked();
  work_.NotifyAll();
}

void Copier::Start() {
  MutexLock lock(mutex_);
  started_ = true;
  StartWorkersLocked();
}

void Copier::StartWorkersLocked() {
  if (!started_ || stopping_ || !workers_.empty() || (plans_.empty() && notes_.empty())) return;
  for (int i = 0; i < settings_.workers; ++i) {
    workers_.emplace_back("copy-" + std::to_string(i), [this](StopToken stop) { WorkerLoop(stop); });
  }
}

void Copier::Stop() {
  std::vector<NamedThread> workers;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    for (NamedThread& worker : workers_) worker.RequestStop();
    workers = std::move(workers_);
    workers_.clear();
    work_.NotifyAll();
  }
  workers.clear();  // joins
}

void Copier::WorkerLoop(StopToken stop) {
  std::unique_ptr<TableScanner> scanner;
  while (std::optional<Work> work = WaitForWork(stop)) {
    Status status;
    if (scanner == nullptr) {
      Result<std::unique_ptr<TableScanner>> opened = connector_.OpenScanner();
      if (opened.ok()) {
        scanner = std::move(opened).value();
      } else {
        status = std::move(opened).status();
      }
    }
    if (status.ok()) status = Do(*work, *scanner, stop);
    const bool connection_lost = status.code() == Code::kUnavailable || status.code() == Code::kTimeout;
    if (connection_lost) scanner.reset();
    if (!Settle(*work, status)) return;
  }
}

std::optional<Copier::Work> Copier::WaitForWork(StopToken stop) {
  MutexLock lock(mutex_);
  while (!stopping_ && !stop.stop_requested()) {
    if (std::optional<Work> work = PickLocked()) return work;
    work_.WaitUntil(mutex_, Clock::System().Now() + kDueCheck);
  }
  return std::nullopt;
}

std::optional<Copier::Work> Copier::PickLocked() {
  const auto now = Clock::System().Now();
  if (!notes_.empty() && notes_not_before_ <= now) {
    Work work{notes_.front(), 0, nullptr, Note{}};
    notes_.pop_front();
    return work;
  }
  for (auto& [table, plan] : plans_) {
    if (plan.not_before > now) continue;
    if (plan.TakeEstimate()) return Work{table, plan.generation(), plan.schema(), Estimate{}};
    if (std::optional<PlannedChunk> chunk = plan.TakeChunk()) {
      return Work{table, plan.generation(), plan.schema(), std::move(*chunk)};
    }
    if (plan.TakePlanning()) return Work{table, plan.generation(), plan.schema(), Bound{plan.plan_after()}};
  }
  return std::nullopt;
}

CopyPlan* Copier::PlanOf(const Work& work) {
  const auto plan = plans_.find(work.table);
  if (plan == plans_.end() || plan->second.generation() != work.generation) return nullptr;
  return &plan->second;
}

Status Copier::Do(const Work& work, TableScanner& scanner, StopToken stop) {
  if (std::holds_alternative<Note>(work.what)) return NoteSourcePosition(work.table);
  if (const auto* chunk = std::get_if<PlannedChunk>(&work.what)) return CopyChunk(work, *chunk, scanner, stop);
  if (std::holds_alternative<Estimate>(work.what)) {
    ASSIGN_OR_RETURN(const int64_t rows, scanner.EstimateRows(*work.schema));
    return inbox_.Run([&](TableSink& sink) {
      sink.SetEstimate(work.table, rows);
      return Status::Ok();
    });
  }
  ASSIGN_OR_RETURN(std::optional<KeyText> bound,
                   scanner.NextBound(*work.schema, std::get<Bound>(work.what).after, settings_.split_rows, stop));
  MutexLock lock(mutex_);
  if (CopyPlan* plan = PlanOf(work)) plan->AddBound(std::move(bound));
  work_.NotifyAll();
  return Status::Ok();
}

namespace {

// (2), (3) of the design's chunk protocol and the encoding: everything outside the apply thread.
Result<EncodedRows> ReadInWindow(TableScanner& scanner, const TableSink::Window& window, TableSink::ChunkSource& source,
                                 std::optional<KeyText>& cut_after, StopToken stop) {
  PlannedChunk& chunk = source.done;
  TRY(scanner.WaitVisible(window.applied, Deadline::After(kVisibleMax), stop));
  ASSIGN_OR_RETURN(ChunkRows rows, scanner.ReadChunk(window.source_schema, chunk.range, kChunkBytesMax, stop));
  cut_after = std::move(rows.cut_after);
  if (cut_after) chunk.range.up_to = cut_after;
  if (window.source_schema->version == window.stored->schema->version) return EncodeChunk(*window.stored, rows.batch);
  ASSIGN_OR_RETURN(ProjectedBatch projected, ProjectBatch(rows.batch, window.stored->schema));
  // A chunk brings rows only; what is stored of a row that does not fit any more goes with the log.
  std::erase_if(projected.batch.rows, [](const RowChange& row) { return row.op == RowOp::kDelete; });
  source.rejected = std::move(projected.rejected);
  return EncodeChunk(*window.stored, projected.batch);
}

}  // namespace

Status Copier::CopyChunk(const Work& work, const PlannedChunk& chunk, TableScanner& scanner, StopToken stop) {
  TableSink::Window window;
  Status opened = inbox_.Run([&](TableSink& sink) -> Status {
    ASSIGN_OR_RETURN(window, sink.OpenWindow(work.table));
    return Status::Ok();
  });
  if (opened.code() == Code::kNotFound) {
    MutexLock lock(mutex_);
    if (PlanOf(work) != nullptr) plans_.erase(work.table);
    return Status::Ok();
  }
  TRY(std::move(opened));
  TableSink::ChunkSource source{chunk, {}};
  std::optional<KeyText> cut_after;
  Result<EncodedRows> rows = ReadInWindow(scanner, window, source, cut_after, stop);
  if (rows.ok() && window.not_ahead_of_log) {
    if (Status waited = WaitForLog(stop); !waited.ok()) rows = std::move(waited);
  }
  if (!rows.ok()) {
    TRY(inbox_.Run([&](TableSink& sink) {
      sink.CloseWindow(window.id);
      return Status::Ok();
    }));
    return std::move(rows).status();
  }
  TableSink::ChunkOutcome outcome{};
  TRY(inbox_.Run([&](TableSink& sink) -> Status {
    {
      // A plan that was replaced meanwhile (resync, next pass): its chunks mean nothing in the new one.
      MutexLock lock(mutex_);
      if (PlanOf(work) == nullptr) {
        sink.CloseWindow(window.id);
        outcome = TableSink::ChunkOutcome::kGone;
        return Status::Ok();
      }
    }
    ASSIGN_OR_RETURN(outcome, sink.ApplyChunk(window.id, *rows, source));
    return Status::Ok();
  }));
  MutexLock lock(mutex_);
  CopyPlan* plan = PlanOf(work);
  if (plan == nullptr) return Status::Ok();
  if (outcome == TableSink::ChunkOutcome::kReadAgain) {
    plan->ReturnChunk(chunk);
  } else if (outcome == TableSink::ChunkOutcome::kApplied) {
    if (cut_after) plan->AddRemainder(chunk, *cut_after);
  } else {
    plans_.erase(work.table);
    if (outcome == TableSink::ChunkOutcome::kCompleted) notes_.push_back(work.table);
  }
  work_.NotifyAll();
  return Status::Ok();
}

// Until the log has passed everything that the read before could see.
Status Copier::WaitForLog(StopToken stop) {
  ASSIGN_OR_RETURN(const Position read_at, connector_.CurrentPosition());
  return progress_.WaitPosition(read_at, Deadline::After(kVisibleMax), stop);
}

Status Copier::NoteSourcePosition(const TableName& table) {
  ASSIGN_OR_RETURN(const Position position, connector_.CurrentPosition());
  return inbox_.Run([&](TableSink& sink) { return sink.NoteCopied(table, position); });
}

void Copier::GiveBackLocked(const Work& work) {
  if (std::holds_alternative<Note>(work.what)) {
    notes_.push_back(work.table);
    notes_not_before_ = Clock::System().Now() + kNoteWait;
    return;
  }
  CopyPlan* plan = PlanOf(work);
  if (plan == nullptr) return;
  if (const auto* chunk = std::get_if<PlannedChunk>(&work.what)) plan->ReturnChunk(*chunk);
  if (std::holds_alternative<Bound>(work.what)) plan->PlanningFailed();
}

bool Copier::StopTable(const TableName& table, const Status& status) {
  Log(LogLevel::kWarn, "copy_stopped",
      {{"job", settings_.job}, {"table", table.ToString()}, {"code", CodeName(status.code())}});
  {
    MutexLock lock(mutex_);
    plans_.erase(table);
  }
  const std::string reason = WithHint(status.message(), DecideError(status.code(), Phase::kTable));
  return inbox_.Run([&](TableSink& sink) { return sink.StopTable(table, reason); }).ok();
}

bool Copier::Settle(const Work& work, const Status& status) {
  if (status.code() == Code::kCancelled) return false;
  const Decision decision = DecideError(status.code(), Phase::kCopy);
  bool stop_table = false;
  {
    MutexLock lock(mutex_);
    CopyPlan* plan = PlanOf(work);
    if (status.ok()) {
      if (plan != nullptr) plan->failures = plan->schema_waits = 0;
      return true;
    }
    if (decision.verdict == Verdict::kRetry) {
      GiveBackLocked(work);
      if (plan == nullptr) return true;
      const bool schema_moved = status.code() == Code::kSchemaMoved;
      stop_table = schema_moved ? ++plan->schema_waits > kSchemaWaitsMax : ++plan->failures > kChunkTriesMax;
      const auto wait =
          schema_moved ? kSchemaWait : std::min(kFirstWait * (1 << std::min(plan->failures, 8)), kWaitMax);
      plan->not_before = Clock::System().Now() + wait;
    }
  }
  if (stop_table || decision.verdict == Verdict::kStopTable) return StopTable(work.table, status);
  if (decision.verdict == Verdict::kRetry) return true;
  settings_.on_failed(status.Copy(), Phase::kCopy);
  return false;
}

}  // namespace freshet
