// SPDX-License-Identifier: Apache-2.0
// From canonical cells (ddl/type.h) to DuckDB vectors, and the SQL type of each logical type (docs/types.md).
// Column-wise loops without allocation per cell. Called on DuckDB's worker threads.
#pragma once

#include "ddl/table_schema.h"
#include "sql/duckdb_handle.h"
#include "storage/read_view.h"

namespace freshet {

DuckType SqlTypeOf(const LogicalType& type);
// "TIMESTAMP", "DECIMAL(10,2)": for messages.
std::string SqlTypeName(const LogicalType& type);

// Column `column` of `block` (of `columns` in all) into rows [0, block.rows) of `vector`. An escape cell is
// kInvalid, naming the column, unless `null_unrepresentable`.
Status WriteVector(const RowBlock& block, size_t column, size_t columns, const Column& schema_column,
                   bool null_unrepresentable, duckdb_vector vector);

}  // namespace freshet
