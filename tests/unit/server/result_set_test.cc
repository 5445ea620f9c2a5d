// SPDX-License-Identifier: Apache-2.0
// Result rows and statement parameters as bytes: every type, its extremes, and what must be refused.
#include "server/result_set.h"

#include <gtest/gtest.h>

#include "server/statement_parameters.h"
#include "server/wire.h"

namespace freshet {
namespace {

using protocol::ColumnType;

std::string Bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) out += static_cast<char>(value);
  return out;
}

// The value's bytes after header and bitmap of a one-column binary row.
std::string Binary(ResultType type, std::string_view text, bool is_unsigned = false) {
  const auto row = BinaryRowPayload({{.name = "c", .type = type, .is_unsigned = is_unsigned}}, {text});
  return row.ok() ? row->substr(2) : "error: " + row.status().message();
}

TEST(BinaryRow, EveryTypeHasItsBytes) {
  EXPECT_EQ(Binary(ResultType::kTiny, "-128"), Bytes({0x80}));
  EXPECT_EQ(Binary(ResultType::kTiny, "255", true), Bytes({0xff}));
  EXPECT_EQ(Binary(ResultType::kShort, "-2"), Bytes({0xfe, 0xff}));
  EXPECT_EQ(Binary(ResultType::kLong, "2147483647"), Bytes({0xff, 0xff, 0xff, 0x7f}));
  EXPECT_EQ(Binary(ResultType::kLongLong, "-9223372036854775808"), Bytes({0, 0, 0, 0, 0, 0, 0, 0x80}));
  EXPECT_EQ(Binary(ResultType::kLongLong, "18446744073709551615", true), std::string(8, '\xff'));
  EXPECT_EQ(Binary(ResultType::kFloat, "1.5"), Bytes({0, 0, 0xc0, 0x3f}));
  EXPECT_EQ(Binary(ResultType::kDouble, "-0.1"), Bytes({0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0xbf}));
  EXPECT_EQ(Binary(ResultType::kDecimal, "12.30"),
            "\x05"
            "12.30");
  EXPECT_EQ(Binary(ResultType::kString, "Zoë"), "\x04Zoë");
  EXPECT_EQ(Binary(ResultType::kBlob, std::string_view("\0\xff", 2)), Bytes({2, 0, 0xff}));
  EXPECT_EQ(Binary(ResultType::kJson, "{}"), "\x02{}");
  EXPECT_EQ(Binary(ResultType::kDate, "2024-02-29"), Bytes({4, 0xe8, 7, 2, 29}));
  EXPECT_EQ(Binary(ResultType::kDate, "0000-00-00"), Bytes({0}));
  EXPECT_EQ(Binary(ResultType::kDateTime, "2024-02-29 00:00:00"), Bytes({4, 0xe8, 7, 2, 29}));
  EXPECT_EQ(Binary(ResultType::kDateTime, "2024-02-29 23:59:58"), Bytes({7, 0xe8, 7, 2, 29, 23, 59, 58}));
  EXPECT_EQ(Binary(ResultType::kTimestamp, "2024-02-29 23:59:58.5"),
            Bytes({11, 0xe8, 7, 2, 29, 23, 59, 58, 0x20, 0xa1, 7, 0}));
  EXPECT_EQ(Binary(ResultType::kTime, "-838:59:59"), Bytes({8, 1, 34, 0, 0, 0, 22, 59, 59}));
  EXPECT_EQ(Binary(ResultType::kTime, "00:00:00.000001"), Bytes({12, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0}));
  EXPECT_EQ(Binary(ResultType::kTime, "00:00:00"), Bytes({0}));
}

TEST(BinaryRow, ValueWithoutBinaryFormIsAnErrorNeverAnotherValue) {
  for (const auto& [type, text] :
       {std::pair(ResultType::kTiny, "128"), std::pair(ResultType::kLong, "2147483648"),
        std::pair(ResultType::kShort, "1.5"), std::pair(ResultType::kLongLong, ""),
        std::pair(ResultType::kDate, "infinity"), std::pair(ResultType::kDate, "0044-03-15 BC"),
        std::pair(ResultType::kDateTime, "2024-02-29 24:00:00"), std::pair(ResultType::kTime, "12:60:00"),
        std::pair(ResultType::kDouble, "1,5"), std::pair(ResultType::kNull, "x")}) {
    const auto row = BinaryRowPayload({{.name = "price", .type = type}}, {std::string_view(text)});
    EXPECT_EQ(row.code(), Code::kUnsupported) << text;
    EXPECT_NE(row.status().message().find("price"), std::string::npos);
  }
  EXPECT_EQ(BinaryRowPayload({{.type = ResultType::kTiny, .is_unsigned = true}}, {std::string_view("-1")}).code(),
            Code::kUnsupported);
}

TEST(BinaryRow, NullsAreBitsShiftedByTwo) {
  std::vector<ResultColumn> columns(8, {.type = ResultType::kTiny});
  RowValues row(8);
  row[0] = "1";
  const auto payload = BinaryRowPayload(columns, row);
  ASSERT_TRUE(payload.ok());
  EXPECT_EQ(*payload, Bytes({0, 0xf8, 0x03, 1}));
}

TEST(TextRow, NullAndEmptyAreDifferent) {
  EXPECT_EQ(TextRowPayload({std::nullopt, std::string_view(""), std::string_view("ab")}),
            Bytes({0xfb, 0, 2, 'a', 'b'}));
}

