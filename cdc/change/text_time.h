// SPDX-License-Identifier: Apache-2.0
// Temporal half of text_cell: text <-> cells of date, time and interval kinds. Not a general date parser:
// it takes the ISO forms that MySQL and Postgres print. Called by text_cell.cc only, from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cdc/change/cell.h"
#include "ddl/type.h"

namespace freshet {

// kDate, kTimeOfDay, kTimeSpan, kDateTime, kTimestamp, kInterval. nullopt: the text is no such value.
// Escapes (ddl/type.h) and intervals are appended to `arena`. Beside zero and partial dates these escape:
// MySQL year 0, days that the month lacks, and Postgres timestamps past what int64 microseconds since 1970 hold.
std::optional<Cell> TemporalFromText(const LogicalType& type, std::string_view text, std::string& arena);

// REQUIRES: an Int cell of one of the kinds above but kInterval.
void AppendTemporalText(const LogicalType& type, int64_t value, std::string& out);

}  // namespace freshet
