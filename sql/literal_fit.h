// SPDX-License-Identifier: Apache-2.0
// Literal fit: string literals that stand beside a column whose type cannot hold them. DuckDB gives such a literal the
// column's type, so that `int_column = '7.5'` would be compared with 8 and `date_column < '2024-01-01 10:00:00'` with
// the day; MySQL compares the values. The literal is therefore written as the number or moment that it is, in
// comparisons, IN and BETWEEN. Works on tokens: a literal elsewhere, or beside an expression, stays as it is. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/token.h"

namespace freshet {

// A column that a statement may name.
struct LiteralColumn {
  enum class Kind : uint8_t { kOther, kInteger, kDecimal, kDate };
  std::string name;
  Kind kind = Kind::kOther;
  uint8_t scale = 0;  // of a DECIMAL
};

// Some literal looks as if a column could not hold it: it is worth to find out the columns.
bool MayNotFit(const std::vector<Token>& tokens);

// The statement with such literals rewritten; nullopt: it stays as it is. Columns of one name must agree.
std::optional<std::string> FitLiterals(std::string_view sql, const std::vector<Token>& tokens,
                                       const std::vector<LiteralColumn>& columns);

}  // namespace freshet