TEST(ColumnDefinition, TellsTypeSignAndCharset) {
  const std::string payload =
      ColumnPayload({.name = "n", .table = "t", .database = "d", .type = ResultType::kLongLong, .is_unsigned = true});
  ByteCursor cursor(payload);
  EXPECT_EQ(TakeLenencString(cursor), "def");
  EXPECT_EQ(TakeLenencString(cursor), "d");
  EXPECT_EQ(TakeLenencString(cursor), "t");
  EXPECT_EQ(TakeLenencString(cursor), "t");
  EXPECT_EQ(TakeLenencString(cursor), "n");
  EXPECT_EQ(TakeLenencString(cursor), "n");
  EXPECT_EQ(TakeLenencInt(cursor), 0x0cu);
  EXPECT_EQ(cursor.U16Le(), 63);
  EXPECT_EQ(cursor.U32Le(), 20u);
  EXPECT_EQ(cursor.U8(), 8);
  EXPECT_TRUE(cursor.U16Le() & protocol::kFlagUnsigned);
  cursor.Skip(3);
  EXPECT_TRUE(cursor.ok() && cursor.done());
}

// A parameter block with one value of each type; `expected` as bound text.
struct ParameterCase {
  ColumnType type;
  bool is_unsigned;
  std::string bytes;
  std::string text;
};

const std::vector<ParameterCase>& Parameters() {
  static const std::vector<ParameterCase> cases{
      {ColumnType::kTiny, false, Bytes({0xff}), "-1"},
      {ColumnType::kTiny, true, Bytes({0xff}), "255"},
      {ColumnType::kShort, false, Bytes({0, 0x80}), "-32768"},
      {ColumnType::kLong, true, Bytes({0xff, 0xff, 0xff, 0xff}), "4294967295"},
      {ColumnType::kLongLong, false, Bytes({0, 0, 0, 0, 0, 0, 0, 0x80}), "-9223372036854775808"},
      {ColumnType::kFloat, false, Bytes({0, 0, 0xc0, 0x3f}), "1.5"},
      {ColumnType::kDouble, false, Bytes({0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0xbf}), "-0.1"},
      {ColumnType::kVarString, false,
       "\x03"
       "a'b",
       "a'b"},
      {ColumnType::kBlob, false, Bytes({2, 0, 0xff}), std::string("\0\xff", 2)},
      {ColumnType::kNewDecimal, false,
       "\x04"
       "1.50",
       "1.50"},
      {ColumnType::kDate, false, Bytes({4, 0xe8, 7, 2, 29}), "2024-02-29"},
      {ColumnType::kDateTime, false, Bytes({11, 0xe8, 7, 2, 29, 23, 59, 58, 1, 0, 0, 0}), "2024-02-29 23:59:58.000001"},
      {ColumnType::kTime, false, Bytes({8, 1, 34, 0, 0, 0, 22, 59, 59}), "-838:59:59"}};
  return cases;
}

std::string ParameterBlock(bool with_types) {
  std::string out((Parameters().size() + 7) / 8, '\0');
  out += with_types ? '\1' : '\0';
  for (const ParameterCase& one : Parameters()) {
    if (!with_types) break;
    out += static_cast<char>(one.type);
    out += one.is_unsigned ? '\x80' : '\0';
  }
  for (const ParameterCase& one : Parameters()) out += one.bytes;
  return out;
}

TEST(StatementParameters, EveryTypeBecomesItsText) {
  std::vector<ParameterType> types;
  for (const bool with_types : {true, false}) {  // the second execution relies on the first one's types
    const auto values = ParseParameters(ParameterBlock(with_types), Parameters().size(), types, {});
    ASSERT_TRUE(values.ok()) << values.status().message();
    for (size_t i = 0; i < values->size(); ++i) EXPECT_EQ((*values)[i].text, Parameters()[i].text) << i;
  }
}

TEST(StatementParameters, CutAtAnyByteIsMalformed) {
  const std::string whole = ParameterBlock(true);
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    std::vector<ParameterType> types;
    EXPECT_EQ(ParseParameters(whole.substr(0, cut), Parameters().size(), types, {}).code(), Code::kInvalid) << cut;
  }
  std::vector<ParameterType> types;
  EXPECT_EQ(ParseParameters(whole + "x", Parameters().size(), types, {}).code(), Code::kInvalid);
}

TEST(StatementParameters, NullBitAndLongDataTakeNoBytes) {
  std::vector<ParameterType> types;
  const std::string block = Bytes({0x01, 1, 3, 0, 0xfc, 0, 1, 0, 9});
  const auto values = ParseParameters(block, 3, types, {{1, "long"}});
  ASSERT_TRUE(values.ok()) << values.status().message();
  ASSERT_EQ(values->size(), 3u);
  EXPECT_EQ((*values)[0].text, std::nullopt);
  EXPECT_EQ((*values)[1].text, "long");
  EXPECT_EQ((*values)[2].text, "9");
  EXPECT_FALSE((*values)[1].is_number);
  EXPECT_TRUE((*values)[2].is_number);
}

TEST(StatementParameters, NullsNeedNoTypes) {
  std::vector<ParameterType> types;
  const auto values = ParseParameters(Bytes({0x03, 0}), 2, types, {});
  ASSERT_TRUE(values.ok()) << values.status().message();
  EXPECT_EQ((*values)[0].text, std::nullopt);
  EXPECT_EQ((*values)[1].text, std::nullopt);
}

TEST(StatementParameters, FirstExecutionWithoutTypesIsMalformed) {
  std::vector<ParameterType> types;
  EXPECT_EQ(ParseParameters(Bytes({0, 0, 1}), 1, types, {}).code(), Code::kInvalid);
}

}  // namespace
}  // namespace freshet
