// SPDX-License-Identifier: Apache-2.0
// Values of DuckDB vectors as JSON text, of any type: for the raw rows of the quarantine. Numbers keep their digits,
// dates and times are text, blobs are hexadecimal. Pure.
#pragma once

#include <string>
#include <string_view>

#include "sql/duckdb_handle.h"

namespace freshet {

// A quoted, escaped JSON string. `text` is valid UTF-8.
void AppendQuotedJson(std::string_view text, std::string& out);
// The value at `row` of `vector`.
void AppendJsonValue(duckdb_vector vector, size_t row, std::string& out);

}  // namespace freshet
