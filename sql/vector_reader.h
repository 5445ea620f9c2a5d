// SPDX-License-Identifier: Apache-2.0
// From DuckDB vectors to canonical cells (ddl/type.h): the inverse of WriteVector, and the place where a value is
// held against its column's limits that SQL types do not have: text length, label lists, fraction digits, BIT width.
// Not a cast: the vector has SqlTypeOf(column.type), see CastTypeName. Called by mappings and by users' INSERTs, on
// their threads.
#pragma once

#include <string>
#include <vector>

#include "cdc/change/row_batch.h"
#include "sql/duckdb_handle.h"

namespace freshet {

// The DuckDB type that ReadVector takes for a column, as CAST writes it: "UBIGINT", "DECIMAL(10,2)", "VARCHAR".
std::string CastTypeName(const LogicalType& type);

struct VectorRows {
  duckdb_vector vector;  // flat, as in a result's chunk
  size_t rows = 0;
  uint32_t first_image = 0;  // row i of the vector goes to image first_image + i
};

struct UnfitValue {
  uint32_t row = 0;    // of the vector
  std::string reason;  // "column name: text is longer than VARCHAR(20)"; no values
};

// Sets cell `column` of the images, which exist already. A value that the column cannot hold, NULL where it is NOT
// NULL included, is appended to `unfit` and its cell is NULL. Rows of `unfit` ascend. Times are rounded to the
// column's fraction digits, CHAR(n) loses trailing spaces, BINARY(n) is padded: as MySQL stores them.
void ReadVector(const VectorRows& from, uint32_t column, RowBatch& batch, std::vector<UnfitValue>& unfit);

}  // namespace freshet
