// SPDX-License-Identifier: Apache-2.0
// Packed decimal of row images and binary JSON -> unscaled integer or text. Pure functions.
//
//   decimal = integer_part fraction_part, big-endian; groups of 9 digits in 4 bytes, a leading (integer) or
//             trailing (fraction) group of 1..8 digits in 1,1,2,2,3,3,4,4 bytes. The first bit is flipped;
//             negative values have all bits flipped.
// Source: MySQL strings/decimal.cc, description of decimal2bin.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace freshet {

struct DecimalShape {
  uint16_t precision = 0;
  uint16_t scale = 0;
  bool operator==(const DecimalShape&) const = default;
};

// Largest precision whose unscaled value always fits int64 (the rule of ddl/type.h for kDecimal).
inline constexpr uint16_t kDecimalIntPrecisionMax = 18;
inline constexpr uint16_t kDecimalPrecisionMax = 65;

// Packed size in bytes; 0 when the shape is not a decimal's.
size_t PackedDecimalBytes(DecimalShape shape);

// REQUIRES: packed.size() == PackedDecimalBytes(shape), precision <= 18. False when a group holds more than
// its digits.
bool DecodeDecimalInt(std::string_view packed, DecimalShape shape, int64_t* unscaled);
// Appends "-12.340": exactly scale fraction digits, no leading zeros but the one before the point.
bool AppendDecimalText(std::string_view packed, DecimalShape shape, std::string& out);

// Text of a result set ("-12.340") -> unscaled; false unless it has exactly `scale` fraction digits.
bool ParseDecimalInt(std::string_view text, uint16_t scale, int64_t* unscaled);

}  // namespace freshet
