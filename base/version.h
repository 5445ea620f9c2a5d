// SPDX-License-Identifier: Apache-2.0
// The release, and the version that MySQL clients are told: they parse its first part and choose their dialect by
// it. The only place that has either.
#pragma once

namespace freshet {

inline constexpr const char kVersion[] = "0.1.0";
inline constexpr const char kMysqlVersion[] = "8.0.33-freshet-0.1.0";

}  // namespace freshet
