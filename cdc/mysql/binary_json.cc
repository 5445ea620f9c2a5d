// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/binary_json.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "base/cursor.h"
#include "cdc/mysql/decimal.h"
#include "cdc/mysql/temporal.h"

namespace freshet {
namespace {

enum JsonType : uint8_t {
  kSmallObject = 0,
  kLargeObject = 1,
  kSmallArray = 2,
  kLargeArray = 3,
  kLiteral = 4,
  kInt16 = 5,
  kUint16 = 6,
  kInt32 = 7,
  kUint32 = 8,
  kInt64 = 9,
  kUint64 = 10,
  kDouble = 11,
  kString = 12,
  kOpaque = 15,
};

// Column types that the server prints as values instead of base64.
constexpr uint8_t kColumnTimestamp = 7;
constexpr uint8_t kColumnDate = 10;
constexpr uint8_t kColumnTime = 11;
constexpr uint8_t kColumnDateTime = 12;
constexpr uint8_t kColumnNewDecimal = 246;

Status Corrupt() {
  return Status(Code::kCorrupt, "binary JSON value does not parse");
}

template <typename Int>
void AppendNumber(Int value, std::string& out) {
  char text[24];
  out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

void AppendQuoted(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<uint8_t>(c) < 0x20) {
          char escape[8];
          out.append(escape, static_cast<size_t>(std::snprintf(escape, sizeof escape, "\\u%04x", c)));
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

// The server's encoder breaks lines after 76 characters; inside JSON the break is printed as \n.
void AppendBase64(std::string_view bytes, std::string& out) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr size_t kLineBytes = 57;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    if (i > 0 && i % kLineBytes == 0) out += "\\n";
    const size_t left = bytes.size() - i;
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) group = group << 8 | (k < left ? static_cast<uint8_t>(bytes[i + k]) : 0u);
    out += kAlphabet[group >> 18];
    out += kAlphabet[group >> 12 & 63];
    out += left > 1 ? kAlphabet[group >> 6 & 63] : '=';
    out += left > 2 ? kAlphabet[group & 63] : '=';
  }
}

Status AppendTemporal(uint8_t column_type, std::string_view bytes, std::string& out) {
  if (bytes.size() != 8) return Corrupt();
  const int64_t packed = ByteCursor(bytes).IntLe(8);
  const uint64_t magnitude = packed < 0 ? 0 - static_cast<uint64_t>(packed) : static_cast<uint64_t>(packed);
  const uint64_t seconds = magnitude >> 24;
  const unsigned micro = static_cast<unsigned>(magnitude & 0xffffff);
  char text[96];
  int length = 0;
  if (column_type == kColumnTime) {
    length = std::snprintf(text, sizeof text, "\"%s%02u:%02u:%02u.%06u\"", packed < 0 ? "-" : "",
                           static_cast<unsigned>(seconds >> 12 & 1023), static_cast<unsigned>(seconds >> 6 & 63),
                           static_cast<unsigned>(seconds & 63), micro);
  } else {
    const MysqlDateTime value = UnpackDateTime(seconds, micro);
    length = column_type == kColumnDate
                 ? std::snprintf(text, sizeof text, "\"%04u-%02u-%02u\"", value.year, value.month, value.day)
                 : std::snprintf(text, sizeof text, "\"%04u-%02u-%02u %02u:%02u:%02u.%06u\"", value.year, value.month,
                                 value.day, value.hour, value.minute, value.second, value.micro);
  }
  out.append(text, static_cast<size_t>(length));
  return Status::Ok();
}

class Printer {
 public:
  explicit Printer(std::string& out) : out_(out), size_max_(out.size() + kJsonTextBytesMax) {}

  // `bytes` runs from the value's first byte to the end of what encloses it.
  Status Value(uint8_t type, std::string_view bytes, int depth) {
    if (out_.size() > size_max_) return Status(Code::kUnsupported, "JSON value of more than 1 GiB of text");
    switch (type) {
      case kSmallObject: return Container(bytes, 2, true, depth);
      case kLargeObject: return Container(bytes, 4, true, depth);
      case kSmallArray: return Container(bytes, 2, false, depth);
      case kLargeArray: return Container(bytes, 4, false, depth);
      case kString: return String(bytes);
      case kOpaque: return Opaque(bytes);
      default: return Scalar(type, bytes);
    }
  }

 private:
  Status Scalar(uint8_t type, std::string_view bytes) {
    ByteCursor cursor(bytes);
    switch (type) {
      case kLiteral: {
        static constexpr std::string_view kLiterals[] = {"null", "true", "false"};
        const uint8_t literal = cursor.U8();
        if (!cursor.ok() || literal > 2) return Corrupt();
        out_ += kLiterals[literal];
        break;
      }
      case kInt16: AppendNumber(cursor.IntLe(2), out_); break;
      case kUint16: AppendNumber(cursor.UintLe(2), out_); break;
      case kInt32: AppendNumber(cursor.IntLe(4), out_); break;
      case kUint32: AppendNumber(cursor.UintLe(4), out_); break;
      case kInt64: AppendNumber(cursor.IntLe(8), out_); break;
      case kUint64: AppendNumber(cursor.UintLe(8), out_); break;
      case kDouble: AppendJsonDouble(std::bit_cast<double>(cursor.U64Le()), out_); break;
      default: return Corrupt();
    }
    return cursor.ok() ? Status::Ok() : Corrupt();
  }

