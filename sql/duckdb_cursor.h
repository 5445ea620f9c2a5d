// SPDX-License-Identifier: Apache-2.0
// DuckCursor: streams a DuckDB result chunk by chunk and formats each value as MySQL's text protocol has it.
// Used by its session's thread; holds the read view through the statement.
#pragma once

#include <memory>

#include "sql/duckdb_handle.h"
#include "sql/engine.h"
#include "sql/query_context.h"

namespace freshet {

// Result types whose vectors the cursor reads itself. All others are cast to text by the query (session.cc).
bool HasTextForm(duckdb_type type);
ResultColumn DescribeColumn(const char* name, duckdb_logical_type type);

// A started statement: what must live while its rows are read.
struct RunningQuery {
  DuckPrepared prepared;
  DuckPending pending;
  std::shared_ptr<const QueryContext> context;
};

// Runs the pending statement to its first rows.
Result<std::unique_ptr<ResultCursor>> StartCursor(RunningQuery query, std::vector<ResultColumn> columns);

}  // namespace freshet
