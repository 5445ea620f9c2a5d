// SPDX-License-Identifier: Apache-2.0
// Text of a value <-> canonical cell (ddl/type.h), for both dialects' plain text forms: result sets in text
// format, literal defaults, key texts, tests. Dates are ISO, sessions are UTC, Postgres sends
// IntervalStyle=postgres, bytea and MySQL binary are given as "\x" hex. No allocation but arena growth.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "cdc/change/cell.h"
#include "ddl/type.h"

namespace freshet {

// Bytes cells are appended to `arena`. kCorrupt when the text is no value of the type; the message has the
// type's name, never the value. Accepts what either server prints: booleans t/f/true/false/1/0, timestamptz
// with a numeric offset, "BC" dates, infinity, MySQL zero and partial dates (escape rule of ddl/type.h).
Result<Cell> CellFromText(const LogicalType& type, std::string_view text, std::string& arena);

// Appends the value's text: CellFromText(AppendCellText(c)) == c. NULL appends nothing and returns false, so
// does kUnchanged. kDateTime and kTimestamp print `precision` fraction digits, kTimestamp in UTC without
// offset, Postgres years below 1 as "0044-03-15 BC".
bool AppendCellText(const LogicalType& type, const Cell& cell, std::string_view arena, std::string& out);

}  // namespace freshet
