// SPDX-License-Identifier: Apache-2.0
// Pipeline: one run of a job that follows a log: reader thread -> inbox -> apply thread, and the copy workers
// beside it. Made, started and stopped by the job's runner; never restarted. What happens inside is reported
// through JobRunListener, from the pipeline's threads.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/stop.h"
#include "sync/apply_inbox.h"
#include "sync/copier.h"
#include "sync/job_run.h"
#include "sync/table_sink.h"

namespace freshet {

class Pipeline : public JobRun {
 public:
  struct Settings {
    std::string job_name;
    TableSink::Settings sink;  // on_copy_due is filled here
    TableFilter filter;
    JobServiceOptions limits;
  };
  // Opens sink and source at the stored position; blocks as long as the connector's limits say. Nothing runs yet.
  static Result<std::unique_ptr<Pipeline>> Open(Store& store, Connector& connector, Settings settings,
                                                JobProgress& progress, JobRunListener& listener, const Clock& clock);
  ~Pipeline() override;

  void Start() override;
  void Stop(std::string_view task_status, std::string_view error) override;
  Status TakeNews(const CatalogNews& news) override;

 private:
  Pipeline(Settings settings, JobProgress& progress, JobRunListener& listener);
  Status OpenSource(Connector& connector, Store& store);
  void ReadLoop(StopToken stop);
  Status ReadAll(StopToken stop);
  Status PushUnit(Unit unit, StopToken stop);
  Status Acknowledge();
  void ApplyLoop();
  void Fail(Status status, Phase phase);

  Settings settings_;
  JobProgress& progress_;
  JobRunListener& listener_;
  ApplyInbox inbox_;
  std::unique_ptr<TableSink> sink_;
  std::unique_ptr<Source> source_;
  std::unique_ptr<Copier> copier_;
  Position acknowledged_;  // reader thread
  Status read_error_;      // written by the reader before inbox_.EndUnits()
  std::atomic<bool> failed_{false};
  NamedThread reader_;
  NamedThread applier_;
};

}  // namespace freshet
