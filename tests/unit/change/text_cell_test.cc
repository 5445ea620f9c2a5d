// SPDX-License-Identifier: Apache-2.0
// Goal: text of either server becomes the canonical cell of ddl/type.h and prints back. Method: one table of
// (type, text, printed text), each read, printed and read again; a few exact cell values.
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "cdc/change/calendar.h"
#include "cdc/change/text_cell.h"

namespace freshet {
namespace {

using Kind = TypeKind;

std::string Bytes(const Cell& cell, const std::string& arena) {
  return arena.substr(cell.bits, cell.size);
}

struct Case {
  LogicalType type;
  const char* text;
  const char* printed;
};

const Case kCases[] = {
    {{.kind = Kind::kBool}, "true", "t"},
    {{.kind = Kind::kBool}, "0", "f"},
    {{.kind = Kind::kInt8}, "-128", "-128"},
    {{.kind = Kind::kInt64}, "-9223372036854775808", "-9223372036854775808"},
    {{.kind = Kind::kUint64}, "18446744073709551615", "18446744073709551615"},
    {{.kind = Kind::kFloat32}, "0.1", "0.1"},
    {{.kind = Kind::kFloat32}, "0.10000000149011612", "0.1"},
    {{.kind = Kind::kFloat64}, "1e+300", "1e+300"},
    {{.kind = Kind::kFloat64}, "NaN", "NaN"},
    {{.kind = Kind::kFloat64}, "-Infinity", "-Infinity"},
    {{.kind = Kind::kFloat64}, "-0", "-0"},
    {{.kind = Kind::kDecimal, .precision = 10, .scale = 2}, "12.3", "12.30"},
    {{.kind = Kind::kDecimal, .precision = 10, .scale = 2}, "-.05", "-0.05"},
    {{.kind = Kind::kDecimal, .precision = 10, .scale = 2}, "-0.00", "0.00"},
    {{.kind = Kind::kDecimal, .precision = 10, .scale = 2}, "NaN", "NaN"},
    {{.kind = Kind::kDecimal, .precision = 18, .scale = 18}, "0.999999999999999999", "0.999999999999999999"},
    {{.kind = Kind::kDecimal, .precision = 65, .scale = 3}, "00012345678901234567890.1", "12345678901234567890.100"},
    {{.kind = Kind::kDecimal, .precision = 20, .scale = 1}, "-0.0", "0.0"},
    {{.kind = Kind::kDecimal, .precision = 20, .scale = 0}, "-7", "-7"},
    {{.kind = Kind::kNumeric}, "1.500", "1.500"},
    {{.kind = Kind::kNumeric}, "-Infinity", "-Infinity"},
    {{.kind = Kind::kString}, "", ""},
    {{.kind = Kind::kBytes}, "\\xDEad00", "\\xdead00"},
    {{.kind = Kind::kBytes, .length = 3, .fixed = true}, "\\x61", "\\x610000"},
    {{.kind = Kind::kDate}, "1970-01-01", "1970-01-01"},
    {{.kind = Kind::kDate}, "0044-03-15 BC", "0044-03-15 BC"},
    {{.kind = Kind::kDate}, "5874897-12-31", "5874897-12-31"},
    {{.kind = Kind::kDate}, "infinity", "infinity"},
    {{.kind = Kind::kDate}, "-infinity", "-infinity"},
    {{.kind = Kind::kDate}, "0000-00-00", "0000-00-00"},
    {{.kind = Kind::kDate}, "2024-00-10", "2024-00-10"},
    {{.kind = Kind::kDate}, "2023-02-29", "2023-02-29"},
    {{.kind = Kind::kTimeOfDay, .precision = 6}, "24:00:00", "24:00:00.000000"},
    {{.kind = Kind::kTimeOfDay, .precision = 0}, "08:30:00", "08:30:00"},
    {{.kind = Kind::kTimeSpan, .precision = 6}, "-838:59:59.999999", "-838:59:59.999999"},
    {{.kind = Kind::kTimeSpan, .precision = 1}, "-00:00:00.5", "-00:00:00.5"},
    {{.kind = Kind::kTimeTz}, "08:30:00.5+02", "08:30:00.5+02"},
    {{.kind = Kind::kDateTime, .precision = 3}, "2024-02-29 23:59:59.5", "2024-02-29 23:59:59.500"},
    {{.kind = Kind::kDateTime, .precision = 6}, "1969-12-31 23:59:59.999999", "1969-12-31 23:59:59.999999"},
    {{.kind = Kind::kDateTime, .precision = 2}, "0000-00-00 00:00:00", "0000-00-00 00:00:00.00"},
    {{.kind = Kind::kDateTime, .precision = 6}, "4713-01-01 00:00:00 BC", "4713-01-01 00:00:00.000000 BC"},
    {{.kind = Kind::kDateTime, .precision = 6}, "294276-12-31 23:59:59.999999", "294276-12-31 23:59:59.999999"},
    {{.kind = Kind::kTimestamp, .precision = 0}, "2024-01-01 00:30:00+01", "2023-12-31 23:30:00"},
    {{.kind = Kind::kTimestamp, .precision = 0}, "2024-01-01 00:30:00-05:30", "2024-01-01 06:00:00"},
    {{.kind = Kind::kTimestamp, .precision = 0}, "0001-01-01 00:00:00+00 BC", "0001-01-01 00:00:00 BC"},
    {{.kind = Kind::kYear}, "0000", "0"},
    {{.kind = Kind::kYear}, "2155", "2155"},
    {{.kind = Kind::kInterval}, "1 year 2 mons -3 days +04:05:06.5", "1 year 2 mons -3 days +04:05:06.5"},
    {{.kind = Kind::kInterval}, "-1 years -1 mons", "-1 years -1 mons"},
    {{.kind = Kind::kInterval}, "00:00:00", "00:00:00"},
    {{.kind = Kind::kInterval}, "1 day -00:00:00.000001", "1 day -00:00:00.000001"},
    {{.kind = Kind::kInterval}, "-2562047788:00:54.775808", "-2562047788:00:54.775808"},
    {{.kind = Kind::kInterval}, "infinity", "infinity"},
    {{.kind = Kind::kUuid}, "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
    {{.kind = Kind::kJson}, "{\"a\": 1}", "{\"a\": 1}"},
    {{.kind = Kind::kBitInt, .length = 64}, "18446744073709551615", "18446744073709551615"},
    {{.kind = Kind::kBitString}, "0101", "0101"},
    {{.kind = Kind::kArray}, "[0:1]={1,NULL}", "[0:1]={1,NULL}"},
    {{.kind = Kind::kText}, "any thing", "any thing"},
};

TEST(TextCell, text_reads_and_prints_as_the_canonical_form) {
  for (const Case& one : kCases) {
    std::string arena = "before";
    const auto cell = CellFromText(one.type, one.text, arena);
    ASSERT_TRUE(cell.ok()) << MysqlTypeName(one.type) << " " << one.text;
    std::string printed;
    EXPECT_TRUE(AppendCellText(one.type, *cell, arena, printed));
    EXPECT_EQ(printed, one.printed) << MysqlTypeName(one.type);
    std::string again_arena;
    const auto again = CellFromText(one.type, printed, again_arena);
    ASSERT_TRUE(again.ok()) << printed;
    EXPECT_EQ(again->kind, cell->kind) << printed;
    if (cell->kind == CellKind::kBytes) {
      EXPECT_EQ(Bytes(*again, again_arena), Bytes(*cell, arena));
    } else {
      EXPECT_EQ(again->bits, cell->bits) << printed;
    }
  }
}

TEST(TextCell, text_that_is_no_value_is_corrupt_and_not_repeated) {
  const std::pair<LogicalType, const char*> kBad[] = {
      {{.kind = Kind::kInt8}, "128"},
      {{.kind = Kind::kInt32}, ""},
      {{.kind = Kind::kInt32}, "1x"},
      {{.kind = Kind::kUint8}, "-1"},
      {{.kind = Kind::kBool}, "yes"},
      {{.kind = Kind::kDecimal, .precision = 4, .scale = 2}, "1.234"},
      {{.kind = Kind::kDecimal, .precision = 4, .scale = 2}, "123.4"},
      {{.kind = Kind::kDecimal, .precision = 4, .scale = 2}, "."},
      {{.kind = Kind::kBytes}, "6162"},
      {{.kind = Kind::kBytes}, "\\x6"},
      {{.kind = Kind::kDate}, "2024-13-01"},
      {{.kind = Kind::kDate}, "2024-1-1"},
      {{.kind = Kind::kDateTime, .precision = 0}, "2024-01-01 24:00:00"},
      {{.kind = Kind::kDateTime, .precision = 0}, "2024-01-01 00:00:00.5"},
      {{.kind = Kind::kTimeSpan}, "839:00:00"},
      {{.kind = Kind::kTimeOfDay}, "24:00:01"},
      {{.kind = Kind::kYear}, "1900"},
      {{.kind = Kind::kInterval}, "1 fortnight"},
      {{.kind = Kind::kInterval}, ""},
      {{.kind = Kind::kUuid}, "a0eebc99"},
      {{.kind = Kind::kBitInt, .length = 3}, "8"},
      {{.kind = Kind::kBitString}, "012"},
  };
  for (const auto& [type, text] : kBad) {
    std::string arena;
    const auto cell = CellFromText(type, text, arena);
    EXPECT_EQ(cell.code(), Code::kCorrupt) << MysqlTypeName(type) << " " << text;
    if (std::string_view(text).size() > 3) {
      EXPECT_EQ(cell.status().message().find(text), std::string::npos);
    }
  }
}

TEST(TextCell, cells_have_the_documented_values) {
  std::string arena;
  EXPECT_EQ(CellFromText({.kind = Kind::kDecimal, .precision = 10, .scale = 2}, "12.30", arena)->AsInt(), 1230);
  EXPECT_EQ(CellFromText({.kind = Kind::kDate}, "2000-03-01", arena)->AsInt(), 11017);
  EXPECT_EQ(CellFromText({.kind = Kind::kDateTime}, "1970-01-02 00:00:01", arena)->AsInt(), 86'401'000'000);
  EXPECT_EQ(CellFromText({.kind = Kind::kTimestamp}, "infinity", arena)->AsInt(), kPositiveInfinity);
  EXPECT_EQ(CellFromText({.kind = Kind::kFloat32}, "0.1", arena)->AsDouble(), static_cast<double>(0.1f));
  const auto zero = CellFromText({.kind = Kind::kDate}, "0000-00-00", arena);
  EXPECT_EQ(zero->kind, CellKind::kBytes);
  const auto interval = CellFromText({.kind = Kind::kInterval}, "1 mon 2 days 00:00:00.000003", arena);
  EXPECT_EQ(Bytes(*interval, arena), std::string("\3\0\0\0\0\0\0\0\2\0\0\0\1\0\0\0", 16));
}

TEST(TextCell, null_and_unchanged_print_nothing) {
  std::string out;
  EXPECT_FALSE(AppendCellText({.kind = Kind::kString}, Cell::Null(), "", out));
  EXPECT_FALSE(AppendCellText({.kind = Kind::kString}, Cell::Unchanged(), "", out));
  EXPECT_EQ(out, "");
}

TEST(Calendar, every_day_follows_the_one_before) {
  CivilDate date{-401, 12, 31};
  int64_t days = DaysFromCivil(date);
  for (int i = 0; i < 1'000'000; ++i) {
    if (++date.day > DaysInMonth(date.year, date.month)) {
      date.day = 1;
      if (++date.month > 12) {
        date.month = 1;
        ++date.year;
      }
    }
    ++days;
    ASSERT_EQ(DaysFromCivil(date), days);
    const CivilDate back = CivilFromDays(days);
    ASSERT_TRUE(back.year == date.year && back.month == date.month && back.day == date.day) << days;
  }
}

TEST(TextCell, random_numbers_round_trip) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    const LogicalType types[] = {{.kind = Kind::kFloat64}, {.kind = Kind::kDateTime, .precision = 6}};
    const double number = std::bit_cast<double>(random());
    // Years 1 to 9999; year 0 escapes by design.
    const int64_t micros = static_cast<int64_t>(random() % 315'537'000'000'000'000) - 62'135'596'800'000'000;
    const Cell cells[] = {Cell::Double(number == number ? number : std::numeric_limits<double>::quiet_NaN()),
                          Cell::Int(micros)};
    for (int k = 0; k < 2; ++k) {
      std::string text, arena;
      ASSERT_TRUE(AppendCellText(types[k], cells[k], "", text));
      const auto back = CellFromText(types[k], text, arena);
      ASSERT_TRUE(back.ok()) << text;
      ASSERT_EQ(back->bits, cells[k].bits) << text;
    }
  }
}

}  // namespace
}  // namespace freshet
