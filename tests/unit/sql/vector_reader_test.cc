// SPDX-License-Identifier: Apache-2.0
// Goal: cells survive the way into a DuckDB vector and back bit for bit, for every type; what a column cannot hold is
// refused. Method: values in text form, WriteVector, ReadVector, cell by cell comparison.
#include "sql/vector_reader.h"

#include <gtest/gtest.h>

#include <optional>

#include "cdc/change/text_cell.h"
#include "sql/vector_writer.h"

namespace freshet {
namespace {

using Texts = std::vector<std::optional<std::string>>;

LogicalType TypeOf(TypeKind kind) {
  LogicalType type;
  type.kind = kind;
  return type;
}
LogicalType Sized(TypeKind kind, uint32_t length, bool fixed = false) {
  LogicalType type = TypeOf(kind);
  type.length = length;
  type.fixed = fixed;
  return type;
}
LogicalType Precise(TypeKind kind, uint16_t precision, uint16_t scale = 0) {
  LogicalType type = TypeOf(kind);
  type.precision = precision;
  type.scale = scale;
  return type;
}
LogicalType Labelled(TypeKind kind, Labels labels) {
  LogicalType type = TypeOf(kind);
  type.labels = std::make_shared<const Labels>(std::move(labels));
  return type;
}

RowBatch BatchOf(const LogicalType& type, bool nullable, size_t images) {
  auto schema = std::make_shared<TableSchema>();
  Column column;
  column.id = 1;
  column.name = "value";
  column.type = type;
  column.nullable = nullable;
  schema->columns.push_back(column);
  schema->key_columns = {0};
  RowBatch batch;
  batch.schema = schema;
  for (size_t i = 0; i < images; ++i) batch.AppendImage();
  return batch;
}

// A vector in a chunk of one column.
class VectorReaderTest : public ::testing::Test {
 protected:
  duckdb_vector VectorOf(const LogicalType& type) {
    type_ = SqlTypeOf(type);
    duckdb_logical_type types[] = {type_.get()};
    chunk_ = DuckChunk(duckdb_create_data_chunk(types, 1));
    return duckdb_data_chunk_get_vector(chunk_.get(), 0);
  }

  // Writes the values as cells of `from`, reads them as `to`. Texts of the cells read; nullopt: NULL.
  Texts Convert(const LogicalType& from, const LogicalType& to, const Texts& values, bool nullable = true) {
    RowBatch batch = BatchOf(from, true, values.size());
    for (uint32_t i = 0; i < values.size(); ++i) {
      batch.Image(i)[0] = Cell::Null();
      if (!values[i]) continue;
      const Result<Cell> cell = CellFromText(from, *values[i], batch.arena);
      EXPECT_TRUE(cell.ok()) << *values[i];
      batch.Image(i)[0] = *cell;
    }
    const duckdb_vector vector = VectorOf(from);
    std::vector<uint32_t> unrepresentable;
    WriteVector({values.size(), 1, batch.cells.data(), batch.arena, nullptr}, 0, from, unrepresentable, vector);
    EXPECT_TRUE(unrepresentable.empty());
    read_ = BatchOf(to, nullable, values.size());
    unfit_.clear();
    ReadVector({vector, values.size(), 0}, 0, read_, unfit_);
    written_ = std::move(batch);
    Texts texts;
    for (uint32_t i = 0; i < values.size(); ++i) {
      std::string text;
      const bool has_value = AppendCellText(to, read_.Image(i)[0], read_.arena, text);
      texts.push_back(has_value ? std::optional(text) : std::nullopt);
    }
    return texts;
  }

  void ExpectRoundTrip(const LogicalType& type, const Texts& values) {
    SCOPED_TRACE(MysqlTypeName(type));
    Convert(type, type, values);
    EXPECT_TRUE(unfit_.empty()) << unfit_.front().reason;
    for (uint32_t i = 0; i < values.size(); ++i) {
      const Cell& before = written_.Image(i)[0];
      const Cell& after = read_.Image(i)[0];
      EXPECT_EQ(before.kind, after.kind) << values[i].value_or("NULL");
      if (before.kind == CellKind::kBytes && after.kind == CellKind::kBytes) {
        EXPECT_EQ(written_.Bytes(before), read_.Bytes(after));
      } else {
        EXPECT_EQ(before.bits, after.bits) << values[i].value_or("NULL");
      }
    }
  }

