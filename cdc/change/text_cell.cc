// SPDX-License-Identifier: Apache-2.0
#include "cdc/change/text_cell.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "base/check.h"
#include "cdc/change/text_interval.h"
#include "cdc/change/text_time.h"

namespace freshet {
namespace {

Cell AppendBytes(std::string_view bytes, std::string& arena) {
  const Cell cell{arena.size(), static_cast<uint32_t>(bytes.size()), CellKind::kBytes};
  arena.append(bytes);
  return cell;
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <typename Narrow>
std::optional<Cell> IntCell(std::string_view text) {
  const auto value = ParseNumber<Narrow>(text);
  if (!value) return std::nullopt;
  return Cell::Int(*value);
}

template <typename Narrow>
std::optional<Cell> UintCell(std::string_view text) {
  const auto value = ParseNumber<Narrow>(text);
  if (!value) return std::nullopt;
  return Cell::Uint(*value);
}

template <typename Float>
std::optional<Cell> FloatCell(std::string_view text) {
  const auto value = ParseNumber<Float>(text);
  if (!value) return std::nullopt;
  // One NaN, whatever sign bit the parser gave it: cells are compared bit for bit.
  if (std::isnan(*value)) return Cell::Double(std::numeric_limits<double>::quiet_NaN());
  return Cell::Double(*value);
}

std::optional<Cell> BoolCell(std::string_view text) {
  if (text == "t" || text == "1" || text == "true") return Cell::Int(1);
  if (text == "f" || text == "0" || text == "false") return Cell::Int(0);
  return std::nullopt;
}

std::optional<Cell> BitCell(std::string_view text, uint32_t bits) {
  const auto value = ParseNumber<uint64_t>(text);
  if (!value || (bits > 0 && bits < 64 && *value >> bits != 0)) return std::nullopt;
  return Cell::Uint(*value);
}

std::optional<Cell> YearCell(std::string_view text) {
  const auto value = ParseNumber<int16_t>(text);
  if (!value || (*value != 0 && (*value < 1901 || *value > 2155))) return std::nullopt;
  return Cell::Int(*value);
}

// A decimal's parts: views into the text, leading zeros of the whole part dropped.
struct DecimalParts {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
};

std::optional<DecimalParts> SplitDecimal(std::string_view text) {
  DecimalParts parts;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    parts.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  const size_t point = text.find('.');
  parts.whole = text.substr(0, point);
  if (point != std::string_view::npos) parts.fraction = text.substr(point + 1);
  if (parts.whole.empty() && parts.fraction.empty()) return std::nullopt;
  for (const char c : parts.whole) {
    if (!IsDigit(c)) return std::nullopt;
  }
  for (const char c : parts.fraction) {
    if (!IsDigit(c)) return std::nullopt;
  }
  while (!parts.whole.empty() && parts.whole.front() == '0') parts.whole.remove_prefix(1);
  return parts;
}

constexpr unsigned kDecimalIntDigits = 18;  // what the unscaled value of an Int cell always fits

std::optional<Cell> DecimalCell(const LogicalType& type, std::string_view text, std::string& arena) {
  if (text == "NaN") return AppendBytes(text, arena);
  auto parts = SplitDecimal(text);
  if (!parts) return std::nullopt;
  while (parts->fraction.size() > type.scale && parts->fraction.back() == '0') parts->fraction.remove_suffix(1);
  if (parts->fraction.size() > type.scale || parts->whole.size() + type.scale > type.precision) return std::nullopt;
  const size_t padding = type.scale - parts->fraction.size();
  if (type.precision <= kDecimalIntDigits) {
    int64_t value = 0;
    for (const char c : parts->whole) value = value * 10 + (c - '0');
    for (const char c : parts->fraction) value = value * 10 + (c - '0');
    for (size_t i = 0; i < padding; ++i) value *= 10;
    return Cell::Int(parts->negative ? -value : value);
  }
  const size_t begin = arena.size();
  const bool zero = parts->whole.empty() && parts->fraction.find_first_not_of('0') == std::string_view::npos;
  if (parts->negative && !zero) arena += '-';
  arena += parts->whole.empty() ? std::string_view("0") : parts->whole;
  if (type.scale > 0) {
    arena += '.';
    arena += parts->fraction;
    arena.append(padding, '0');
  }
  return Cell{begin, static_cast<uint32_t>(arena.size() - begin), CellKind::kBytes};
}

std::optional<Cell> NumericCell(std::string_view text, std::string& arena) {
  if (text != "NaN" && text != "Infinity" && text != "-Infinity" && !SplitDecimal(text)) return std::nullopt;
  return AppendBytes(text, arena);
}

int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<Cell> BinaryCell(const LogicalType& type, std::string_view text, std::string& arena) {
  if (!text.starts_with("\\x") || text.size() % 2 != 0) return std::nullopt;
  const size_t begin = arena.size();
  for (size_t i = 2; i < text.size(); i += 2) {
    const int high = HexDigit(text[i]);
    const int low = HexDigit(text[i + 1]);
    if (high < 0 || low < 0) {
      arena.resize(begin);
      return std::nullopt;
    }
    arena += static_cast<char>(high << 4 | low);
  }
  if (type.fixed && arena.size() - begin < type.length) arena.resize(begin + type.length, '\0');
  return Cell{begin, static_cast<uint32_t>(arena.size() - begin), CellKind::kBytes};
}

std::optional<Cell> UuidCell(std::string_view text, std::string& arena) {
  char bytes[16];
  size_t digits = 0;
  for (const char c : text) {
    if (c == '-') continue;
    const int digit = HexDigit(c);
    if (digit < 0 || digits == 32) return std::nullopt;
    char& byte = bytes[digits / 2];
    byte = static_cast<char>(digits % 2 == 0 ? digit << 4 : (byte | digit));
    ++digits;
  }
  if (digits != 32) return std::nullopt;
  return AppendBytes({bytes, sizeof(bytes)}, arena);
}

std::optional<Cell> BitStringCell(std::string_view text, std::string& arena) {
  if (text.find_first_not_of("01") != std::string_view::npos) return std::nullopt;
  return AppendBytes(text, arena);
}

std::optional<Cell> ArrayCell(std::string_view text, std::string& arena) {
  // "{..}" or, with bounds other than 1, "[0:2]={..}"
  if (!text.ends_with('}') || (!text.starts_with('{') && !text.starts_with('['))) return std::nullopt;
  return AppendBytes(text, arena);
}

std::optional<Cell> ParseCell(const LogicalType& type, std::string_view text, std::string& arena) {
  switch (type.kind) {
    case TypeKind::kBool: return BoolCell(text);
    case TypeKind::kInt8: return IntCell<int8_t>(text);
    case TypeKind::kInt16: return IntCell<int16_t>(text);
    case TypeKind::kInt32: return IntCell<int32_t>(text);
    case TypeKind::kInt64: return IntCell<int64_t>(text);
    case TypeKind::kUint8: return UintCell<uint8_t>(text);
    case TypeKind::kUint16: return UintCell<uint16_t>(text);
    case TypeKind::kUint32: return UintCell<uint32_t>(text);
    case TypeKind::kUint64: return UintCell<uint64_t>(text);
    case TypeKind::kFloat32: return FloatCell<float>(text);
    case TypeKind::kFloat64: return FloatCell<double>(text);
    case TypeKind::kDecimal: return DecimalCell(type, text, arena);
    case TypeKind::kNumeric: return NumericCell(text, arena);
    case TypeKind::kBytes: return BinaryCell(type, text, arena);
    case TypeKind::kDate:
    case TypeKind::kTimeOfDay:
    case TypeKind::kTimeSpan:
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp:
    case TypeKind::kInterval: return TemporalFromText(type, text, arena);
    case TypeKind::kYear: return YearCell(text);
    case TypeKind::kUuid: return UuidCell(text, arena);
    case TypeKind::kBitInt: return BitCell(text, type.length);
    case TypeKind::kBitString: return BitStringCell(text, arena);
    case TypeKind::kArray: return ArrayCell(text, arena);
    case TypeKind::kString:
    case TypeKind::kTimeTz:
    case TypeKind::kJson:
    case TypeKind::kEnum:
    case TypeKind::kSet:
    case TypeKind::kText: return AppendBytes(text, arena);
  }
  return std::nullopt;  // a kind from a newer store
}

template <typename Number>
void AppendNumber(Number value, std::string& out) {
  char digits[64];
  const auto [end, error] = std::to_chars(digits, digits + sizeof(digits), value);
  CHECK(error == std::errc());
  out.append(digits, end);
}

template <typename Float>
void AppendFloat(Float value, std::string& out) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value < 0 ? "-Infinity" : "Infinity";
  } else {
    AppendNumber(value, out);
  }
}

void AppendScaled(int64_t value, unsigned scale, std::string& out) {
  uint64_t magnitude = static_cast<uint64_t>(value);
  if (value < 0) {
    out += '-';
    magnitude = 0 - magnitude;
  }
  const size_t begin = out.size();
  AppendNumber(magnitude, out);
  if (scale == 0) return;
  const size_t digits = out.size() - begin;
  if (digits <= scale) out.insert(begin, scale + 1 - digits, '0');
  out.insert(out.size() - scale, 1, '.');
}

void AppendHex(std::string_view bytes, std::string& out) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (const char c : bytes) {
    out += kDigits[static_cast<uint8_t>(c) >> 4];
    out += kDigits[static_cast<uint8_t>(c) & 15];
  }
}

