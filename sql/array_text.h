// SPDX-License-Identifier: Apache-2.0
// Text of an array: Postgres' "{1,NULL,\"a b\"}", bounds and dimensions included, or a JSON array, to the one form that
// is stored (kArray of ddl/type.h). Called where values are written to users' tables; pure function, any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace freshet {

// The element's text as it is to be stored; kInvalid, without the value, when it is no value of the element's type.
using ArrayElement = std::function<Result<std::string>(std::string_view)>;

// kInvalid, without any value: "text is no array", "the array's rows differ in length", or what `element` said.
Result<std::string> NormalArray(std::string_view text, const ArrayElement& element);

}  // namespace freshet
