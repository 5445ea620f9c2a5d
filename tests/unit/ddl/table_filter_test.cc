// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ddl/table_filter.h"

namespace freshet {
namespace {

bool Matches(const char* include, const char* exclude, const char* schema, const char* table) {
  auto filter = TableFilter::Parse(include, exclude);
  EXPECT_TRUE(filter.ok()) << filter.status().ToString();
  return filter.ok() && filter->Matches({schema, table});
}

TEST(TableFilter, empty_include_means_all) {
  EXPECT_TRUE(TableFilter().Matches({"s", "t"}));
  EXPECT_TRUE(Matches("", "", "s", "t"));
}

TEST(TableFilter, exclude_wins) {
  EXPECT_FALSE(Matches("a, b", "b", "s", "b"));
  EXPECT_TRUE(Matches("a, b", "b", "s", "a"));
  EXPECT_FALSE(Matches("a, b", "", "s", "c"));
}

TEST(TableFilter, globs_match_whole_names) {
  EXPECT_TRUE(Matches("ord*", "", "s", "orders"));
  EXPECT_FALSE(Matches("ord*", "", "s", "xorders"));
  EXPECT_TRUE(Matches("t?", "", "s", "t1"));
  EXPECT_FALSE(Matches("t?", "", "s", "t12"));
  EXPECT_TRUE(Matches("t[0-9a]", "", "s", "ta"));
  EXPECT_FALSE(Matches("t[!0-9]", "", "s", "t5"));
  EXPECT_TRUE(Matches("*a*b*", "", "s", "xxaxxbxx"));
  EXPECT_TRUE(Matches(R"(a\*)", "", "s", "a*"));
  EXPECT_FALSE(Matches(R"(a\*)", "", "s", "ab"));
}

TEST(TableFilter, qualified_entries_match_their_schema_only) {
  EXPECT_TRUE(Matches("crm.*", "", "crm", "t"));
  EXPECT_FALSE(Matches("crm.*", "", "shop", "t"));
  EXPECT_TRUE(Matches(R"(we\.ird)", "", "s", "we.ird"));
  EXPECT_TRUE(Matches(R"(a\,b)", "", "s", "a,b"));
}

TEST(TableFilter, regexes_may_hold_commas) {
  EXPECT_TRUE(Matches("/t[0-9]{1,2}/, x", "", "s", "t12"));
  EXPECT_TRUE(Matches("/t[0-9]{1,2}/, x", "", "s", "x"));
  EXPECT_FALSE(Matches("/t[0-9]{1,2}/", "", "s", "t123"));
}

TEST(TableFilter, exact_names_leave_patterns_out) {
  const auto filter = TableFilter::Parse(R"(a, b*, /c/, s.d, e\.f)", "g");
  ASSERT_TRUE(filter.ok());
  EXPECT_EQ(filter->exact_names(), (std::vector<std::string>{"a", "s.d", "e.f"}));
}

TEST(TableFilter, malformed_entries_are_named) {
  for (const char* list : {"a, t[0", "/(/", "a.b.c", "x\\", "/open", ".t"}) {
    const auto filter = TableFilter::Parse(list, "");
    EXPECT_EQ(filter.code(), Code::kInvalid) << list;
  }
  EXPECT_NE(TableFilter::Parse("a, t[0", "").status().message().find("t[0"), std::string::npos);
}

}  // namespace
}  // namespace freshet
