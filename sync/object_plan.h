// SPDX-License-Identifier: Apache-2.0
// ObjectPlan: what of a listing an s3 job loads next. Compares the listing with what is loaded; changes nothing. Used
// by the job's load thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/stop.h"
#include "storage/store.h"
#include "sync/s3/object_store.h"

namespace freshet {

enum class IngestionMode : uint8_t {
  kTracked,      // every matching object once, whatever the order of names and arrival (default)
  kOrderedList,  // only keys greater than the last one loaded, as Doris
  kOneTime,      // as kTracked; the job is FINISHED when nothing is left
};
// What an object means that is listed with other content than was loaded from it.
enum class OnChange : uint8_t {
  kError,   // the job pauses with the reason (default)
  kIgnore,  // stays as it was loaded
  kReload,  // is loaded again; rows upsert, those that it lost stay
};

inline constexpr uint64_t kBatchFilesDefault = 256;
inline constexpr uint64_t kBatchBytesDefault = 10ull << 30;

struct ObjectRules {
  IngestionMode mode = IngestionMode::kTracked;
  OnChange on_change = OnChange::kError;
  std::string start_after;  // objects up to this key are not for the job ("offset")
  uint64_t batch_files_max = kBatchFilesDefault;
  uint64_t batch_bytes_max = kBatchBytesDefault;  // an object larger than this comes alone
};

struct ObjectPlan {
  std::vector<ObjectInfo> due;  // in key order
  bool listed_all = false;      // the listing was seen to its end: nothing but `due` is due now
  std::string newest_key;       // greatest key seen; "" none
};

// `last_loaded`: kOrderedList goes on after it. kInvalid: an object changed and on_change is error; else the errors of
// ObjectStore::List.
Result<ObjectPlan> PlanObjects(ObjectStore& objects, const Store& store, JobId job, const ObjectRules& rules,
                               std::string_view last_loaded, StopToken stop);

}  // namespace freshet
