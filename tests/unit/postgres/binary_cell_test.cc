// SPDX-License-Identifier: Apache-2.0
// Binary values whose bytes are known, and wrong sizes. That binary and text give the same cells for whole
// tables is proven against a server (types_server_test.cc).
#include "cdc/postgres/binary_cell.h"

#include <gtest/gtest.h>

#include "tests/unit/postgres/pgoutput_bytes.h"

namespace freshet {
namespace {

using test::Bytes;

LogicalType Type(TypeKind kind, uint16_t precision = 0, uint16_t scale = 0) {
  LogicalType type;
  type.kind = kind;
  type.precision = precision;
  type.scale = scale;
  return type;
}

std::string Text(const LogicalType& type, const std::string& bytes) {
  std::string arena;
  const Result<Cell> cell = CellFromBinary(type, bytes, arena);
  if (!cell.ok()) return "error: " + std::string(CodeName(cell.code()));
  if (cell->kind == CellKind::kBytes) return arena.substr(cell->bits, cell->size);
  return std::to_string(cell->AsInt());
}

std::string Numeric(std::vector<int> digits, int weight, int sign, int scale) {
  Bytes bytes;
  bytes.U(digits.size(), 2).U(static_cast<uint64_t>(weight) & 0xFFFF, 2).U(static_cast<uint64_t>(sign), 2);
  bytes.U(static_cast<uint64_t>(scale), 2);
  for (const int digit : digits) bytes.U(static_cast<uint64_t>(digit), 2);
  return bytes.text();
}

TEST(BinaryCell, NumericPrintsAsTheServerDoes) {
  const LogicalType any = Type(TypeKind::kNumeric);
  EXPECT_EQ(Text(any, Numeric({1, 2345, 6700}, 1, 0, 2)), "12345.67");
  EXPECT_EQ(Text(any, Numeric({5}, -1, 0x4000, 4)), "-0.0005");
  EXPECT_EQ(Text(any, Numeric({5}, -2, 0, 8)), "0.00000005");
  EXPECT_EQ(Text(any, Numeric({1}, 2, 0, 0)), "100000000");
  EXPECT_EQ(Text(any, Numeric({}, 0, 0, 3)), "0.000");
  EXPECT_EQ(Text(any, Numeric({}, 0, 0xC000, 0)), "NaN");
  EXPECT_EQ(Text(any, Numeric({}, 0, 0xF000, 0)), "-Infinity");
  EXPECT_EQ(Text(any, Numeric({10000}, 0, 0, 0)), "error: " + std::string(CodeName(Code::kCorrupt)));
}

TEST(BinaryCell, DecimalsUpTo18DigitsAreIntegers) {
  EXPECT_EQ(Text(Type(TypeKind::kDecimal, 10, 2), Numeric({12, 3000}, 0, 0, 2)), "1230");
  EXPECT_EQ(Text(Type(TypeKind::kDecimal, 10, 2), Numeric({12}, 0, 0x4000, 2)), "-1200");
  EXPECT_EQ(Text(Type(TypeKind::kDecimal, 18, 0), Numeric({99, 9999, 9999, 9999, 9999}, 4, 0, 0)),
            "999999999999999999");
  EXPECT_EQ(Text(Type(TypeKind::kDecimal, 20, 2), Numeric({12}, 0, 0, 2)), "12.00");
  EXPECT_EQ(Text(Type(TypeKind::kDecimal, 10, 2), Numeric({}, 0, 0xC000, 0)), "NaN");
}

TEST(BinaryCell, InfinitiesAndEpochs) {
  EXPECT_EQ(Text(Type(TypeKind::kDate), Bytes().U(0, 4).text()), "10957");
  EXPECT_EQ(Text(Type(TypeKind::kDate), Bytes().U(0x7FFFFFFF, 4).text()), std::to_string(kPositiveInfinity));
  EXPECT_EQ(Text(Type(TypeKind::kTimestamp, 6), Bytes().U(0x8000000000000000, 8).text()),
            std::to_string(kNegativeInfinity));
  EXPECT_EQ(Text(Type(TypeKind::kTimeTz), Bytes().U(30600500000, 8).U(static_cast<uint32_t>(-7200), 4).text()),
            "08:30:00.5+02");
  EXPECT_EQ(Text(Type(TypeKind::kTimeTz), Bytes().U(0, 8).U(19800 + 1, 4).text()), "00:00:00-05:30:01");
}

TEST(BinaryCell, BitsAndJsonb) {
  EXPECT_EQ(Text(Type(TypeKind::kBitString), Bytes().U(5, 4).U(0b10110000, 1).text()), "10110");
  EXPECT_EQ(Text(Type(TypeKind::kJson), Bytes().U(1, 1).Raw("{}").text()), "{}");
  EXPECT_EQ(Text(Type(TypeKind::kJson), "[1]"), "[1]");
}

TEST(BinaryCell, WrongSizesAreCorrupt) {
  const TypeKind kinds[] = {TypeKind::kBool,      TypeKind::kInt16,    TypeKind::kInt32,    TypeKind::kInt64,
                            TypeKind::kFloat32,   TypeKind::kFloat64,  TypeKind::kDate,     TypeKind::kTimeOfDay,
                            TypeKind::kTimeTz,    TypeKind::kDateTime, TypeKind::kInterval, TypeKind::kUuid,
                            TypeKind::kBitString, TypeKind::kNumeric,  TypeKind::kJson};
  for (const TypeKind kind : kinds) {
    std::string arena;
    EXPECT_EQ(CellFromBinary(Type(kind), "", arena).code(), Code::kCorrupt) << static_cast<int>(kind);
    EXPECT_EQ(CellFromBinary(Type(kind), "abcdefghijklmnopq", arena).ok(), kind == TypeKind::kJson)
        << static_cast<int>(kind);
  }
}

}  // namespace
}  // namespace freshet
