// SPDX-License-Identifier: Apache-2.0
// ObjectRun: one run of a job that loads objects (INSERT .. SELECT .. FROM s3(..)): list, fetch, read, map, commit,
// again and again. An object is loaded wholly or not at all: its rows, its record, the job's position and the task's
// ledger entry are one commit (in pieces when it is large). A task is one batch of objects. Everything but fetching
// happens on the load thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/stop.h"
#include "sql/file_reader.h"
#include "storage/content_hash.h"
#include "storage/unit_writer.h"
#include "sync/job_progress.h"
#include "sync/job_run.h"
#include "sync/mapping_factory.h"
#include "sync/object_fetcher.h"
#include "sync/object_loading.h"
#include "sync/object_plan.h"
#include "sync/quarantine_stage.h"
#include "sync/task_ledger.h"

namespace freshet {

class ObjectRun : public JobRun {
 public:
  struct Settings {
    JobId job;
    std::string job_name;
    InsertSelect insert;
    FileColumns columns;  // shape of the objects, fixed at CREATE JOB
    TableId target;
    ObjectSource source;
    FileFormat format;
    ObjectRules rules;
    bool strict = true;           // a rejected row or malformed record pauses the job
    double max_filter_ratio = 1;  // not strict: of an object's rows
    std::chrono::seconds poll{10};
    std::string spool;  // a directory of this job's own
    size_t piece_bytes_max = 32u << 20;
  };
  // kNotFound: the target table is gone. kInvalid: the statement does not fit the target any more.
  static Result<std::unique_ptr<JobRun>> Open(Store& store, const MappingFactory& mappings,
                                              const ObjectLoading& loading, Settings settings, JobProgress& progress,
                                              JobRunListener& listener, const Clock& clock);
  ~ObjectRun() override { Stop("", ""); }

  void Start() override;
  void Stop(std::string_view task_status, std::string_view error) override;
  Status TakeNews(const CatalogNews&) override { return Status::Ok(); }  // objects have no catalog

 private:
  // What one object amounts to.
  struct Amount {
    int64_t read = 0;
    int64_t loaded = 0;
    int64_t rejected = 0;
    int64_t bytes = 0;         // of the rows as stored
    std::string first_reason;  // of the first rejected row, with its place
    ContentHash hash;
  };
  ObjectRun(Store& store, const MappingFactory& mappings, const ObjectLoading& loading, Settings settings,
            JobProgress& progress, JobRunListener& listener, const Clock& clock);
  Status OpenAll();
  Status CompileFor(const SchemaPtr& target);
  void LoadLoop(StopToken stop);
  // True when there is more to do at once.
  Result<bool> LoadBatch(StopToken stop);
  Status LoadAll(std::vector<ObjectInfo> due, StopToken stop);
  Status OpenTask();
  // True when the target was altered or emptied under an object's rows: then the object is loaded again at once.
  bool TargetMoved(Code code);
  // kNotFound: it was dropped.
  Result<StoredTablePtr> Target() const;
  // Memory follows the store after an error.
  Status Reload();
  Status LoadObject(const FetchedObject& object, StopToken stop);
  Status LoadRows(const FileRows& rows, const std::string& name, Amount& amount);
  Status TakeRejects(const FileRows& rows, const MappedRows& mapped, const std::string& name, Amount& amount);
  Status TakeMalformed(FileReader& reader, const std::string& name, Amount& amount);
  Status CheckRejects(const std::string& name, const Amount& amount);
  Status CommitObject(const FetchedObject& object, const Amount& amount);
  Status CommitRecords(std::vector<RecordWrite> records);
  void ShowProgress();

  Store& store_;
  const MappingFactory& mappings_;
  const ObjectLoading& loading_;
  const Settings settings_;
  JobProgress& progress_;
  JobRunListener& listener_;
  const Clock& clock_;
  std::unique_ptr<ObjectStore> objects_;

  // Load thread.
  std::unique_ptr<UnitWriter> writer_;
  std::unique_ptr<Mapping> mapping_;
  SchemaPtr mapped_to_;  // the target's shape that mapping_ was compiled for
  std::optional<TaskLedger> ledger_;
  std::optional<QuarantineStage> quarantine_;
  bool progressed_ = false;
  Phase phase_ = Phase::kRead;  // what it is at
  bool caught_up_ = false;      // nothing that the last listing showed is left
  int64_t objects_left_ = 0;
  int target_moves_ = 0;  // since the last object that was loaded

  NamedThread loader_;
};

}  // namespace freshet
