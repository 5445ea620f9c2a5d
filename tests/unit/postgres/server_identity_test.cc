// SPDX-License-Identifier: Apache-2.0
// Timeline history files, and positions of servers that are not the one behind the address.
#include "cdc/postgres/server_identity.h"

#include <gtest/gtest.h>

namespace freshet {
namespace {

TEST(ServerIdentity, EndOfTimelineIsReadFromTheHistory) {
  const std::string_view history =
      "1\t0/3000060\tno recovery target specified\n\n2\t1/A0\tbefore transaction 12\n12\t1/B0\tx\n";
  EXPECT_EQ(EndOfTimeline(history, 1), 0x3000060u);
  EXPECT_EQ(EndOfTimeline(history, 2), 0x1000000A0u);
  EXPECT_EQ(EndOfTimeline(history, 12), 0x1000000B0u);
  EXPECT_EQ(EndOfTimeline(history, 3), std::nullopt);
}

TEST(ServerIdentity, MalformedHistoryNamesNoTimeline) {
  for (const std::string_view history : {"", "\n", "1", "1\t", "1\tx\ty", "x\t0/1\t", "1x\t0/1\tz", " 1", "1 "}) {
    EXPECT_EQ(EndOfTimeline(history, 1), std::nullopt) << history;
  }
}

}  // namespace
}  // namespace freshet
