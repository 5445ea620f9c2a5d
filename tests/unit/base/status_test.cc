// SPDX-License-Identifier: Apache-2.0
// Status and Result: context order, propagation by the two macros.
#include "base/status.h"

#include <gtest/gtest.h>

namespace freshet {
namespace {

Result<int> Half(int value) {
  if (value % 2 != 0) return Status(Code::kInvalid, "odd");
  return value / 2;
}

Result<int> Quarter(int value) {
  ASSIGN_OR_RETURN(const int half, Half(value));
  ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

Status Check(int value) {
  TRY(Half(value).status());
  return Status::Ok();
}

TEST(Status, context_is_prepended_outermost_first) {
  const Status status = Status(Code::kGone, "purged").At("read binlog").At("job shop");
  EXPECT_EQ(status.message(), "job shop: read binlog: purged");
  EXPECT_EQ(status.ToString(), "GONE: job shop: read binlog: purged");
}

TEST(Status, macros_return_the_first_error) {
  EXPECT_EQ(Quarter(12).value(), 3);
  EXPECT_EQ(Quarter(6).code(), Code::kInvalid);
  EXPECT_TRUE(Check(2).ok());
  EXPECT_EQ(Check(3).code(), Code::kInvalid);
}

TEST(Status, every_code_has_a_name) {
  for (int code = 0; code <= static_cast<int>(Code::kSchemaMoved); ++code) {
    EXPECT_NE(CodeName(static_cast<Code>(code)), "UNKNOWN") << code;
  }
}

TEST(StatusDeathTest, value_of_an_error_aborts) {
  EXPECT_DEATH((void)Half(3).value(), "invariant broken");
}

}  // namespace
}  // namespace freshet
