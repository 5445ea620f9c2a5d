// SPDX-License-Identifier: Apache-2.0
// How a value of a SELECT becomes one of a target column: the expression that converts it to the column's SQL type,
// NULL when it does not fit. Text becomes bytes and bytes become text by their UTF-8, lists and structs become JSON.
// Used by mappings and by users' INSERT .. SELECT. Pure, but for the check.
#pragma once

#include <string>

#include "base/status.h"
#include "ddl/table_schema.h"
#include "sql/duckdb_handle.h"

namespace freshet {

struct ColumnCast {
  std::string value;  // of SQL type CastTypeName(column.type), for ReadVector
  std::string unfit;  // a condition: the value is there, but does not fit. "": cannot happen
  std::string from;   // name of the type it is converted from, for messages
};

// `expression`: a name or an expression in parentheses, of type `type`; it is written more than once.
ColumnCast CastToColumn(const std::string& expression, duckdb_logical_type type, const Column& column);

// kInvalid when no value of `type` can ever become one of the column: DATE to INT.
Status CheckCast(duckdb_connection connection, duckdb_logical_type type, const Column& column);

}  // namespace freshet
