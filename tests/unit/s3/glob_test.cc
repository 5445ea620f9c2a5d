// SPDX-License-Identifier: Apache-2.0
// Goal: a pattern matches exactly the keys that Doris' s3(..) would load, and a listing starts at what all matches
// begin with. Method: tables of pattern, key, answer.
#include "sync/s3/glob.h"

#include <gtest/gtest.h>

namespace freshet {
namespace {

bool Matches(const std::string& pattern, const std::string& key) {
  const Result<Glob> glob = Glob::Parse(pattern);
  EXPECT_TRUE(glob.ok()) << pattern << ": " << glob.status().ToString();
  return glob.ok() && glob->Matches(key);
}

std::string Prefix(const std::string& pattern) {
  return Glob::Parse(pattern)->literal_prefix();
}

TEST(Glob, patterns_match_whole_keys) {
  struct Case {
    const char* pattern;
    const char* key;
    bool matches;
  };
  const Case cases[] = {
      {"a.csv", "a.csv", true},
      {"a.csv", "a.csvx", false},
      {"a.csv", "xa.csv", false},
      {"*.csv", "a.csv", true},
      {"*.csv", ".csv", true},
      {"*.csv", "d/a.csv", false},
      {"**.csv", "d/e/a.csv", true},
      {"d/*/f*", "d/e/f1", true},
      {"d/*/f*", "d/e/g/f1", false},
      {"d/**/f", "d/e/g/f", true},
      {"?", "\xC3\xA9", true},
      {"?", "ab", false},
      {"a?c", "a/c", false},
      {"example_[0-0].csv", "example_0.csv", true},
      {"example_[0-0].csv", "example_1.csv", false},
      {"[!a-c]x", "dx", true},
      {"[!a-c]x", "bx", false},
      {"[^a]x", "/x", false},
      {"[]]x", "]x", true},
      {"[a-]x", "-x", true},
      {"[\xC3\xA0-\xC3\xBF]", "\xC3\xA9", true},
      {"{a,b}/x", "b/x", true},
      {"{a,b}/x", "c/x", false},
      {"{a,b{1,2}}.csv", "b2.csv", true},
      {"p{1..3}.csv", "p2.csv", true},
      {"p{1..3}.csv", "p4.csv", false},
      {"p{08..11}.csv", "p09.csv", true},
      {"p{08..11}.csv", "p9.csv", false},
      {"{,x}a", "a", true},
      {"a\\*b", "a*b", true},
      {"a\\*b", "axb", false},
      {"a+b (1)&%20.csv", "a+b (1)&%20.csv", true},
      {"*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
      {"x\xFF*", "x\xFFyz", true},
  };
  for (const Case& c : cases) EXPECT_EQ(Matches(c.pattern, c.key), c.matches) << c.pattern << " with " << c.key;
}

TEST(Glob, literal_prefix_is_what_all_matches_begin_with) {
  EXPECT_EQ(Prefix("d/e/p*.csv"), "d/e/p");
  EXPECT_EQ(Prefix("d/{part,page}-[0-9].csv"), "d/pa");
  EXPECT_EQ(Prefix("*"), "");
  EXPECT_EQ(Prefix("a\\*b?"), "a*b");
  EXPECT_EQ(Prefix("d/a.csv"), "d/a.csv");
  EXPECT_TRUE(Glob::Parse("d/a.csv")->is_literal());
  EXPECT_TRUE(Glob::Parse("d/a\\*.csv")->is_literal());
  EXPECT_FALSE(Glob::Parse("d/{a,b}.csv")->is_literal());
  EXPECT_FALSE(Glob::Parse("d/a?.csv")->is_literal());
}

TEST(Glob, malformed_patterns_are_refused_with_the_reason) {
  for (const char* pattern : {"a[b", "a[", "a{b", "{a,{b}", "[!", "[a-"}) {
    const Result<Glob> glob = Glob::Parse(pattern);
    ASSERT_EQ(glob.code(), Code::kInvalid) << pattern;
    EXPECT_NE(glob.status().message().find("without"), std::string::npos) << glob.status().message();
  }
  EXPECT_EQ(Glob::Parse("{1..99999}").code(), Code::kInvalid);
  EXPECT_EQ(Glob::Parse("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}").code(), Code::kInvalid);
}

}  // namespace
}  // namespace freshet
