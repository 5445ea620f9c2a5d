// SPDX-License-Identifier: Apache-2.0
// MySQL functions that DuckDB lacks or understands differently, as templates of DuckDB SQL. A table, no logic.
#pragma once

#include <string_view>

namespace freshet {

struct FunctionTemplate {
  std::string_view name;  // lower case
  size_t arguments;       // exactly
  std::string_view text;  // {0}, {1}, .. are the rewritten arguments, already in parentheses where needed
};

// nullptr: no template, the call passes through.
const FunctionTemplate* FindFunctionTemplate(std::string_view lower_name, size_t arguments);

// A DATE_FORMAT pattern as DuckDB's strftime takes it; false when it has a part without equivalent, which is
// then in `refused`.
bool StrftimePattern(std::string_view mysql_pattern, std::string& pattern, std::string& refused);

}  // namespace freshet
