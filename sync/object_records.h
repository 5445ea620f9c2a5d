// SPDX-License-Identifier: Apache-2.0
// Object records: which objects an s3 job has loaded, one small record per object, written in the commit that holds
// the object's rows. So "loaded" and "its rows are there" are one fact, whatever the order in which objects arrive.
//
//   kJobs   object/<job id>/<object key>    ObjectRecord as JSON; the id as 20 decimal digits
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/status.h"
#include "storage/store.h"

namespace freshet {

struct ObjectRecord {
  std::string etag;  // of the content that was loaded
  uint64_t bytes = 0;
  int64_t rows_read = 0;
  int64_t rows_loaded = 0;
  int64_t rows_filtered = 0;
  int64_t rows_rejected = 0;
  TaskId task;
  int64_t loaded_us = 0;  // wall clock
};

std::string ObjectRecordKey(JobId job, std::string_view object_key);
std::string EncodeObject(const ObjectRecord& record);
Result<ObjectRecord> DecodeObject(std::string_view text);  // kCorrupt

Result<std::optional<ObjectRecord>> FindObject(const Store& store, JobId job, std::string_view object_key);

// The writes that forget all objects whose key is greater than `after` ("": all): a job whose offset was set back
// loads them again.
Result<std::vector<RecordWrite>> ForgetObjects(const Store& store, JobId job, std::string_view after);

}  // namespace freshet
