// SPDX-License-Identifier: Apache-2.0
// freshet_scan(database, table, table id, schema version): the DuckDB table function over a stored table, with
// projection push-down and a parallel scan. Only the engine's views call it.
#pragma once

#include "sql/duckdb_handle.h"
#include "sql/query_context.h"

namespace freshet {

// `contexts` must outlive the database.
Status RegisterTableScan(duckdb_connection connection, QueryContexts& contexts);

// The body of a view over a table.
std::string TableScanCall(const StoredTable& table);

// The context of the connection that binds; null outside a statement.
std::shared_ptr<const QueryContext> ContextOfBind(duckdb_bind_info info, const QueryContexts& contexts);

}  // namespace freshet
