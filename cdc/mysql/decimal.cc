// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/decimal.h"

#include "base/check.h"

namespace freshet {
namespace {

constexpr size_t kGroupDigits = 9;
constexpr size_t kGroupBytes = 4;
constexpr uint8_t kPartialBytes[] = {0, 1, 1, 2, 2, 3, 3, 4, 4, 4};
constexpr uint32_t kPowersOfTen[] = {1,       10,        100,        1000,        10'000,
                                     100'000, 1'000'000, 10'000'000, 100'000'000, 1'000'000'000};

// Calls group(digits, value) from the most significant to the least; false when a value has too many digits.
template <typename Group>
bool ForEachGroup(std::string_view packed, DecimalShape shape, bool* negative, Group group) {
  const auto byte_at = [&](size_t i) { return static_cast<uint8_t>(packed[i]); };
  *negative = (byte_at(0) & 0x80) == 0;
  const uint8_t flip = *negative ? 0xff : 0;
  size_t at = 0;
  const auto read = [&](size_t digits) {
    const size_t bytes = digits == kGroupDigits ? kGroupBytes : kPartialBytes[digits];
    uint32_t value = 0;
    for (size_t i = 0; i < bytes; ++i, ++at) {
      const uint8_t byte = static_cast<uint8_t>((at == 0 ? byte_at(at) ^ 0x80 : byte_at(at)) ^ flip);
      value = value << 8 | byte;
    }
    if (value >= kPowersOfTen[digits]) return false;
    group(digits, value);
    return true;
  };
  const size_t integer_digits = shape.precision - shape.scale;
  if (integer_digits % kGroupDigits != 0 && !read(integer_digits % kGroupDigits)) return false;
  for (size_t i = 0; i < integer_digits / kGroupDigits; ++i) {
    if (!read(kGroupDigits)) return false;
  }
  for (size_t i = 0; i < shape.scale / kGroupDigits; ++i) {
    if (!read(kGroupDigits)) return false;
  }
  return shape.scale % kGroupDigits == 0 || read(shape.scale % kGroupDigits);
}

}  // namespace

size_t PackedDecimalBytes(DecimalShape shape) {
  if (shape.precision == 0 || shape.precision > kDecimalPrecisionMax || shape.scale > shape.precision) return 0;
  const size_t integer_digits = shape.precision - shape.scale;
  return integer_digits / kGroupDigits * kGroupBytes + kPartialBytes[integer_digits % kGroupDigits] +
         shape.scale / kGroupDigits * kGroupBytes + kPartialBytes[shape.scale % kGroupDigits];
}

bool DecodeDecimalInt(std::string_view packed, DecimalShape shape, int64_t* unscaled) {
  CHECK(packed.size() == PackedDecimalBytes(shape) && shape.precision <= kDecimalIntPrecisionMax);
  bool negative = false;
  int64_t value = 0;
  const bool valid = ForEachGroup(packed, shape, &negative,
                                  [&](size_t digits, uint32_t group) { value = value * kPowersOfTen[digits] + group; });
  *unscaled = negative ? -value : value;
  return valid;
}

bool AppendDecimalText(std::string_view packed, DecimalShape shape, std::string& out) {
  CHECK(packed.size() == PackedDecimalBytes(shape));
  char digits[kDecimalPrecisionMax + kGroupDigits];
  size_t count = 0;
  bool negative = false;
  bool zero = true;
  const bool valid = ForEachGroup(packed, shape, &negative, [&](size_t width, uint32_t group) {
    zero = zero && group == 0;
    for (size_t i = width; i > 0; --i, group /= 10) digits[count + i - 1] = static_cast<char>('0' + group % 10);
    count += width;
  });
  if (!valid) return false;
  const size_t integer_digits = shape.precision - shape.scale;
  size_t first = 0;
  // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): the groups filled all of them
  while (first < integer_digits && digits[first] == '0') ++first;
  if (negative && !zero) out += '-';
  if (first == integer_digits) out += '0';
  out.append(digits + first, integer_digits - first);
  if (shape.scale > 0) {
    out += '.';
    out.append(digits + integer_digits, shape.scale);
  }
  return true;
}

bool ParseDecimalInt(std::string_view text, uint16_t scale, int64_t* unscaled) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  const size_t point = scale == 0 ? text.size() : text.size() - scale - 1;
  constexpr size_t kTextMax = kDecimalIntPrecisionMax + 2;  // a leading zero and the point
  if (text.size() > kTextMax || text.size() < size_t{scale} + (scale > 0 ? 2u : 1u)) return false;
  int64_t value = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i == point && scale > 0) {
      if (text[i] != '.') return false;
      continue;
    }
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  *unscaled = negative ? -value : value;
  return true;
}

}  // namespace freshet
