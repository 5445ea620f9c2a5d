// SPDX-License-Identifier: Apache-2.0
#include "server/result_set.h"

#include <bit>
#include <charconv>

#include "base/check.h"
#include "server/wire.h"

namespace freshet {
namespace {

using protocol::ColumnType;

// What a column without a known length claims: clients size buffers by it, so not more than needed.
constexpr uint32_t kUnknownTextLength = 1024;
constexpr uint8_t kDecimalsNotFixed = 31;

bool IsText(ResultType type) {
  return type == ResultType::kString;
}

uint32_t Length(const ResultColumn& column) {
  if (column.length != 0) return column.length;
  switch (column.type) {
    case ResultType::kTiny: return 4;
    case ResultType::kShort: return 6;
    case ResultType::kLong: return 11;
    case ResultType::kLongLong: return 20;
    case ResultType::kFloat: return 12;
    case ResultType::kDouble: return 22;
    case ResultType::kDate: return 10;
    case ResultType::kTime: return 17;
    case ResultType::kDateTime:
    case ResultType::kTimestamp: return 26;
    default: return kUnknownTextLength;
  }
}

uint16_t Flags(const ResultColumn& column) {
  uint16_t flags = 0;
  if (column.is_unsigned) flags |= protocol::kFlagUnsigned;
  if (column.is_binary || !IsText(column.type)) flags |= protocol::kFlagBinary;
  if (column.type == ResultType::kBlob || column.type == ResultType::kJson) flags |= protocol::kFlagBlob;
  return flags;
}

uint16_t Charset(const ResultColumn& column) {
  const bool binary = column.is_binary || (!IsText(column.type) && column.type != ResultType::kJson);
  return binary ? protocol::kCharsetBinary : protocol::kCharsetUtf8mb4;
}

uint8_t Decimals(const ResultColumn& column) {
  const bool real = column.type == ResultType::kFloat || column.type == ResultType::kDouble;
  return real && column.decimals == 0 ? kDecimalsNotFixed : column.decimals;
}

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Signed or unsigned, whatever the text holds: the client reads the bits by the column's flag. A value that
// does not fit the width is refused.
bool PutInteger(std::string& out, std::string_view text, size_t width, bool is_unsigned) {
  if (is_unsigned) {
    const auto number = ParseNumber<uint64_t>(text);
    if (!number || (width < 8 && *number >> (8 * width) != 0)) return false;
    PutUint(out, *number, width);
    return true;
  }
  const auto number = ParseNumber<int64_t>(text);
  if (!number) return false;
  if (width < 8) {
    const int64_t limit = int64_t{1} << (8 * width - 1);
    if (*number < -limit || *number >= limit) return false;
  }
  PutUint(out, static_cast<uint64_t>(*number), width);
  return true;
}

bool PutBinaryValue(std::string& out, const ResultColumn& column, std::string_view text) {
  switch (column.type) {
    case ResultType::kTiny: return PutInteger(out, text, 1, column.is_unsigned);
    case ResultType::kShort: return PutInteger(out, text, 2, column.is_unsigned);
    case ResultType::kLong: return PutInteger(out, text, 4, column.is_unsigned);
    case ResultType::kLongLong: return PutInteger(out, text, 8, column.is_unsigned);
    case ResultType::kFloat: {
      const auto number = ParseNumber<float>(text);
      if (number) PutUint(out, std::bit_cast<uint32_t>(*number), 4);
      return number.has_value();
    }
    case ResultType::kDouble: {
      const auto number = ParseNumber<double>(text);
      if (number) PutUint(out, std::bit_cast<uint64_t>(*number), 8);
      return number.has_value();
    }
    case ResultType::kDate:
    case ResultType::kDateTime:
    case ResultType::kTimestamp: {
      const auto bytes = BinaryDateTime(text);
      if (bytes) out += *bytes;
      return bytes.has_value();
    }
    case ResultType::kTime: {
      const auto bytes = BinaryTime(text);
      if (bytes) out += *bytes;
      return bytes.has_value();
    }
    case ResultType::kDecimal:
    case ResultType::kString:
    case ResultType::kBlob:
    case ResultType::kJson: PutLenencString(out, text); return true;
    case ResultType::kNull: return false;  // only NULL has this type
  }
  return false;
}

}  // namespace

ColumnType WireType(ResultType type) {
  switch (type) {
    case ResultType::kTiny: return ColumnType::kTiny;
    case ResultType::kShort: return ColumnType::kShort;
    case ResultType::kLong: return ColumnType::kLong;
    case ResultType::kLongLong: return ColumnType::kLongLong;
    case ResultType::kFloat: return ColumnType::kFloat;
    case ResultType::kDouble: return ColumnType::kDouble;
    case ResultType::kDecimal: return ColumnType::kNewDecimal;
    case ResultType::kDate: return ColumnType::kDate;
    case ResultType::kTime: return ColumnType::kTime;
    case ResultType::kDateTime: return ColumnType::kDateTime;
    case ResultType::kTimestamp: return ColumnType::kTimestamp;
    case ResultType::kString: return ColumnType::kVarString;
    case ResultType::kBlob: return ColumnType::kBlob;
    case ResultType::kJson: return ColumnType::kJson;
    case ResultType::kNull: return ColumnType::kNull;
  }
  return ColumnType::kVarString;
}

std::string ColumnPayload(const ResultColumn& column) {
  std::string out;
  PutLenencString(out, "def");
  PutLenencString(out, column.database);
  PutLenencString(out, column.table);
  PutLenencString(out, column.table);
  PutLenencString(out, column.name);
  PutLenencString(out, column.name);
  PutLenencInt(out, 0x0c);
  PutUint(out, Charset(column), 2);
  PutUint(out, Length(column), 4);
  PutUint(out, static_cast<uint8_t>(WireType(column.type)), 1);
  PutUint(out, Flags(column), 2);
  PutUint(out, Decimals(column), 1);
  PutUint(out, 0, 2);
  return out;
}

std::string FieldListPayload(const ResultColumn& column) {
  return ColumnPayload(column) + kNullValueByte;
}

std::string TextRowPayload(const RowValues& row) {
  std::string out;
  for (const auto& value : row) {
    if (value) {
      PutLenencString(out, *value);
    } else {
      out += kNullValueByte;
    }
  }
  return out;
}

Result<std::string> BinaryRowPayload(const std::vector<ResultColumn>& columns, const RowValues& row) {
  CHECK(columns.size() == row.size());
  constexpr size_t kBitmapShift = 2;  // reserved by the protocol
  std::string out(1 + (columns.size() + 7 + kBitmapShift) / 8, '\0');
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!row[i]) {
      const size_t bit = i + kBitmapShift;
      out[1 + bit / 8] = static_cast<char>(out[1 + bit / 8] | 1 << bit % 8);
    } else if (!PutBinaryValue(out, columns[i], *row[i])) {
      return Status(Code::kUnsupported, "a value of column '" + columns[i].name +
                                            "' has no form in the binary protocol; cast the column to CHAR or use "
                                            "a statement that is not prepared");
    }
  }
  return out;
}

}  // namespace freshet
