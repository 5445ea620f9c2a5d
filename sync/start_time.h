// SPDX-License-Identifier: Apache-2.0
// The offset of a job that starts at a time. Pure.
//
//   start time = milliseconds (13 digits) | {"timestamp": "YYYY-MM-DD hh:mm:ss[.f]" | milliseconds}    ; UTC
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace freshet {

// Microseconds since 1970 UTC; nullopt when the text is no start time.
std::optional<int64_t> ParseStartTime(std::string_view text);

}  // namespace freshet
