// SPDX-License-Identifier: Apache-2.0
// What users see of a job that loads objects: its line in job_tables(), objects being the chunks. Called by the job's
// thread while nothing runs, else by the load thread.
#pragma once

#include "sync/job_progress.h"
#include "sync/records.h"
#include "sync/s3/object_store.h"

namespace freshet {

struct ObjectsLeft {
  bool caught_up = false;  // everything that was listed is loaded
  int64_t due = 0;         // of the running task
};

void ShowObjects(JobProgress& progress, const ObjectSource& source, const InsertSelect& insert,
                 const JobStatistics& statistics, const ObjectsLeft& left);

}  // namespace freshet
