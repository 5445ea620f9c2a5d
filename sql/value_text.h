// SPDX-License-Identifier: Apache-2.0
// ValueFormat: one result column's values as MySQL text-protocol text: booleans 1/0, doubles shortest
// round-trip, decimals exact, dates ISO, blobs raw. Pure.
#pragma once

#include <string>

#include "sql/duckdb_handle.h"

namespace freshet {

class ValueFormat {
 public:
  static ValueFormat Of(duckdb_logical_type type);
  // The value at `row` of a vector's data; not called for NULLs.
  void Append(const void* data, size_t row, std::string& out) const;

 private:
  duckdb_type type_ = DUCKDB_TYPE_VARCHAR;
  duckdb_type internal_ = DUCKDB_TYPE_BIGINT;  // of a decimal
  int scale_ = 0;
};

}  // namespace freshet
