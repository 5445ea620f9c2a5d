// SPDX-License-Identifier: Apache-2.0
#include "cdc/postgres/binary_numeric.h"

#include "base/cursor.h"

namespace freshet {
namespace {

constexpr uint16_t kNegative = 0x4000;
constexpr uint16_t kNaN = 0xC000;
constexpr uint16_t kInfinity = 0xD000;
constexpr uint16_t kMinusInfinity = 0xF000;
constexpr int kDigitsPerGroup = 4;
constexpr uint16_t kDisplayScaleMax = 0x3FFF;  // the server's own limit

struct Number {
  uint16_t count = 0;
  int16_t weight = 0;  // group i stands for 10000 ^ (weight - i)
  uint16_t sign = 0;
  uint16_t display_scale = 0;
  std::string_view groups;

  int Group(int index) const {
    if (index < 0 || index >= count) return 0;
    return static_cast<uint8_t>(groups[index * 2]) << 8 | static_cast<uint8_t>(groups[index * 2 + 1]);
  }
};

Result<Number> ParseNumber(std::string_view value) {
  ByteCursor in(value);
  Number number;
  number.count = in.U16Be();
  number.weight = static_cast<int16_t>(in.IntBe(2));
  number.sign = in.U16Be();
  number.display_scale = in.U16Be();
  number.groups = in.Take(size_t{number.count} * 2);
  bool valid = in.ok() && in.done() && number.display_scale <= kDisplayScaleMax;
  for (int i = 0; valid && i < number.count; ++i) valid = number.Group(i) < 10000;
  valid = valid && (number.sign == 0 || number.sign == kNegative || number.sign == kNaN || number.sign == kInfinity ||
                    number.sign == kMinusInfinity);
  if (!valid) return Status(Code::kCorrupt, "binary value is no numeric");
  return number;
}

void AppendGroup(std::string& out, int group, int digits) {
  const char text[4] = {static_cast<char>('0' + group / 1000), static_cast<char>('0' + group / 100 % 10),
                        static_cast<char>('0' + group / 10 % 10), static_cast<char>('0' + group % 10)};
  out.append(text, static_cast<size_t>(digits));
}

void AppendNumber(const Number& number, int scale, std::string& out) {
  if (number.sign == kNegative) out.push_back('-');
  if (number.weight < 0) {
    out.push_back('0');
  } else {
    out.append(std::to_string(number.Group(0)));
    for (int i = 1; i <= number.weight; ++i) AppendGroup(out, number.Group(i), kDigitsPerGroup);
  }
  if (scale == 0) return;
  out.push_back('.');
  for (int left = scale, i = number.weight + 1; left > 0; ++i, left -= kDigitsPerGroup) {
    AppendGroup(out, number.Group(i), left < kDigitsPerGroup ? left : kDigitsPerGroup);
  }
}

Status TooLarge() {
  return Status(Code::kCorrupt, "numeric exceeds its precision");
}

// The unscaled value of a NUMERIC(p <= 18, s): its integer groups, then `scale` fraction digits.
Result<Cell> Unscaled(const Number& number, int scale) {
  constexpr int64_t kPowers[] = {1, 10, 100, 1000, 10000};
  constexpr int64_t kLimit = 1'000'000'000'000'000'000;  // 18 digits
  int64_t value = 0;
  for (int i = 0; i <= number.weight; ++i) {
    if (value >= kLimit / 10000) return TooLarge();
    value = value * 10000 + number.Group(i);
  }
  for (int left = scale, i = number.weight + 1; left > 0; ++i, left -= kDigitsPerGroup) {
    const int digits = left < kDigitsPerGroup ? left : kDigitsPerGroup;
    if (value >= kLimit / kPowers[digits]) return TooLarge();
    value = value * kPowers[digits] + number.Group(i) / kPowers[kDigitsPerGroup - digits];
  }
  return Cell::Int(number.sign == kNegative ? -value : value);
}

}  // namespace

Result<Cell> NumericFromBinary(const LogicalType& type, std::string_view value, std::string& arena) {
  ASSIGN_OR_RETURN(const Number number, ParseNumber(value));
  const size_t start = arena.size();
  if (number.sign == kNaN) {
    arena.append("NaN");
  } else if (number.sign == kInfinity) {
    arena.append("Infinity");
  } else if (number.sign == kMinusInfinity) {
    arena.append("-Infinity");
  } else if (type.kind == TypeKind::kDecimal) {
    if (number.display_scale > type.scale) return Status(Code::kCorrupt, "numeric exceeds its scale");
    if (type.precision <= 18) return Unscaled(number, type.scale);
    AppendNumber(number, type.scale, arena);
  } else {
    AppendNumber(number, number.display_scale, arena);
  }
  return Cell{start, static_cast<uint32_t>(arena.size() - start), CellKind::kBytes};
}

}  // namespace freshet
