// SPDX-License-Identifier: Apache-2.0
#include "sql/literal_fit.h"

#include <gtest/gtest.h>

namespace freshet {
namespace {

// The condition as it comes out.
std::string Fit(const std::string& condition) {
  using Kind = LiteralColumn::Kind;
  const std::vector<LiteralColumn> columns = {
      {"n", Kind::kInteger},  {"u", Kind::kInteger},    {"d", Kind::kDecimal, 2}, {"day", Kind::kDate},
      {"text", Kind::kOther}, {"at", Kind::kOther},     {"x", Kind::kInteger},    {"X", Kind::kOther},
      {"f", Kind::kOther},    {"m", Kind::kDecimal, 4}, {"M", Kind::kDecimal, 1}};
  const auto tokens = Tokenize(condition);
  EXPECT_TRUE(tokens.ok()) << tokens.status().ToString();
  const std::optional<std::string> fitted = FitLiterals(condition, *tokens, columns);
  EXPECT_TRUE(!fitted || MayNotFit(*tokens)) << condition;
  return fitted.value_or(condition);
}

TEST(LiteralFit, numbers_that_a_column_cannot_hold_become_numbers) {
  EXPECT_EQ(Fit("n = '7.5'"), "n =  7.5 ");
  EXPECT_EQ(Fit("WHERE t.`N`<='-.5' AND u > \"+1.\""), "WHERE t.`N`<= -.5  AND u >  1. ");
  EXPECT_EQ(Fit("'7.5' <> a.b.n OR 1"), " 7.5  <> a.b.n OR 1");
  EXPECT_EQ(Fit("d = '9.999' OR d = '9.99' OR d = '9'"), "d =  9.999  OR d = '9.99' OR d = '9'");
  EXPECT_EQ(Fit("m = '9.99'"), "m =  9.99 ");
  EXPECT_EQ(Fit("n NOT IN ('1', 2, '7.5', ' 8.25 ')"), "n NOT IN ('1', 2,  7.5 ,  8.25 )");
  EXPECT_EQ(Fit("n NOT BETWEEN '1.5' AND '7.5' AND n = '1'"), "n NOT BETWEEN  1.5  AND  7.5  AND n = '1'");
}

TEST(LiteralFit, moments_beside_a_date_become_moments) {
  EXPECT_EQ(Fit("day < '2024-01-01 10:00:00'"), "day < TIMESTAMP '2024-01-01 10:00:00'");
  EXPECT_EQ(Fit("day BETWEEN '2024-01-01' AND '2024-1-2T10:00:00.5'"),
            "day BETWEEN '2024-01-01' AND TIMESTAMP '2024-1-2T10:00:00.5'");
  EXPECT_EQ(Fit("day IN ('2024-01-01 10:00')"), "day IN (TIMESTAMP '2024-01-01 10:00')");
}

TEST(LiteralFit, everything_else_stays) {
  for (const char* condition : {"n = '7'",
                                "n = 7.5",
                                "text = '7.5'",
                                "f = '7.5'",
                                "x = '7.5'",
                                "unknown = '7.5'",
                                "n + 1 = '7.5'",
                                "n = '7.5' + 1",
                                "n = '7.5' COLLATE c",
                                "'7.5' = n * 2",
                                "'7.5' = n(1)",
                                "n = '7.5e0'",
                                "n = '.'",
                                "n = '7.5x'",
                                "n LIKE '7.5'",
                                "f(n, '7.5')",
                                "n IN (n, '7.5')",
                                "n IN ('7.5' + 1)",
                                "at = '2024-01-01 10:00:00'",
                                "day = '2024-01-01'",
                                "day = '2024-01-01 10:00:00Z'",
                                "day = TIMESTAMP '2024-01-01 10:00:00'",
                                "day > INTERVAL '1.5' DAY",
                                "'7.5'",
                                "n BETWEEN m AND '7.5'"}) {
    EXPECT_EQ(Fit(condition), condition);
  }
  EXPECT_EQ(Fit("n = '" + std::string(30, '1') + "." + std::string(9, '1') + "'"),
            "n = '" + std::string(30, '1') + "." + std::string(9, '1') + "'");
}

}  // namespace
}  // namespace freshet
