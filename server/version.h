// SPDX-License-Identifier: Apache-2.0
// The release, as --version and /version print it.
#pragma once

#include <string_view>

namespace freshet {
inline constexpr const char* kVersion = "0.1.0";
}  // namespace freshet
