// SPDX-License-Identifier: Apache-2.0
// Copier: the copy workers of one job. Each has a scanner of its own and takes, over all tables, the next thing
// to do: estimate, look up a bound, copy a chunk, note the source's position after the last one. Rows go to the
// apply thread through the inbox; nothing is written here. A table's errors stop that table, not the log.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <variant>
#include <vector>

#include "base/stop.h"
#include "sync/apply_inbox.h"
#include "sync/copy_plan.h"
#include "sync/error_policy.h"

namespace freshet {

// Bounds the memory of a worker: a chunk of wide rows is cut here, at the row that crosses the line.
inline constexpr size_t kChunkBytesMax = 16u << 20;
// Failures of a table in a row (connections lost, timeouts) before it stops; with the back-off: some minutes.
inline constexpr int kChunkTriesMax = 10;
// Reads in a row that found the source's schema ahead of the log, half a second apart: the log is that far
// behind only when it stands still.
inline constexpr int kSchemaWaitsMax = 600;

class Copier {
 public:
  struct Settings {
    std::string job;  // for thread names and logs
    int workers = 4;
    int64_t split_rows = 8096;
    // The whole job must stop (login refused, our disk). Called at most a few times, by a worker.
    std::function<void(Status, Phase)> on_failed;
  };
  Copier(Connector& connector, ApplyInbox& inbox, JobProgress& progress, Settings settings) noexcept
      : connector_(connector), inbox_(inbox), progress_(progress), settings_(std::move(settings)) {}
  ~Copier() { Stop(); }

  // Any thread, before or after Start. Replaces the table's plan.
  void Add(CopyDue due);
  void AddNote(const TableName& table);
  // Workers start with the first table, not before: a job without a copy has no such threads.
  void Start();
  // The inbox must be closed first, or be served until this returns.
  void Stop();

 private:
  struct Estimate {};
  struct Bound {
    std::optional<KeyText> after;
  };
  struct Note {};
  struct Work {
    TableName table;
    uint64_t generation = 0;  // 0: Note
    SchemaPtr schema;
    std::variant<Estimate, Bound, PlannedChunk, Note> what;
  };

  void WorkerLoop(StopToken stop);
  std::optional<Work> WaitForWork(StopToken stop);
  std::optional<Work> PickLocked() REQUIRES_LOCK(mutex_);
  Status Do(const Work& work, TableScanner& scanner, StopToken stop);
  Status CopyChunk(const Work& work, const PlannedChunk& chunk, TableScanner& scanner, StopToken stop);
  Status WaitForLog(StopToken stop);
  Status NoteSourcePosition(const TableName& table);
  void StartWorkersLocked() REQUIRES_LOCK(mutex_);
  // False when the worker must end.
  bool Settle(const Work& work, const Status& status);
  void GiveBackLocked(const Work& work) REQUIRES_LOCK(mutex_);
  bool StopTable(const TableName& table, const Status& status);
  CopyPlan* PlanOf(const Work& work) REQUIRES_LOCK(mutex_);

  Connector& connector_;
  ApplyInbox& inbox_;
  JobProgress& progress_;
  const Settings settings_;
  Mutex mutex_;
  CondVar work_;
  std::map<TableName, CopyPlan> plans_ GUARDED_BY(mutex_);
  std::deque<TableName> notes_ GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point notes_not_before_ GUARDED_BY(mutex_) = {};
  uint64_t next_generation_ GUARDED_BY(mutex_) = 1;
  bool started_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<NamedThread> workers_ GUARDED_BY(mutex_);
};

}  // namespace freshet
