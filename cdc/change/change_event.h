// SPDX-License-Identifier: Apache-2.0
// ChangeEvent: what a Source yields, in log order. One transaction is Begin, any number of RowBatch and
// SchemaChange, Commit. Heartbeat stands between transactions and moves the position on an idle source.
#pragma once

#include <cstdint>
#include <variant>

#include "cdc/change/position.h"
#include "cdc/change/row_batch.h"
#include "ddl/schema_change.h"

namespace freshet {

struct Begin {};
struct Commit {
  int64_t commit_time_us = 0;  // source wall clock, microseconds since 1970 UTC; 0 unknown
};
struct Heartbeat {
  int64_t source_time_us = 0;  // 0 unknown
};

struct ChangeEvent {
  // Set for Commit and Heartbeat: the position after it. Empty for the others: their transaction's Commit
  // carries the only place where the log can be resumed.
  Position at;
  std::variant<Begin, RowBatch, SchemaChange, Commit, Heartbeat> body;
};

}  // namespace freshet
