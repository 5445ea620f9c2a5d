// SPDX-License-Identifier: Apache-2.0
// Goal: text becomes the value that it means or none; no offset is dropped, no word becomes a number.
#include "sql/text_values.h"

#include <gtest/gtest.h>

namespace freshet {
namespace {

std::string Moment(std::string_view text) {
  std::string buffer;
  return std::string(MomentText(text, buffer).value_or("none"));
}

std::string Number(std::string_view text) {
  return std::string(NumberText(text).value_or("none"));
}

TEST(TextValuesTest, moments_with_an_offset_are_computed) {
  EXPECT_EQ(Moment("2024-01-01T00:00:00+02:00"), "2023-12-31 22:00:00.000000");
  EXPECT_EQ(Moment("2024-02-28 23:30:00.25-0530"), "2024-02-29 05:00:00.250000");
  EXPECT_EQ(Moment("2024-01-01 10:00+01"), "2024-01-01 09:00:00.000000");
  EXPECT_EQ(Moment("0001-01-01 00:00:00+01"), "none");
}

TEST(TextValuesTest, moments_in_utc_stay_as_they_are) {
  EXPECT_EQ(Moment("2024-01-01T10:20:30.123456789Z"), "2024-01-01T10:20:30.123456789");
  EXPECT_EQ(Moment(" 2024/1/5 1:02 UTC "), "2024/1/5 1:02");
  EXPECT_EQ(Moment("2024-01-01 10:20:30-00:00"), "2024-01-01 10:20:30");
  EXPECT_EQ(Moment("2024-02-29"), "2024-02-29");
}

TEST(TextValuesTest, what_is_no_moment_is_none) {
  for (const char* text :
       {"", "epoch", "infinity", "2024-01-05 (BC)", "2024-02-30", "2023-02-29", "24-01-01", "2024-01/01", "2024-13-01",
        "2024-01-01T", "2024-01-01 24:00:00", "2024-01-01 10:60", "2024-01-01 10:00:0", "2024-01-01 10:00:00 +2",
        "2024-01-01 10:00:00+02:0", "2024-01-01 10:00:00+99", "2024-01-01 10:00:00 Europe/Berlin",
        "2024-01-01 10:00:00Zx", "2024-01-01+02:00"}) {
    EXPECT_EQ(Moment(text), "none") << text;
  }
}

TEST(TextValuesTest, numbers_are_digits) {
  for (const char* text : {"0", "-12", "+7", "1.", ".5", "-0.25", "1e3", "1.5E-10", "0001"}) {
    EXPECT_EQ(Number(text), text);
  }
  EXPECT_EQ(Number(" 12\t"), "12");
  for (const char* text :
       {"", " ", "-", ".", "1_000", "0x1F", "0b11", "nan", "inf", "1e", "1 2", "1,5", "--1", "e5", "12abc"}) {
    EXPECT_EQ(Number(text), "none") << text;
  }
}

TEST(TextValuesTest, clocks_have_no_zone) {
  EXPECT_EQ(ClockText(" 9:05 "), "9:05");
  EXPECT_EQ(ClockText("23:59:59.5"), "23:59:59.5");
  EXPECT_FALSE(ClockText("10:00:00+02").has_value());
  EXPECT_FALSE(ClockText("24:00:00").has_value());
  EXPECT_FALSE(ClockText("10").has_value());
}

}  // namespace
}  // namespace freshet
