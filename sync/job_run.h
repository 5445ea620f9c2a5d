// SPDX-License-Identifier: Apache-2.0
// JobRun: one run of a job, from its stored position to its end. The job's runner makes it in OpenRun, starts it,
// stops it, and never starts it again. Two kinds: sync/pipeline (jobs that follow a log: FROM .. TO DATABASE, and
// INSERT .. FROM cdc_stream) and the run of jobs that load objects (INSERT .. FROM s3).
// Start and Stop are called by the job's thread; the listener is called from the run's own threads.
#pragma once

#include <string_view>

#include "base/status.h"
#include "cdc/change/source.h"
#include "sync/error_policy.h"

namespace freshet {

class JobRunListener {
 public:
  virtual ~JobRunListener() = default;
  virtual void OnProgress() = 0;                          // first commit of this run
  virtual void OnFailed(Status status, Phase phase) = 0;  // at most once; everything read before is applied
  virtual void OnSettled() = 0;                           // all that was there at the start is loaded; at most once
};

class JobRun {
 public:
  virtual ~JobRun() = default;
  virtual void Start() = 0;
  // Joins the threads. What was read and not applied is dropped: the source has it. The current task ends with
  // `task_status`; empty leaves it open (process stop).
  virtual void Stop(std::string_view task_status, std::string_view error) = 0;
  // Drops and losses of followed tables, found beside the log; between Start and Stop. kCancelled when the run has
  // ended by itself.
  virtual Status TakeNews(const CatalogNews& news) = 0;
};

}  // namespace freshet