  static uint64_t Length(ByteCursor& cursor) {
    uint64_t length = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      const uint8_t byte = cursor.U8();
      length |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return length;
    }
    cursor.Fail();
    return 0;
  }

  Status String(std::string_view bytes) {
    ByteCursor cursor(bytes);
    const std::string_view text = cursor.Take(Length(cursor));
    if (!cursor.ok()) return Corrupt();
    AppendQuoted(text, out_);
    return Status::Ok();
  }

  Status Opaque(std::string_view bytes) {
    ByteCursor cursor(bytes);
    const uint8_t column_type = cursor.U8();
    const std::string_view value = cursor.Take(Length(cursor));
    if (!cursor.ok()) return Corrupt();
    switch (column_type) {
      case kColumnNewDecimal: {
        if (value.size() < 2) return Corrupt();
        const DecimalShape shape{static_cast<uint8_t>(value[0]), static_cast<uint8_t>(value[1])};
        const size_t size = PackedDecimalBytes(shape);
        if (size == 0 || value.size() != size + 2) return Corrupt();
        return AppendDecimalText(value.substr(2), shape, out_) ? Status::Ok() : Corrupt();
      }
      case kColumnTimestamp:
      case kColumnDate:
      case kColumnTime:
      case kColumnDateTime: return AppendTemporal(column_type, value, out_);
      default:
        out_ += "\"base64:type";
        AppendNumber(static_cast<unsigned>(column_type), out_);
        out_ += ':';
        AppendBase64(value, out_);
        out_ += '"';
        return Status::Ok();
    }
  }

  static bool IsInlined(uint8_t type, size_t width) {
    return type == kLiteral || type == kInt16 || type == kUint16 || (width == 4 && (type == kInt32 || type == kUint32));
  }

  Status Container(std::string_view bytes, size_t width, bool object, int depth) {
    if (depth >= kJsonDepthMax) return Corrupt();
    ByteCursor header(bytes);
    const uint64_t count = header.UintLe(width);
    const uint64_t size = header.UintLe(width);
    const size_t key_entry_bytes = object ? width + 2 : 0;
    const size_t value_entry_bytes = width + 1;
    if (!header.ok() || size > bytes.size()) return Corrupt();
    bytes = bytes.substr(0, size);
    if (size < 2 * width || count > (size - 2 * width) / (key_entry_bytes + value_entry_bytes)) return Corrupt();
    ByteCursor keys(bytes.substr(2 * width, count * key_entry_bytes));
    ByteCursor values(bytes.substr(2 * width + count * key_entry_bytes, count * value_entry_bytes));
    out_ += object ? '{' : '[';
    for (uint64_t i = 0; i < count; ++i) {
      if (i > 0) out_ += ", ";
      if (object) {
        const uint64_t offset = keys.UintLe(width);
        const uint64_t length = keys.UintLe(2);
        if (offset > size || length > size - offset) return Corrupt();
        AppendQuoted(bytes.substr(offset, length), out_);
        out_ += ": ";
      }
      const uint8_t type = values.U8();
      const std::string_view entry = values.Take(width);
      if (IsInlined(type, width)) {
        TRY(Value(type, entry, depth + 1));
        continue;
      }
      const uint64_t offset = ByteCursor(entry).UintLe(width);
      if (offset > size) return Corrupt();
      TRY(Value(type, bytes.substr(offset), depth + 1));
    }
    out_ += object ? '}' : ']';
    return Status::Ok();
  }

  std::string& out_;
  const size_t size_max_;
};

}  // namespace

void AppendJsonDouble(double value, std::string& out) {
  // std::to_chars gives the shortest digits that read back as the same double, as the server's dtoa does.
  char scientific[40];
  const auto end =
      std::to_chars(scientific, scientific + sizeof scientific, std::abs(value), std::chars_format::scientific).ptr;
  const std::string_view text(scientific, static_cast<size_t>(end - scientific));
  const size_t e = text.find('e');
  if (e == std::string_view::npos) {  // not finite: the server stores no such value
    out += "null";
    return;
  }
  int exponent = std::atoi(std::string(text.substr(e + 1)).c_str());
  char digits[24] = {};
  int count = 0;
  for (const char c : text.substr(0, e)) {
    if (c != '.') digits[count++] = c;
  }
  if (value == 0) exponent = 0;
  if (std::signbit(value)) out += '-';
  constexpr int kPointMax = 15;    // DBL_DIG: the server's bound for writing without an exponent
  const int point = exponent + 1;  // digits before the point
  if (point > kPointMax || point <= -kPointMax + 1) {
    out += digits[0];
    if (count > 1) out.append(1, '.').append(digits + 1, static_cast<size_t>(count - 1));
    out += 'e';
    AppendNumber(exponent, out);
  } else if (point <= 0) {
    out.append("0.").append(static_cast<size_t>(-point), '0').append(digits, static_cast<size_t>(count));
  } else if (count <= point) {
    out.append(digits, static_cast<size_t>(count)).append(static_cast<size_t>(point - count), '0').append(".0");
  } else {
    out.append(digits, static_cast<size_t>(point)).append(1, '.');
    out.append(digits + point, static_cast<size_t>(count - point));
  }
}

Status AppendJsonText(std::string_view document, std::string& out) {
  if (document.empty()) {  // what an update with IGNORE can store; the server prints the same
    out += "null";
    return Status::Ok();
  }
  return Printer(out).Value(static_cast<uint8_t>(document[0]), document.substr(1), 0);
}

}  // namespace freshet
