// SPDX-License-Identifier: Apache-2.0
#include "ddl/mysql_default.h"

#include <algorithm>
#include <charconv>

#include "ddl/mysql_cursor.h"

namespace freshet {
namespace {

using Kind = MysqlDefault::Kind;
using Text = std::optional<std::string>;

bool IsDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// [+-]digits without a plus or leading zeros.
Text Integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (!IsDigits(text) || text.size() > 20) return std::nullopt;
  while (text.size() > 1 && text.front() == '0') text.remove_prefix(1);
  return (negative && text != "0" ? "-" : "") + std::string(text);
}

Text BigEndianInteger(std::string_view bytes) {
  if (bytes.size() > 8) return std::nullopt;
  uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<uint8_t>(c);
  return std::to_string(value);
}

Text Decimal(std::string_view text, unsigned scale) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  if ((!whole.empty() && !IsDigits(whole)) || (!fraction.empty() && !IsDigits(fraction))) return std::nullopt;
  if ((whole.empty() && fraction.empty()) || fraction.size() > scale) return std::nullopt;  // it would be rounded
  return (negative ? "-" : "") + std::string(whole.empty() ? "0" : whole) +
         (fraction.empty() ? std::string() : "." + std::string(fraction));
}

Text Float(std::string_view text) {
  double value = 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool letters = text.find_first_of("nN") != std::string_view::npos;  // nan, inf are no MySQL literals
  if (error != std::errc() || end != text.data() + text.size() || letters) return std::nullopt;
  return std::string(text);
}

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) < 0x80; });
}

// The statement reaches us as UTF-8; a literal marked otherwise is certain only where all sets agree.
bool TextIsCertain(const MysqlDefault& value) {
  const std::string& set = value.introducer;
  if (set.empty() || set.starts_with("utf8")) return true;
  return IsAscii(value.text) && set != "binary" && !set.starts_with("ucs") && !set.starts_with("utf");
}

Text String(const LogicalType& type, const MysqlDefault& value) {
  if (value.kind == Kind::kNumber) return Integer(value.text);
  if (value.kind != Kind::kString || !TextIsCertain(value)) return std::nullopt;
  std::string text = value.text;
  if (type.fixed) text.erase(text.find_last_not_of(' ') + 1);  // CHAR(n) is read without trailing spaces
  return text;
}

Text Binary(const MysqlDefault& value) {
  const bool bytes = value.kind == Kind::kBinary;
  if (!bytes && (value.kind != Kind::kString || !IsAscii(value.text) || !TextIsCertain(value))) return std::nullopt;
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex = "\\x";
  for (const char c : value.text) {
    hex += kDigits[static_cast<uint8_t>(c) >> 4];
    hex += kDigits[static_cast<uint8_t>(c) & 15];
  }
  return hex;
}

// `form`: 'd' stands for a digit, the rest for itself.
bool HasForm(std::string_view text, std::string_view form) {
  return text.size() == form.size() && std::equal(text.begin(), text.end(), form.begin(), [](char c, char f) {
           return f == 'd' ? c >= '0' && c <= '9' : c == f;
         });
}

// "[.f]" with at most `precision` digits: more would be rounded.
bool IsFraction(std::string_view text, unsigned precision) {
  if (text.empty()) return true;
  return text.front() == '.' && IsDigits(text.substr(1)) && text.size() - 1 <= precision;
}

Text DateTime(std::string_view text, unsigned precision) {
  if (HasForm(text, "dddd-dd-dd")) return std::string(text) + " 00:00:00";
  constexpr size_t kSize = 19;
  if (!HasForm(text.substr(0, kSize), "dddd-dd-dd dd:dd:dd") || !IsFraction(text.substr(kSize), precision)) {
    return std::nullopt;
  }
  return std::string(text);
}

// TIMESTAMP literals are in the session's zone, which is not known here; the zero value is the same in all.
Text Timestamp(std::string_view text, unsigned precision) {
  const auto value = DateTime(text, precision);
  if (!value || value->find_first_not_of("0-: .") != std::string::npos) return std::nullopt;
  return value;
}

