// SPDX-License-Identifier: Apache-2.0
// The scalar functions freshet_number, freshet_moment and freshet_clock: text_values.h for DuckDB, text to text. What
// is no such value becomes "?", which every cast refuses. Internal to sql/.
#pragma once

#include "sql/duckdb_handle.h"

namespace freshet {

Status RegisterTextFunctions(duckdb_connection connection);

}  // namespace freshet
