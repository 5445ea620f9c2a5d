// SPDX-License-Identifier: Apache-2.0
// ByteCursor: values at both byte orders, and the sticky failure that parsers rely on.
#include "base/cursor.h"

#include <gtest/gtest.h>

namespace freshet {
namespace {

using std::string_view_literals::operator""sv;

TEST(ByteCursor, reads_both_byte_orders_and_widths) {
  ByteCursor cursor("\x01\x02\x03\x04\x05\x06\x07\x08\x09"sv);
  EXPECT_EQ(cursor.U16Le(), 0x0201);
  EXPECT_EQ(cursor.UintBe(3), 0x030405u);
  EXPECT_EQ(cursor.U32Le(), 0x09080706u);
  EXPECT_TRUE(cursor.ok());
  EXPECT_TRUE(cursor.done());
}

TEST(ByteCursor, sign_extends_odd_widths) {
  ByteCursor cursor("\xff\xff\xff\xff\xff\xfe\x80\x00"sv);
  EXPECT_EQ(cursor.IntLe(3), -1);
  EXPECT_EQ(cursor.IntBe(3), -2);
  EXPECT_EQ(cursor.IntBe(2), -32768);
}

TEST(ByteCursor, failure_is_sticky_and_yields_zero) {
  ByteCursor cursor("\x01\x02"sv);
  EXPECT_EQ(cursor.U32Le(), 0u);
  EXPECT_FALSE(cursor.ok());
  EXPECT_EQ(cursor.U8(), 0);
  EXPECT_EQ(cursor.Take(1), "");
  EXPECT_EQ(cursor.remaining(), 0u);
}

TEST(ByteCursor, c_string_without_nul_fails) {
  ByteCursor with_nul("ab\0c"sv);
  EXPECT_EQ(with_nul.TakeCString(), "ab");
  EXPECT_EQ(with_nul.TakeRest(), "c");
  ByteCursor without("abc"sv);
  EXPECT_EQ(without.TakeCString(), "");
  EXPECT_FALSE(without.ok());
}

TEST(ByteCursor, huge_lengths_from_the_wire_do_not_overflow) {
  ByteCursor cursor("abc"sv);
  EXPECT_EQ(cursor.Take(SIZE_MAX), "");
  EXPECT_FALSE(cursor.ok());
}

}  // namespace
}  // namespace freshet
