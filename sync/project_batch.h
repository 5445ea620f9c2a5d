// SPDX-License-Identifier: Apache-2.0
// A row batch of one shape as a batch of another: the job follows a source whose schema changes are ignored
// (schema_change_behavior=ignore). Columns are found by id; a column that the source no longer has is NULL.
// A column whose type changed keeps the mirror's type: a value that is not exactly one of it cannot be loaded, and
// its row is rejected. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "cdc/change/row_batch.h"

namespace freshet {

// A row that cannot be loaded.
struct RejectedRow {
  std::string table;   // source table
  std::string reason;  // names column and types, never the value
  std::string row;     // JSON object, as the source sent it
};

struct ProjectedBatch {
  RowBatch batch;  // a rejected row is a delete here, when something may be stored under its key
  std::vector<RejectedRow> rejected;
};

// kUnsupported when a key column of `target` has gone.
Result<ProjectedBatch> ProjectBatch(const RowBatch& batch, const SchemaPtr& target);

}  // namespace freshet
