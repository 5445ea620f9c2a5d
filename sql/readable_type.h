// SPDX-License-Identifier: Apache-2.0
// ReadableTypeName: the SQL type that values of a DuckDB type are read as. Types that have no form of ours, neither as
// cells nor as JSON (UUID, INTERVAL, ENUM, ..), are read as text, inside lists, structs and maps too. Internal to sql/.
#pragma once

#include <string>

#include "sql/duckdb_handle.h"

namespace freshet {

// The type's own name where its values are readable as they are; a cast to it changes nothing then.
std::string ReadableTypeName(duckdb_logical_type type);

}  // namespace freshet
