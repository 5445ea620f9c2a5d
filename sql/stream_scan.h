// SPDX-License-Identifier: Apache-2.0
// freshet_stream(n): the DuckDB table function behind cdc_stream(..) in a query. It reads the n-th row stream of the
// statement's QueryContext, once, in the order of the source's log. Not for users: the dialect bridge writes the call,
// so that no argument of cdc_stream(..) is ever part of SQL text that DuckDB sees.
#pragma once

#include "sql/duckdb_handle.h"
#include "sql/engine.h"

namespace freshet {

class DuckEngine;

// `engine` outlives its database.
Status RegisterStreamScan(duckdb_connection connection, DuckEngine& engine);
// "freshet_stream(3)"
std::string StreamScanCall(size_t stream);

}  // namespace freshet
