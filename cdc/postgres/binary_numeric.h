// SPDX-License-Identifier: Apache-2.0
// NUMERIC in binary -> canonical cell (format: cdc/postgres/binary_cell.h). Exact: no floating point.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "cdc/change/cell.h"
#include "ddl/type.h"

namespace freshet {

// kDecimal with precision <= 18 gives Int (unscaled), wider ones and kNumeric Bytes as the server prints them.
Result<Cell> NumericFromBinary(const LogicalType& type, std::string_view value, std::string& arena);

}  // namespace freshet
