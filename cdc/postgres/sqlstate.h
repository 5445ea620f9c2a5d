// SPDX-License-Identifier: Apache-2.0
// SQLSTATE -> Code: what a server error means to us (PostgreSQL manual, appendix A). Never decided by text.
#pragma once

#include <string_view>

#include "base/status.h"

namespace freshet {

// `sqlstate` is five characters; empty (the connection broke without an error message) is kUnavailable.
Code CodeOfSqlstate(std::string_view sqlstate);

}  // namespace freshet