  DuckType type_;
  DuckChunk chunk_;
  RowBatch written_;
  RowBatch read_;
  std::vector<UnfitValue> unfit_;
};

TEST_F(VectorReaderTest, numbers_come_back_bit_for_bit) {
  using enum TypeKind;
  ExpectRoundTrip(TypeOf(kBool), {"1", "0", std::nullopt});
  ExpectRoundTrip(TypeOf(kInt8), {"-128", "127", std::nullopt});
  ExpectRoundTrip(TypeOf(kInt16), {"-32768", "32767"});
  ExpectRoundTrip(TypeOf(kInt32), {"-2147483648", "2147483647"});
  ExpectRoundTrip(TypeOf(kInt64), {"-9223372036854775808", "9223372036854775807"});
  ExpectRoundTrip(TypeOf(kUint8), {"0", "255"});
  ExpectRoundTrip(TypeOf(kUint16), {"0", "65535"});
  ExpectRoundTrip(TypeOf(kUint32), {"0", "4294967295"});
  ExpectRoundTrip(TypeOf(kUint64), {"0", "18446744073709551615"});
  ExpectRoundTrip(TypeOf(kFloat32), {"0.1", "-3.4028235e38", "NaN", "-0"});
  ExpectRoundTrip(TypeOf(kFloat64), {"0.1", "1.7976931348623157e308", "5e-324", "NaN", "-0"});
  ExpectRoundTrip(TypeOf(kYear), {"0", "1901", "2155"});
  ExpectRoundTrip(Sized(kBitInt, 64), {"0", "18446744073709551615"});
  ExpectRoundTrip(Sized(kBitInt, 3), {"7"});
}

TEST_F(VectorReaderTest, decimals_of_every_width_come_back) {
  using enum TypeKind;
  ExpectRoundTrip(Precise(kDecimal, 4, 2), {"-99.99", "0.01"});
  ExpectRoundTrip(Precise(kDecimal, 9, 0), {"999999999", "-1"});
  ExpectRoundTrip(Precise(kDecimal, 18, 18), {"0.999999999999999999", "-0.000000000000000001"});
  ExpectRoundTrip(Precise(kDecimal, 19, 2), {"-12345678901234567.89", "0.00", "-0.01", "7.50"});
  ExpectRoundTrip(Precise(kDecimal, 38, 0),
                  {"99999999999999999999999999999999999999", "-99999999999999999999999999999999999999", "0"});
  ExpectRoundTrip(Precise(kDecimal, 38, 38), {"0.00000000000000000000000000000000000001"});
  ExpectRoundTrip(Precise(kDecimal, 65, 30), {"-12345678901234567890123456789012345.000000000000000000000000000001"});
  ExpectRoundTrip(TypeOf(kNumeric), {"1.500", "NaN", "-Infinity"});
}

TEST_F(VectorReaderTest, texts_and_bytes_come_back) {
  using enum TypeKind;
  ExpectRoundTrip(Sized(kString, 3), {"abc", "\xC3\xA4\xC3\xB6\xE2\x82\xAC", "", std::nullopt, "a b"});
  ExpectRoundTrip(Sized(kString, 0), {std::string(5000, 'x'), "twelve bytes", "thirteen byte"});
  ExpectRoundTrip(Sized(kBytes, 4, true), {"\\x00010000", "\\x41424344"});
  ExpectRoundTrip(Sized(kBytes, 0), {"\\x", "\\xff00fe5c"});
  ExpectRoundTrip(TypeOf(kUuid), {"00000000-0000-0000-0000-000000000000", "ffffffff-0102-0304-8506-0708090a0b0c"});
  ExpectRoundTrip(TypeOf(kJson), {R"({"a": [1, 2.50, "x"]})", "null", "1.10"});
  ExpectRoundTrip(Labelled(kEnum, {"small", "large"}), {"small", "large", ""});
  ExpectRoundTrip(Labelled(kSet, {"a", "b", "c"}), {"a,c", "", "b"});
  ExpectRoundTrip(Sized(kBitString, 4, true), {"0101"});
  ExpectRoundTrip(TypeOf(kArray), {"{1,NULL,\"a b\"}", "[0:1]={1,2}"});
  ExpectRoundTrip(TypeOf(kText), {"10.0.0.1/8"});
}

TEST_F(VectorReaderTest, times_come_back_with_infinities) {
  using enum TypeKind;
  ExpectRoundTrip(TypeOf(kDate), {"1970-01-01", "0001-01-01", "9999-12-31", "infinity", "-infinity"});
  ExpectRoundTrip(Precise(kTimeOfDay, 6), {"00:00:00", "24:00:00", "12:34:56.789012"});
  ExpectRoundTrip(Precise(kTimeSpan, 6), {"-838:59:59.999999", "838:59:59", "00:00:00.000001"});
  ExpectRoundTrip(TypeOf(kTimeTz), {"08:30:00.5+02"});
  ExpectRoundTrip(Precise(kDateTime, 6), {"1969-12-31 23:59:59.999999", "9999-12-31 23:59:59", "infinity"});
  ExpectRoundTrip(Precise(kTimestamp, 6), {"1969-12-31 23:59:59.000001", "-infinity"});
  ExpectRoundTrip(TypeOf(kInterval), {"1 year 2 mons -3 days 04:05:06.7", "-00:00:00.000001"});
}

TEST_F(VectorReaderTest, times_are_rounded_to_the_columns_fraction_digits) {
  const LogicalType exact = Precise(TypeKind::kDateTime, 6);
  const LogicalType seconds = Precise(TypeKind::kDateTime, 0);
  EXPECT_EQ(Convert(exact, seconds, {"2024-02-29 23:59:59.5", "2024-02-29 23:59:59.499999"}),
            (Texts{"2024-03-01 00:00:00", "2024-02-29 23:59:59"}));
  EXPECT_EQ(Convert(exact, seconds, {"1969-12-31 23:59:58.5", "1969-12-31 23:59:58.4", "1960-01-01 00:00:00"}),
            (Texts{"1969-12-31 23:59:59", "1969-12-31 23:59:58", "1960-01-01 00:00:00"}));
  EXPECT_EQ(Convert(exact, Precise(TypeKind::kDateTime, 3), {"2024-01-01 00:00:00.123456"}),
            (Texts{"2024-01-01 00:00:00.123"}));
}

TEST_F(VectorReaderTest, text_is_measured_in_characters) {
  const LogicalType any = Sized(TypeKind::kString, 0);
  const LogicalType three = Sized(TypeKind::kString, 3);
  EXPECT_EQ(Convert(any, three, {"abcd", "\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC", "abc "}),
            (Texts{std::nullopt, "\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC", std::nullopt}));
  ASSERT_EQ(unfit_.size(), 2u);
  EXPECT_EQ(unfit_[0].row, 0u);
  EXPECT_EQ(unfit_[0].reason, "column value: text is longer than VARCHAR(3)");
  EXPECT_EQ(unfit_[1].row, 2u);
  EXPECT_EQ(Convert(any, Sized(TypeKind::kString, 3, true), {"abc  "}), (Texts{"abc"}));
  EXPECT_TRUE(unfit_.empty());
}

TEST_F(VectorReaderTest, values_outside_the_columns_limits_are_refused) {
  using enum TypeKind;
  const LogicalType any = Sized(kString, 0);
  const auto refused = [&](const LogicalType& from, const LogicalType& to, const std::string& value) {
    const Texts texts = Convert(from, to, {value});
    return unfit_.size() == 1 && !texts[0];
  };
  EXPECT_TRUE(refused(any, Labelled(kEnum, {"small"}), "medium"));
  EXPECT_TRUE(refused(any, Labelled(kSet, {"a", "b"}), "a,z"));
  EXPECT_TRUE(refused(any, TypeOf(kJson), "{\"a\":"));
  EXPECT_TRUE(refused(any, TypeOf(kTimeSpan), "late"));
  EXPECT_TRUE(refused(any, TypeOf(kNumeric), "12x"));
  EXPECT_TRUE(refused(any, Sized(kBitString, 4, true), "01"));
  EXPECT_TRUE(refused(any, Sized(kBitString, 4), "0102"));
  EXPECT_TRUE(refused(Sized(kBytes, 0), Sized(kBytes, 2), "\\x010203"));
  EXPECT_TRUE(refused(TypeOf(kInt16), TypeOf(kYear), "1900"));
  EXPECT_TRUE(refused(TypeOf(kUint64), Sized(kBitInt, 3), "8"));
  EXPECT_EQ(Convert(any, Labelled(kSet, {"a", "b"}), {"b,a,b"}), (Texts{"a,b"}));
}

TEST_F(VectorReaderTest, null_is_refused_where_the_column_is_not_null) {
  EXPECT_EQ(Convert(TypeOf(TypeKind::kInt32), TypeOf(TypeKind::kInt32), {"1", std::nullopt}, false),
            (Texts{"1", std::nullopt}));
  ASSERT_EQ(unfit_.size(), 1u);
  EXPECT_EQ(unfit_[0].reason, "column value: NULL in a NOT NULL column");
}

TEST_F(VectorReaderTest, cast_names_are_the_types_that_are_read) {
  EXPECT_EQ(CastTypeName(TypeOf(TypeKind::kUint64)), "UBIGINT");
  EXPECT_EQ(CastTypeName(TypeOf(TypeKind::kYear)), "SMALLINT");
  EXPECT_EQ(CastTypeName(Precise(TypeKind::kDecimal, 10, 2)), "DECIMAL(10,2)");
  EXPECT_EQ(CastTypeName(Precise(TypeKind::kDecimal, 65, 30)), "VARCHAR");
  EXPECT_EQ(CastTypeName(Sized(TypeKind::kBytes, 4)), "BLOB");
  EXPECT_EQ(CastTypeName(Precise(TypeKind::kTimestamp, 6)), "TIMESTAMP");
  EXPECT_EQ(CastTypeName(TypeOf(TypeKind::kJson)), "VARCHAR");
}

}  // namespace
}  // namespace freshet