void AppendBytesText(const LogicalType& type, std::string_view bytes, std::string& out) {
  if (type.kind == TypeKind::kBytes) {
    out += "\\x";
    AppendHex(bytes, out);
  } else if (type.kind == TypeKind::kUuid) {
    CHECK(bytes.size() == 16);
    const size_t begin = out.size();
    AppendHex(bytes, out);
    for (const size_t at : {8, 13, 18, 23}) out.insert(begin + at, 1, '-');
  } else if (type.kind == TypeKind::kInterval) {
    AppendIntervalText(bytes, out);
  } else {
    out += bytes;
  }
}

void AppendIntText(const LogicalType& type, int64_t value, std::string& out) {
  switch (type.kind) {
    case TypeKind::kBool: out += value != 0 ? 't' : 'f'; break;
    case TypeKind::kDecimal: AppendScaled(value, type.scale, out); break;
    case TypeKind::kDate:
    case TypeKind::kTimeOfDay:
    case TypeKind::kTimeSpan:
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp: AppendTemporalText(type, value, out); break;
    default: AppendNumber(value, out);
  }
}

}  // namespace

Result<Cell> CellFromText(const LogicalType& type, std::string_view text, std::string& arena) {
  const auto cell = ParseCell(type, text, arena);
  if (!cell) return Status(Code::kCorrupt, "text is no value of type " + MysqlTypeName(type));
  return *cell;
}

bool AppendCellText(const LogicalType& type, const Cell& cell, std::string_view arena, std::string& out) {
  switch (cell.kind) {
    case CellKind::kNull:
    case CellKind::kUnchanged: return false;
    case CellKind::kInt: AppendIntText(type, cell.AsInt(), out); break;
    case CellKind::kUint: AppendNumber(cell.AsUint(), out); break;
    case CellKind::kDouble:
      if (type.kind == TypeKind::kFloat32) {
        AppendFloat(static_cast<float>(cell.AsDouble()), out);
      } else {
        AppendFloat(cell.AsDouble(), out);
      }
      break;
    case CellKind::kBytes: AppendBytesText(type, arena.substr(cell.bits, cell.size), out); break;
  }
  return true;
}

}  // namespace freshet
