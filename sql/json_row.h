// SPDX-License-Identifier: Apache-2.0
// ParseJsonRow: the members of one JSON object as texts. Numbers keep the digits they were written with, which is why
// DuckDB's own JSON reader is not used: it reads 0.1234567890123456789 as a double. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace freshet {

// Called for each member: null is nullopt, a scalar its text, an array or object its JSON text without spaces.
// An error ends the parse.
using JsonMember = std::function<Status(const std::string& key, std::optional<std::string_view> value)>;

// kInvalid says where in `text`, without its values: not JSON, not an object, invalid UTF-8.
Status ParseJsonRow(std::string_view text, const JsonMember& member);

}  // namespace freshet
