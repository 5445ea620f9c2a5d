// SPDX-License-Identifier: Apache-2.0
// Random values of every logical type, edges included, and a comparison of what they mean. Used by the codec
// property tests, which print the seed.
#pragma once

#include <bit>
#include <cmath>
#include <compare>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "cdc/change/cell.h"
#include "ddl/type.h"
#include "storage/cell_form.h"

namespace freshet {

struct TypedCell {
  Cell cell;
  std::string bytes;  // of a Bytes cell, which then starts at offset 0
};

inline std::vector<LogicalType> AllTypes() {
  std::vector<LogicalType> types;
  for (int kind = 1; kind <= static_cast<int>(TypeKind::kText); ++kind) {
    LogicalType type;
    type.kind = static_cast<TypeKind>(kind);
    if (type.kind == TypeKind::kDecimal) {
      type.precision = 18;
      type.scale = 4;
      types.push_back(type);
      type.precision = 40;
      type.scale = 10;
    }
    types.push_back(type);
  }
  return types;
}

class CellSource {
 public:
  explicit CellSource(uint64_t seed) : random_(seed) {}

  TypedCell Next(const LogicalType& type) {
    if (MayEscape(type) && Below(10) == 0) return Text(Below(2) == 0 ? "0000-00-00" : "2024-02-00");
    switch (FormOf(type)) {
      case CellForm::kInt: return {Cell::Int(NextInt(type.kind)), {}};
      case CellForm::kUint: return {Cell::Uint(NextUint(type.kind)), {}};
      case CellForm::kFloat32: return {Cell::Double(static_cast<float>(NextDouble())), {}};
      case CellForm::kFloat64: return {Cell::Double(NextDouble()), {}};
      case CellForm::kDecimalText: return Text(NextDecimal(type));
      case CellForm::kFixed16: return Text(NextBytes(16));
      case CellForm::kString: return Text(NextBytes(Below(12)));
    }
    return {};
  }
  uint64_t Below(uint64_t end) { return random_() % end; }

 private:
  static TypedCell Text(std::string bytes) {
    TypedCell value;
    value.cell = {0, static_cast<uint32_t>(bytes.size()), CellKind::kBytes};
    value.bytes = std::move(bytes);
    return value;
  }
  int64_t NextInt(TypeKind kind) {
    switch (kind) {
      case TypeKind::kBool: return static_cast<int64_t>(Below(2));
      case TypeKind::kInt8: return static_cast<int8_t>(random_());
      case TypeKind::kInt16: return static_cast<int16_t>(random_());
      case TypeKind::kInt32: return static_cast<int32_t>(random_());
      default: break;
    }
    const int64_t edges[] = {0, 1, -1, 255, 256, -255, -256, INT64_MAX, INT64_MIN, -INT64_MAX};
    if (Below(3) == 0) return edges[Below(std::size(edges))];
    return static_cast<int64_t>(random_()) >> Below(64);
  }
  uint64_t NextUint(TypeKind kind) {
    switch (kind) {
      case TypeKind::kUint8: return static_cast<uint8_t>(random_());
      case TypeKind::kUint16: return static_cast<uint16_t>(random_());
      case TypeKind::kUint32: return static_cast<uint32_t>(random_());
      default: return Below(4) == 0 ? UINT64_MAX : random_() >> Below(64);
    }
  }
  double NextDouble() {
    const double edges[] = {0.0, -0.0, INFINITY, -INFINITY, NAN, 1.5, -1.5, 1e-40, -1e-40};
    if (Below(3) == 0) return edges[Below(std::size(edges))];
    return (static_cast<double>(random_()) - 9e18) / static_cast<double>(1 + (random_() >> Below(64)));
  }
  std::string NextDigits(size_t count) {
    std::string digits;
    for (size_t i = 0; i < count; ++i) digits.push_back(Below(3) == 0 ? '0' : static_cast<char>('0' + Below(10)));
    return digits;
  }
  std::string NextDecimal(const LogicalType& type) {
    if (Below(15) == 0) return "NaN";
    const bool numeric = type.kind == TypeKind::kNumeric;
    if (numeric && Below(15) == 0) return Below(2) == 0 ? "Infinity" : "-Infinity";
    std::string whole = NextDigits(Below(6));
    whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
    if (whole.empty()) whole = "0";
    const std::string fraction = NextDigits(numeric ? Below(8) : type.scale);
    std::string text = fraction.empty() ? whole : whole + "." + fraction;
    if (Below(2) == 0 && text.find_first_of("123456789") != std::string::npos) text.insert(0, "-");
    return text;
  }
  std::string NextBytes(size_t size) {
    std::string bytes;
    const char edges[] = {'\0', '\x01', '\xFF', 'a', 'b'};
    for (size_t i = 0; i < size; ++i) bytes.push_back(edges[Below(std::size(edges))]);
    return bytes;
  }

  std::mt19937_64 random_;
};

// Order of the values that two cells mean. Unordered is never returned: escapes come first, NaN by its bits.
inline std::strong_ordering Compare(const LogicalType& type, const TypedCell& a, const TypedCell& b) {
  const auto rank = [](double value) {
    const uint64_t bits = std::bit_cast<uint64_t>(value);
    return (bits >> 63) != 0 ? -static_cast<int64_t>(bits & (UINT64_MAX >> 1)) - 1 : static_cast<int64_t>(bits);
  };
  if (MayEscape(type) && (a.cell.kind == CellKind::kBytes || b.cell.kind == CellKind::kBytes)) {
    if (a.cell.kind != b.cell.kind) return b.cell.kind <=> a.cell.kind;
    return a.bytes <=> b.bytes;
  }
  switch (FormOf(type)) {
    case CellForm::kInt: return a.cell.AsInt() <=> b.cell.AsInt();
    case CellForm::kUint: return a.cell.AsUint() <=> b.cell.AsUint();
    case CellForm::kFloat32:
    case CellForm::kFloat64: return rank(a.cell.AsDouble()) <=> rank(b.cell.AsDouble());
    case CellForm::kDecimalText: {
      const auto value = [](const std::string& text) -> long double {
        if (text == "NaN") return INFINITY;  // with Infinity: told apart below
        return std::stold(text);
      };
      if ((a.bytes == "NaN") != (b.bytes == "NaN")) {
        return a.bytes == "NaN" ? std::strong_ordering::greater : std::strong_ordering::less;
      }
      const long double x = value(a.bytes);
      const long double y = value(b.bytes);
      if (x != y) return x < y ? std::strong_ordering::less : std::strong_ordering::greater;
      return a.bytes.size() <=> b.bytes.size();  // equal values: the fewer fraction digits first
    }
    default: return a.bytes <=> b.bytes;
  }
}

}  // namespace freshet
