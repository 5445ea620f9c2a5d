// SPDX-License-Identifier: Apache-2.0
// Postgres interval text (IntervalStyle=postgres) <-> the 16 bytes of a kInterval cell. Months, days and
// microseconds stay apart, as the server keeps them. Called by text_cell.cc and text_time.cc, from any thread.
//
//   interval := int64 microseconds, int32 days, int32 months     -- each little-endian
//   -infinity, infinity (since 17): every field at its least / greatest value
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cdc/change/cell.h"

namespace freshet {

// "1 year 2 mons -3 days +04:05:06.5". nullopt: not in this form or out of range.
std::optional<Cell> IntervalFromText(std::string_view text, std::string& arena);

// Prints as the server does. REQUIRES: 16 bytes.
void AppendIntervalText(std::string_view bytes, std::string& out);

}  // namespace freshet