Text TimeSpan(std::string_view text, unsigned precision) {
  const std::string_view unsigned_text = text.starts_with('-') ? text.substr(1) : text;
  const size_t colon = unsigned_text.find(':');
  if (colon != 2 && colon != 3) return std::nullopt;
  const std::string_view rest = unsigned_text.substr(colon);
  constexpr size_t kSize = 6;
  if (!IsDigits(unsigned_text.substr(0, colon)) || rest.size() < kSize || !HasForm(rest.substr(0, kSize), ":dd:dd") ||
      !IsFraction(rest.substr(kSize), precision)) {
    return std::nullopt;
  }
  return std::string(text);
}

Text EnumLabel(const LogicalType& type, const std::string& text) {
  if (!type.labels) return std::nullopt;
  for (const std::string& label : *type.labels) {
    if (label == text) return label;
  }
  for (const std::string& label : *type.labels) {
    if (IsAscii(text) && EqualWords(label, text)) return label;
  }
  return std::nullopt;
}

// Labels in definition order, each once, as the server stores them.
Text SetLabels(const LogicalType& type, std::string_view text) {
  if (!type.labels) return std::nullopt;
  const std::string whole(text);
  size_t next = 0;
  while (!text.empty()) {
    const std::string_view label = text.substr(0, text.find(','));
    while (next < type.labels->size() && (*type.labels)[next] != label) ++next;
    if (next++ == type.labels->size()) return std::nullopt;
    text.remove_prefix(std::min(label.size() + 1, text.size()));
  }
  return whole;
}

}  // namespace

std::optional<std::string> LiteralDefaultText(const LogicalType& type, const MysqlDefault& value) {
  if (value.kind == Kind::kExpression) return std::nullopt;
  const bool text = value.kind == Kind::kString;
  switch (type.kind) {
    case TypeKind::kInt8:
    case TypeKind::kInt16:
    case TypeKind::kInt32:
    case TypeKind::kInt64:
    case TypeKind::kUint8:
    case TypeKind::kUint16:
    case TypeKind::kUint32:
    case TypeKind::kUint64:
    case TypeKind::kBitInt:
      if (value.kind == Kind::kBinary) return BigEndianInteger(value.text);
      // '5' is the character 5 for a BIT column.
      return text && type.kind == TypeKind::kBitInt ? std::nullopt : Integer(value.text);
    case TypeKind::kDecimal: return value.kind == Kind::kBinary ? std::nullopt : Decimal(value.text, type.scale);
    case TypeKind::kFloat32:
    case TypeKind::kFloat64: return value.kind == Kind::kBinary ? std::nullopt : Float(value.text);
    case TypeKind::kString: return String(type, value);
    case TypeKind::kBytes: return Binary(value);
    case TypeKind::kDate: return text && HasForm(value.text, "dddd-dd-dd") ? Text(value.text) : std::nullopt;
    case TypeKind::kDateTime: return text ? DateTime(value.text, type.precision) : std::nullopt;
    case TypeKind::kTimestamp: return text ? Timestamp(value.text, type.precision) : std::nullopt;
    case TypeKind::kTimeSpan: return text ? TimeSpan(value.text, type.precision) : std::nullopt;
    case TypeKind::kYear:
      if (value.kind == Kind::kBinary || !HasForm(value.text, "dddd")) return std::nullopt;
      return Integer(value.text);
    case TypeKind::kEnum: return text && TextIsCertain(value) ? EnumLabel(type, value.text) : std::nullopt;
    case TypeKind::kSet: return text && TextIsCertain(value) ? SetLabels(type, value.text) : std::nullopt;
    default: return std::nullopt;
  }
}

std::optional<std::string> ImplicitDefaultText(const LogicalType& type, const std::string& source_type) {
  switch (type.kind) {
    case TypeKind::kString:
    case TypeKind::kSet: return "";
    case TypeKind::kBytes: return "\\x";
    case TypeKind::kDate: return "0000-00-00";
    case TypeKind::kDateTime: return "0000-00-00 00:00:00";
    case TypeKind::kTimeSpan: return "00:00:00";
    case TypeKind::kEnum: return type.labels && !type.labels->empty() ? Text(type.labels->front()) : std::nullopt;
    case TypeKind::kUuid: return "00000000-0000-0000-0000-000000000000";
    case TypeKind::kText:
      if (source_type == "inet4") return "0.0.0.0";
      return source_type == "inet6" ? Text("::") : std::nullopt;
    // The first TIMESTAMP of a table may get CURRENT_TIMESTAMP instead (explicit_defaults_for_timestamp).
    case TypeKind::kTimestamp:
    case TypeKind::kJson: return std::nullopt;
    default: return "0";
  }
}

}  // namespace freshet
