// SPDX-License-Identifier: Apache-2.0
#include "sync/object_plan.h"

#include <algorithm>

#include "base/failpoint.h"
#include "sync/object_records.h"

namespace freshet {

namespace {

// Whether a listed object must be loaded.
Result<bool> IsDue(const Store& store, JobId job, const ObjectRules& rules, const ObjectInfo& object) {
  if (rules.mode == IngestionMode::kOrderedList) return true;  // the listing starts after what is loaded
  ASSIGN_OR_RETURN(const std::optional<ObjectRecord> loaded, FindObject(store, job, object.key));
  if (!loaded) return true;
  if (loaded->etag == object.etag || rules.on_change == OnChange::kIgnore) return false;
  if (rules.on_change == OnChange::kReload) return true;
  return Status(Code::kInvalid, "object " + object.key + " was loaded and has other content now (etag " + loaded->etag +
                                    " then, " + object.etag +
                                    R"( now); ALTER JOB .. PROPERTIES("s3.on_change"="reload") loads it again, )"
                                    R"("ignore" leaves it)");
}

}  // namespace

Result<ObjectPlan> PlanObjects(ObjectStore& objects, const Store& store, JobId job, const ObjectRules& rules,
                               std::string_view last_loaded, StopToken stop) {
  ObjectPlan plan;
  uint64_t bytes = 0;
  bool full = false;
  Status failed;
  const auto visit = [&](const ObjectInfo& object) {
    plan.newest_key = object.key;
    if (object.key.ends_with('/')) return true;  // what consoles create to show a folder
    const Result<bool> due = IsDue(store, job, rules, object);
    if (!due.ok()) {
      failed = due.status();
      return false;
    }
    if (!*due) return true;
    full =
        full || plan.due.size() >= rules.batch_files_max || (bytes > 0 && bytes + object.size > rules.batch_bytes_max);
    // In kOrderedList a key that comes after greater ones would never be loaded: the pages that are left tell.
    if (full) return rules.mode == IngestionMode::kOrderedList && !objects.lists_in_order();
    bytes += object.size;
    plan.due.push_back(object);
    return true;
  };
  std::string after = rules.start_after;
  if (rules.mode == IngestionMode::kOrderedList) after = std::max(after, std::string(last_loaded));
  FAILPOINT("sync.object.before_list");
  TRY(objects.List(after, visit, stop));
  // What was due before the changed object is loaded first; then the next plan starts with the error.
  if (!failed.ok() && plan.due.empty()) return failed;
  plan.listed_all = !full && failed.ok();
  FAILPOINT("sync.object.after_list");
  return plan;
}

}  // namespace freshet
