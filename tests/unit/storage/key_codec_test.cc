// SPDX-License-Identifier: Apache-2.0
// Keys: bytewise order is value order, and the exact cell comes back, for random values of every type.
#include "storage/key_codec.h"

#include <random>

#include <gtest/gtest.h>

#include "storage/format.h"
#include "tests/unit/storage/random_cell.h"

namespace freshet {
namespace {

constexpr int kValues = 4000;

TableSchema KeyOf(const std::vector<LogicalType>& types) {
  TableSchema schema;
  for (uint32_t i = 0; i < types.size(); ++i) {
    Column column;
    column.id = i + 1;
    column.name = "c" + std::to_string(i);
    column.type = types[i];
    schema.columns.push_back(column);
    schema.key_columns.push_back(i);
  }
  return schema;
}

std::string Encode(const LogicalType& type, const TypedCell& value) {
  std::string key;
  const Status status = AppendKeyColumn(type, value.cell, value.bytes, key);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return key;
}

TypedCell Decode(const LogicalType& type, const std::string& column) {
  TypedCell value;
  const Status status = DecodeKey(KeyOf({type}), BigEndian64(1) + column, {&value.cell, 1}, value.bytes);
  EXPECT_TRUE(status.ok()) << MysqlTypeName(type) << ": " << status.ToString();
  return value;
}

void ExpectSame(const TypedCell& expected, const TypedCell& actual) {
  ASSERT_EQ(expected.cell.kind, actual.cell.kind);
  ASSERT_EQ(expected.cell.bits, actual.cell.bits);
  ASSERT_EQ(expected.bytes, actual.bytes);
}

class KeyCodecOfType : public ::testing::TestWithParam<LogicalType> {};

TEST_P(KeyCodecOfType, random_values_come_back_exactly_and_in_order) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed) + " type " + MysqlTypeName(GetParam()));
  CellSource source(seed);
  TypedCell previous = source.Next(GetParam());
  std::string previous_key = Encode(GetParam(), previous);
  for (int i = 0; i < kValues; ++i) {
    const TypedCell value = source.Next(GetParam());
    const std::string key = Encode(GetParam(), value);
    ExpectSame(value, Decode(GetParam(), key));
    ASSERT_EQ(Compare(GetParam(), value, previous), key.compare(previous_key) <=> 0)
        << value.bytes << " " << value.cell.bits << " and " << previous.bytes << " " << previous.cell.bits;
    previous = value;
    previous_key = key;
  }
}

INSTANTIATE_TEST_SUITE_P(EveryType, KeyCodecOfType, ::testing::ValuesIn(AllTypes()),
                         [](const auto& info) { return "case" + std::to_string(info.index); });

TEST(KeyCodec, every_column_of_a_composite_key_decides_after_the_ones_before_it) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  CellSource source(seed);
  const LogicalType text{.kind = TypeKind::kString};
  const LogicalType number{.kind = TypeKind::kInt64};
  for (int i = 0; i < kValues; ++i) {
    const TypedCell a1 = source.Next(text), a2 = source.Next(number), b1 = source.Next(text), b2 = source.Next(number);
    const std::string a = Encode(text, a1) + Encode(number, a2);
    const std::string b = Encode(text, b1) + Encode(number, b2);
    auto expected = Compare(text, a1, b1);
    if (expected == 0) expected = Compare(number, a2, b2);
    ASSERT_EQ(expected, a.compare(b) <=> 0);
  }
}

TEST(KeyCodec, keys_of_one_table_lie_between_its_prefix_and_the_next) {
  std::string prefix, next, key;
  AppendTablePrefix(TableId{255}, prefix);
  AppendTablePrefix(TableId{256}, next);
  const Cell cell = Cell::Uint(UINT64_MAX);
  ASSERT_TRUE(AppendKey(TableId{255}, KeyOf({{.kind = TypeKind::kUint64}}), {&cell, 1}, {}, key).ok());
  EXPECT_LT(prefix, key);
  EXPECT_LT(key, next);
}

TEST(KeyCodec, null_and_unsent_key_cells_are_refused) {
  std::string out;
  const LogicalType type{.kind = TypeKind::kInt32};
  EXPECT_EQ(AppendKeyColumn(type, Cell::Null(), {}, out).code(), Code::kInvalid);
  EXPECT_EQ(AppendKeyColumn(type, Cell::Unchanged(), {}, out).code(), Code::kInvalid);
}

TEST(KeyCodec, a_cell_that_does_not_fit_its_type_is_corrupt) {
  std::string out;
  EXPECT_EQ(AppendKeyColumn({.kind = TypeKind::kInt8}, Cell::Int(128), {}, out).code(), Code::kCorrupt);
  EXPECT_EQ(AppendKeyColumn({.kind = TypeKind::kUint16}, Cell::Uint(65536), {}, out).code(), Code::kCorrupt);
  EXPECT_EQ(AppendKeyColumn({.kind = TypeKind::kInt64}, Cell::Double(1), {}, out).code(), Code::kCorrupt);
  const Cell short_uuid{0, 3, CellKind::kBytes};
  EXPECT_EQ(AppendKeyColumn({.kind = TypeKind::kUuid}, short_uuid, "abc", out).code(), Code::kCorrupt);
}

TEST(KeyCodec, integer_keys_are_the_same_bytes_whatever_the_width) {
  const TypedCell value{Cell::Int(-77), {}};
  EXPECT_EQ(Encode({.kind = TypeKind::kInt8}, value), Encode({.kind = TypeKind::kInt64}, value));
}

TEST(KeyCodec, odd_decimal_spellings_come_back_as_they_were) {
  const LogicalType type{.kind = TypeKind::kNumeric};
  for (const char* text : {"-0", "007", "+1", "1e5", ".5", "5.", "", "-0.00", "abc"}) {
    TypedCell value{{0, static_cast<uint32_t>(strlen(text)), CellKind::kBytes}, text};
    EXPECT_EQ(Decode(type, Encode(type, value)).bytes, text);
  }
}

TEST(KeyCodec, damaged_keys_are_corrupt_not_read_past_the_end) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  CellSource source(seed);
  for (const LogicalType& type : AllTypes()) {
    for (int i = 0; i < 200; ++i) {
      const std::string key = Encode(type, source.Next(type));
      Cell cell;
      std::string arena;
      const std::string cut = BigEndian64(1) + key.substr(0, source.Below(key.size()));
      EXPECT_EQ(DecodeKey(KeyOf({type}), cut, {&cell, 1}, arena).code(), Code::kCorrupt) << MysqlTypeName(type);
      EXPECT_EQ(DecodeKey(KeyOf({type}), BigEndian64(1) + key + "x", {&cell, 1}, arena).code(), Code::kCorrupt);
    }
  }
}

}  // namespace
}  // namespace freshet
