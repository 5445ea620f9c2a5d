// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "cdc/change/position.h"

namespace freshet {
namespace {

Position Parse(const char* json) {
  auto position = Position::FromJson(json);
  EXPECT_TRUE(position.ok()) << json << position.status().ToString();
  return position.ok() ? *position : Position();
}

TEST(Position, json_round_trips_for_every_kind) {
  for (const char* json :
       {R"({"file":"binlog.000003","pos":"154"})",
        R"({"file":"b.000001","pos":"4","gtids":"3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5"})",
        R"({"file":"b.000001","pos":"4","gtids":"0-1-100"})", R"({"lsn":"123456"})", R"({"lsn":"123456","xid":"9"})",
        R"({"lsn":"7","xid":"9","systemId":"7371234567890123456","timeline":"2"})"}) {
    EXPECT_EQ(Parse(json).ToJson(), json);
  }
  EXPECT_EQ(Parse("").ToJson(), "");
}

TEST(Position, malformed_json_is_invalid) {
  for (const char* json : {"{", "[]", "{}", R"({"lsn":"x"})", R"({"file":"b"})", R"({"gtids":7})"}) {
    EXPECT_EQ(Position::FromJson(json).code(), Code::kInvalid) << json;
  }
}

TEST(Position, later_covers_earlier_within_one_kind) {
  EXPECT_TRUE(Parse(R"({"lsn":"5"})").Covers(Parse(R"({"lsn":"5"})")));
  EXPECT_FALSE(Parse(R"({"lsn":"4"})").Covers(Parse(R"({"lsn":"5"})")));
  EXPECT_TRUE(Parse(R"({"file":"b.1000000","pos":"4"})").Covers(Parse(R"({"file":"b.999999","pos":"900"})")));
  EXPECT_FALSE(Parse(R"({"file":"b.000002","pos":"4"})").Covers(Parse(R"({"file":"b.000002","pos":"5"})")));
  EXPECT_FALSE(Parse(R"({"lsn":"5"})").Covers(Parse(R"({"file":"b.000002","pos":"5"})")));
}

TEST(Position, empty_is_covered_by_all_and_covers_only_empty) {
  EXPECT_TRUE(Position().Covers(Position()));
  EXPECT_TRUE(Parse(R"({"lsn":"5"})").Covers(Position()));
  EXPECT_FALSE(Position().Covers(Parse(R"({"lsn":"5"})")));
}

TEST(Position, gtids_decide_over_file_and_offset) {
  const Position less = Parse(R"({"file":"b.000009","pos":"9","gtids":"3e11fa47-71ca-11e1-9e33-c80aa9429562:1-4"})");
  const Position more = Parse(R"({"file":"b.000001","pos":"4","gtids":"3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5"})");
  EXPECT_TRUE(more.Covers(less));
  EXPECT_FALSE(less.Covers(more));
}

}  // namespace
}  // namespace freshet
