// SPDX-License-Identifier: Apache-2.0
// Goal: GTID sets behave as sets of transactions. Method: random sets against std::set of (source, number).
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "cdc/change/gtid.h"

namespace freshet {
namespace {

constexpr char kUuidA[] = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
constexpr char kUuidB[] = "4e11fa47-71ca-11e1-9e33-c80aa9429562";

using Model = std::set<std::pair<MysqlGtidSource, int64_t>>;

TEST(MysqlGtidSet, agrees_with_a_plain_set_of_transactions) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const MysqlGtidSource sources[] = {{kUuidA, ""}, {kUuidA, "tag"}, {kUuidB, ""}};
  for (int round = 0; round < 300; ++round) {
    MysqlGtidSet sets[2];
    Model models[2];
    for (int which = 0; which < 2; ++which) {
      for (int i = 0; i < static_cast<int>(random() % 12); ++i) {
        const MysqlGtidSource& source = sources[random() % 3];
        const int64_t first = 1 + random() % 30;
        const int64_t last = first + random() % 6;
        sets[which].Add(source, {first, last});
        for (int64_t n = first; n <= last; ++n) models[which].insert({source, n});
      }
      const auto parsed = MysqlGtidSet::Parse(sets[which].ToString());
      ASSERT_TRUE(parsed.ok());
      ASSERT_EQ(*parsed, sets[which]) << sets[which].ToString();
    }
    const bool contains = std::includes(models[0].begin(), models[0].end(), models[1].begin(), models[1].end());
    ASSERT_EQ(sets[0].Contains(sets[1]), contains) << sets[0].ToString() << " / " << sets[1].ToString();
    const auto missing =
        std::count_if(models[0].begin(), models[0].end(), [&](const auto& one) { return models[1].count(one) == 0; });
    ASSERT_EQ(sets[0].CountMissingFrom(sets[1]), missing);
    MysqlGtidSet sum = sets[0];
    sum.Add(sets[1]);
    ASSERT_TRUE(sum.Contains(sets[0]) && sum.Contains(sets[1]));
    Model both = models[0];
    both.insert(models[1].begin(), models[1].end());
    ASSERT_EQ(sum.CountMissingFrom(MysqlGtidSet()), static_cast<int64_t>(both.size()));
  }
}

TEST(MysqlGtidSet, text_is_canonical) {
  const auto set = MysqlGtidSet::Parse(
      "4E11FA47-71CA-11E1-9E33-C80AA9429562:7,\n 3e11fa47-71ca-11e1-9e33-c80aa9429562:1-3:4:9:Tag:1");
  ASSERT_TRUE(set.ok());
  EXPECT_EQ(set->ToString(), std::string(kUuidA) + ":1-4:9:tag:1," + kUuidB + ":7");
}

TEST(MysqlGtidSet, malformed_text_is_invalid) {
  for (const char* text :
       {"x", "3e11fa47:1", "3e11fa47-71ca-11e1-9e33-c80aa9429562", "3e11fa47-71ca-11e1-9e33-c80aa9429562:0",
        "3e11fa47-71ca-11e1-9e33-c80aa9429562:5-3", "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-"}) {
    EXPECT_EQ(MysqlGtidSet::Parse(text).code(), Code::kInvalid) << text;
  }
}

TEST(MariadbGtidSet, keeps_the_newest_of_each_domain) {
  const auto set = MariadbGtidSet::Parse("1-2-7,0-1-100");
  const auto more = MariadbGtidSet::Parse("0-9-101,1-2-7,2-1-1");
  ASSERT_TRUE(set.ok() && more.ok());
  EXPECT_EQ(set->ToString(), "0-1-100,1-2-7");
  EXPECT_TRUE(more->Contains(*set));
  EXPECT_FALSE(set->Contains(*more));
  EXPECT_EQ(MariadbGtidSet::Parse("0-1").code(), Code::kInvalid);
}

}  // namespace
}  // namespace freshet
