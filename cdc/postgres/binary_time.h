// SPDX-License-Identifier: Apache-2.0
// Dates and times in binary -> canonical cell (format: cdc/postgres/binary_cell.h). kCorrupt on a wrong size or
// a value outside the server's own range.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "cdc/change/cell.h"
#include "ddl/type.h"

namespace freshet {

Result<Cell> DateFromBinary(const LogicalType& type, std::string_view value, std::string& arena);
Result<Cell> TimeFromBinary(std::string_view value);
Result<Cell> TimeTzFromBinary(std::string_view value, std::string& arena);
// Timestamps after 294247-01-10 do not fit microseconds since 1970: these go through their text, so that they
// get the cell that the text format gives them.
Result<Cell> TimestampFromBinary(const LogicalType& type, std::string_view value, std::string& arena);

}  // namespace freshet
