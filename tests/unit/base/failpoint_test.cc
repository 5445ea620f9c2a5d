// SPDX-License-Identifier: Apache-2.0
// Failpoints: error injection, pass counting, crash.
#include "base/failpoint.h"

#include <gtest/gtest.h>

namespace freshet {
namespace {

Status Step() {
  FAILPOINT("test.step");
  return Status::Ok();
}

class Failpoints : public testing::Test {
 protected:
  void TearDown() override { ArmFailpoints(""); }
};
using FailpointsDeathTest = Failpoints;

TEST_F(Failpoints, unarmed_points_do_nothing) {
  ArmFailpoints("test.other=error");
  EXPECT_TRUE(Step().ok());
}

TEST_F(Failpoints, error_is_injected_at_the_named_pass_only) {
  ArmFailpoints("test.step=error@2");
  EXPECT_TRUE(Step().ok());
  EXPECT_EQ(Step().code(), Code::kLocalIo);
  EXPECT_TRUE(Step().ok());
}

TEST_F(FailpointsDeathTest, crash_leaves_at_once) {
  EXPECT_EXIT(
      {
        ArmFailpoints("test.step=crash");
        (void)Step();
      },
      testing::ExitedWithCode(42), "");
}

}  // namespace
}  // namespace freshet
