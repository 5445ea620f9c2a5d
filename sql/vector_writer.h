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

// Borrowed rows of cells, row-major, as in a RowBlock or a RowBatch.
struct CellsView {
  size_t rows = 0;
  size_t columns = 0;
  const Cell* cells = nullptr;
  std::string_view arena;
  const uint32_t* images = nullptr;  // row i is image images[i]; null: image i
  const Cell& At(size_t row, size_t column) const {
    return cells[(images == nullptr ? row : images[row]) * columns + column];
  }
  std::string_view Bytes(const Cell& cell) const { return arena.substr(cell.bits, cell.size); }
};

// Column `column` into rows [0, view.rows) of `vector`. Escape cells become NULL; their rows are appended to
// `unrepresentable`, ascending.
void WriteVector(const CellsView& view, size_t column, const LogicalType& type, std::vector<uint32_t>& unrepresentable,
                 duckdb_vector vector);

// Column `column` of `block` (of `columns` in all) into rows [0, block.rows) of `vector`. An escape cell is
// kInvalid, naming the column, unless `null_unrepresentable`.
Status WriteVector(const RowBlock& block, size_t column, size_t columns, const Column& schema_column,
                   bool null_unrepresentable, duckdb_vector vector);

}  // namespace freshet
