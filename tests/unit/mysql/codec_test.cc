// SPDX-License-Identifier: Apache-2.0
// Goal: the byte formats one by one: JSON, decimals, times, character sets, GTID events and sets.
#include <gtest/gtest.h>

#include "cdc/mysql/binary_json.h"
#include "cdc/mysql/cell_decode.h"
#include "cdc/mysql/charset.h"
#include "cdc/mysql/control_events.h"
#include "cdc/mysql/decimal.h"
#include "cdc/mysql/dump_stream.h"
#include "cdc/mysql/scan_query.h"
#include "cdc/mysql/statement_words.h"
#include "cdc/mysql/temporal.h"
#include "tests/unit/mysql/event_bytes.h"

namespace freshet {
namespace {

std::string Json(const std::string& document) {
  std::string text;
  const Status status = AppendJsonText(document, text);
  return status.ok() ? text : status.ToString();
}

std::string JsonDouble(double value) {
  std::string text;
  AppendJsonDouble(value, text);
  return text;
}

TEST(BinaryJsonTest, ContainersPrintAsTheServerDoes) {
  // {"a": 1, "b": [true, "x"]}: offsets count from the container's first byte
  const std::string array = Bytes().Le(2, 2).Le(12, 2).Le(4, 1).Le(1, 2).Le(12, 1).Le(10, 2).Text("\x01x");
  const std::string object = Bytes()
                                 .Le(2, 2)
                                 .Le(20 + array.size(), 2)
                                 .Le(18, 2)
                                 .Le(1, 2)
                                 .Le(19, 2)
                                 .Le(1, 2)
                                 .Le(5, 1)
                                 .Le(1, 2)
                                 .Le(2, 1)
                                 .Le(20, 2)
                                 .Text("ab")
                                 .Text(array);
  EXPECT_EQ(Json(std::string(1, '\0') + object), R"({"a": 1, "b": [true, "x"]})");
}

TEST(BinaryJsonTest, ScalarsAndEscapes) {
  EXPECT_EQ(Json(FromHex("0400")), "null");
  EXPECT_EQ(Json(FromHex("05ffff")), "-1");
  EXPECT_EQ(Json(FromHex("0affffffffffffffff")), "18446744073709551615");
  EXPECT_EQ(Json(std::string("\x0c\x05"
                             "a\"\\\n\x01",
                             7)),
            "\"a\\\"\\\\\\n\\u0001\"");
  EXPECT_EQ(Json(""), "null");
}

TEST(BinaryJsonTest, DoublesPrintShortestWithAPoint) {
  EXPECT_EQ(JsonDouble(1), "1.0");
  EXPECT_EQ(JsonDouble(-0.0), "-0.0");
  EXPECT_EQ(JsonDouble(2.5), "2.5");
  EXPECT_EQ(JsonDouble(1e14), "100000000000000.0");
  EXPECT_EQ(JsonDouble(1e15), "1e15");
  EXPECT_EQ(JsonDouble(1.5e20), "1.5e20");
  EXPECT_EQ(JsonDouble(0.0001), "0.0001");
  EXPECT_EQ(JsonDouble(1e-20), "1e-20");
  EXPECT_EQ(JsonDouble(123456.789), "123456.789");
}

TEST(BinaryJsonTest, OpaqueValuesPrintAsDecimalTemporalOrBase64) {
  EXPECT_EQ(Json(FromHex("0ff604") + FromHex("0402") + FromHex("8c22")), "12.34");
  const uint64_t packed = ((((2015ull * 13 + 1) << 5 | 15) << 17 | 23 << 12 | 24 << 6 | 25) << 24);
  EXPECT_EQ(Json(FromHex("0f0c08") + std::string(Bytes().Le(packed, 8))), "\"2015-01-15 23:24:25.000000\"");
  EXPECT_EQ(Json(FromHex("0ffc03") + "raw"), "\"base64:type252:cmF3\"");
  const std::string long_value(60, '\0');
  EXPECT_EQ(Json(FromHex("0ffc3c") + long_value), "\"base64:type252:" + std::string(76, 'A') + "\\nAAAA\"");
}

TEST(BinaryJsonTest, EveryTruncationIsCorruptOrStillADocument) {
  const std::string array = Bytes().Le(1, 2).Le(9, 2).Le(12, 1).Le(7, 2).Text("\x01x");
  const std::string document = std::string(1, '\x02') + array;
  ASSERT_EQ(Json(document), "[\"x\"]");
  for (size_t size = 1; size < document.size(); ++size) {
    std::string text;
    EXPECT_EQ(AppendJsonText(document.substr(0, size), text).code(), Code::kCorrupt) << size;
  }
}

TEST(DecimalTest, PackedDigitsOfBothSigns) {
  int64_t value = 0;
  // 1234567890.1234 and its negative, the manual's example of DECIMAL(14,4)
  ASSERT_TRUE(DecodeDecimalInt(FromHex("810dfb38d204d2"), {14, 4}, &value));
  EXPECT_EQ(value, 12345678901234);
  ASSERT_TRUE(DecodeDecimalInt(FromHex("7ef204c72dfb2d"), {14, 4}, &value));
  EXPECT_EQ(value, -12345678901234);
  std::string text;
  ASSERT_TRUE(AppendDecimalText(FromHex("7ef204c72dfb2d"), {14, 4}, text));
  EXPECT_EQ(text, "-1234567890.1234");
}

TEST(DecimalTest, TextNeedsExactlyTheScale) {
  int64_t value = 0;
  ASSERT_TRUE(ParseDecimalInt("-0.05", 2, &value));
  EXPECT_EQ(value, -5);
  EXPECT_FALSE(ParseDecimalInt("1.5", 2, &value));
  EXPECT_FALSE(ParseDecimalInt("", 2, &value));
  EXPECT_FALSE(ParseDecimalInt("15", 2, &value));
}

TEST(TemporalTest, ZeroPartialAndImpossibleDatesEscapeToText) {
  RowBatch batch;
  Cell cell;
  for (const char* text : {"0000-00-00", "2024-00-15", "2023-02-29"}) {
    ASSERT_TRUE(ParseDateText(text, batch, &cell));
    ASSERT_EQ(cell.kind, CellKind::kBytes);
    EXPECT_EQ(batch.Bytes(cell), text);
  }
  ASSERT_TRUE(ParseDateText("1969-12-31", batch, &cell));
  EXPECT_EQ(cell.AsInt(), -1);
  EXPECT_FALSE(ParseDateText("2024-1-01", batch, &cell));
  ASSERT_TRUE(ParseDateTimeText("0000-00-00 00:00:00.000", 3, true, batch, &cell));
  EXPECT_EQ(batch.Bytes(cell), "0000-00-00 00:00:00.000");
}

TEST(CharsetTest, Latin1IsTheServersCp1252) {
  auto latin1 = Charset::Make("latin1");
  ASSERT_TRUE(latin1.ok());
  std::string text;
  (*latin1)->Append("abc\x80\x81\xe9", text);
  EXPECT_EQ(text, "abc\xe2\x82\xac\xc2\x81\xc3\xa9");
}

TEST(CharsetTest, BadBytesBecomeQuestionMarks) {
  auto gbk = Charset::Make("gbk");
  ASSERT_TRUE(gbk.ok());
  std::string text;
  (*gbk)->Append(
      "\xd6\xd0\xff"
      "a\xd6",
      text);
  EXPECT_EQ(text, "\xe4\xb8\xad?a?");
  EXPECT_EQ(Charset::Make("swe7").code(), Code::kUnsupported);
}

TEST(GtidEventTest, TaggedEventIsRead) {
  std::string uuid;
  for (int i = 0; i < 16; ++i) uuid += static_cast<char>(i << 1);
  // version 1, size, last field 10; flags 1; uuid; gno 300 (signed, two bytes); tag "ab"
  std::string body = FromHex("023a14") + FromHex("0002") + "\x02" + uuid + "\x04" + FromHex("6109") +
                     "\x06\x04"
                     "ab";
  auto gtid = ParseMysqlTaggedGtid(body);
  ASSERT_TRUE(gtid.ok()) << gtid.status().ToString();
  EXPECT_EQ(gtid->source.uuid, "00010203-0405-0607-0809-0a0b0c0d0e0f");
  EXPECT_EQ(gtid->source.tag, "ab");
  EXPECT_EQ(gtid->sequence, 300);
}

TEST(GtidEventTest, SetsAreEncodedWithAndWithoutTags) {
  const std::string uuid = "00010203-0405-0607-0809-0a0b0c0d0e0f";
  auto plain = MysqlGtidSet::Parse(uuid + ":1-3");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(EncodeGtidSet(*plain),
            std::string(Bytes().Le(1, 8).Text(FromHex("000102030405060708090a0b0c0d0e0f")).Le(1, 8).Le(1, 8).Le(4, 8)));
  auto tagged = MysqlGtidSet::Parse(uuid + ":ab:5");
  ASSERT_TRUE(tagged.ok()) << tagged.status().ToString();
  EXPECT_EQ(EncodeGtidSet(*tagged), std::string(Bytes()
                                                    .Le(1, 1)
                                                    .Le(1, 6)
                                                    .Le(1, 1)
                                                    .Text(FromHex("000102030405060708090a0b0c0d0e0f"))
                                                    .Text("\x04"
                                                          "ab")
                                                    .Le(1, 8)
                                                    .Le(5, 8)
                                                    .Le(6, 8)));
}

TEST(StatementWordsTest, ClassesSeeThroughComments) {
  EXPECT_EQ(ClassifyStatement("/* app */ insert into t values (1)"), StatementClass::kChangesRows);
  EXPECT_EQ(ClassifyStatement("/*!50003 UPDATE t SET a = 1 */"), StatementClass::kChangesRows);
  EXPECT_EQ(ClassifyStatement("ROLLBACK TO `s`"), StatementClass::kRollbackToSavepoint);
  EXPECT_EQ(ClassifyStatement("XA START X'61',X'',1"), StatementClass::kXaStart);
  EXPECT_EQ(ClassifyStatement("ALTER TABLE t ADD COLUMN c INT"), StatementClass::kOther);
  std::string create = "CREATE TABLE `t` (`id` int) START TRANSACTION";
  EXPECT_TRUE(CutStartTransaction(create));
  EXPECT_EQ(create, "CREATE TABLE `t` (`id` int) ");
}

TEST(ScanQueryTest, RangesUseTheIndexInExpandedForm) {
  TableSchema schema;
  schema.name = {"shop", "t"};
  Column a;
  a.name = "a";
  a.type.kind = TypeKind::kInt32;
  Column b;
  b.name = "b";
  b.type.kind = TypeKind::kString;
  schema.columns = {a, b};
  schema.key_columns = {0, 1};
  auto where = WhereRange(schema, {KeyText{"1", "x"}, KeyText{"2", "y"}});
  ASSERT_TRUE(where.ok());
  EXPECT_EQ(*where,
            " WHERE (`a` >= 1 AND (`a` > 1 OR (`a` = 1 AND `b` > _utf8mb4 X'78')))"
            " AND (`a` <= 2 AND (`a` < 2 OR (`a` = 2 AND `b` <= _utf8mb4 X'79')))");
  EXPECT_EQ(WhereRange(schema, {KeyText{"1 OR 1=1", "x"}, std::nullopt}).code(), Code::kInvalid);
}

}  // namespace
}  // namespace freshet
