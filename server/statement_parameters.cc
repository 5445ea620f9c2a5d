// SPDX-License-Identifier: Apache-2.0
#include "server/statement_parameters.h"

#include <bit>
#include <charconv>
#include <cstdio>

#include "base/cursor.h"
#include "server/wire.h"

namespace freshet {
namespace {

using protocol::ColumnType;

Status Malformed() {
  return Status(Code::kInvalid, "malformed parameters of a prepared statement");
}

std::string IntegerText(ByteCursor& cursor, size_t width, bool is_unsigned) {
  return is_unsigned ? std::to_string(cursor.UintLe(width)) : std::to_string(cursor.IntLe(width));
}

// The shortest text that reads back as the same number.
template <typename Real>
std::string RealText(Real value) {
  char text[64];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), value);
  return error == std::errc() ? std::string(text, end) : std::string();
}

std::string DateTimeText(ByteCursor& cursor) {
  const uint8_t size = cursor.U8();
  if (size != 0 && size != 4 && size != 7 && size != 11) cursor.Fail();
  unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, microsecond = 0;
  if (size >= 4) {
    year = cursor.U16Le();
    month = cursor.U8();
    day = cursor.U8();
  }
  if (size >= 7) {
    hour = cursor.U8();
    minute = cursor.U8();
    second = cursor.U8();
  }
  if (size >= 11) microsecond = cursor.U32Le();
  char text[80];
  int used = std::snprintf(text, sizeof(text), "%04u-%02u-%02u", year, month, day);
  if (size >= 7) used += std::snprintf(text + used, sizeof(text) - used, " %02u:%02u:%02u", hour, minute, second);
  if (size >= 11) used += std::snprintf(text + used, sizeof(text) - used, ".%06u", microsecond);
  return std::string(text, static_cast<size_t>(used));
}

std::string TimeText(ByteCursor& cursor) {
  const uint8_t size = cursor.U8();
  if (size == 0) return "00:00:00";
  if (size != 8 && size != 12) cursor.Fail();
  const bool negative = cursor.U8() != 0;
  const uint64_t days = cursor.U32Le();
  const uint64_t hours = days * 24 + cursor.U8();
  const unsigned minute = cursor.U8();
  const unsigned second = cursor.U8();
  const unsigned microsecond = size == 12 ? cursor.U32Le() : 0;
  char text[80];
  int used = std::snprintf(text, sizeof(text), "%s%02llu:%02u:%02u", negative ? "-" : "",
                           static_cast<unsigned long long>(hours), minute, second);
  if (size == 12) used += std::snprintf(text + used, sizeof(text) - used, ".%06u", microsecond);
  return std::string(text, static_cast<size_t>(used));
}

Result<std::string> TakeValue(ByteCursor& cursor, const ParameterType& parameter) {
  switch (parameter.type) {
    case ColumnType::kTiny: return IntegerText(cursor, 1, parameter.is_unsigned);
    case ColumnType::kShort:
    case ColumnType::kYear: return IntegerText(cursor, 2, parameter.is_unsigned);
    case ColumnType::kLong:
    case ColumnType::kInt24: return IntegerText(cursor, 4, parameter.is_unsigned);
    case ColumnType::kLongLong: return IntegerText(cursor, 8, parameter.is_unsigned);
    case ColumnType::kFloat: return RealText(std::bit_cast<float>(cursor.U32Le()));
    case ColumnType::kDouble: return RealText(std::bit_cast<double>(cursor.U64Le()));
    case ColumnType::kDate:
    case ColumnType::kDateTime:
    case ColumnType::kTimestamp: return DateTimeText(cursor);
    case ColumnType::kTime: return TimeText(cursor);
    case ColumnType::kDecimal:
    case ColumnType::kNewDecimal:
    case ColumnType::kVarchar:
    case ColumnType::kVarString:
    case ColumnType::kString:
    case ColumnType::kEnum:
    case ColumnType::kSet:
    case ColumnType::kJson:
    case ColumnType::kBit:
    case ColumnType::kTinyBlob:
    case ColumnType::kMediumBlob:
    case ColumnType::kLongBlob:
    case ColumnType::kBlob: return std::string(TakeLenencString(cursor));
    case ColumnType::kNull:
    case ColumnType::kGeometry: break;
  }
  return Status(Code::kUnsupported,
                "parameter type " + std::to_string(static_cast<int>(parameter.type)) + " is not supported");
}

bool IsNumber(ColumnType type) {
  switch (type) {
    case ColumnType::kTiny:
    case ColumnType::kShort:
    case ColumnType::kYear:
    case ColumnType::kLong:
    case ColumnType::kInt24:
    case ColumnType::kLongLong:
    case ColumnType::kFloat:
    case ColumnType::kDouble:
    case ColumnType::kDecimal:
    case ColumnType::kNewDecimal: return true;
    default: return false;
  }
}

}  // namespace

Result<std::vector<PreparedValue>> ParseParameters(std::string_view payload, size_t count,
                                                   std::vector<ParameterType>& types, const LongData& long_data) {
  std::vector<PreparedValue> values;
  if (count == 0) return values;
  ByteCursor cursor(payload);
  const std::string_view nulls = cursor.Take((count + 7) / 8);
  const bool types_follow = cursor.U8() != 0;
  if (!cursor.ok()) return Malformed();
  if (types_follow) {
    if (cursor.remaining() < 2 * count) return Malformed();
    types.assign(count, {});
    for (ParameterType& type : types) {
      type.type = static_cast<ColumnType>(cursor.U8());
      type.is_unsigned = (cursor.U8() & 0x80) != 0;
    }
  }
  // A client that has nothing but NULLs may never say a type.
  const bool typed = types.size() == count;
  values.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    if (const auto sent = long_data.find(i); sent != long_data.end()) {
      values.push_back({sent->second});
    } else if ((static_cast<uint8_t>(nulls[i / 8]) >> i % 8 & 1) != 0 ||
               (typed && types[i].type == ColumnType::kNull)) {
      values.push_back({});
    } else if (!typed) {
      return Malformed();
    } else {
      ASSIGN_OR_RETURN(std::string value, TakeValue(cursor, types[i]));
      if (!cursor.ok()) return Malformed();
      values.push_back({std::move(value), IsNumber(types[i].type)});
    }
  }
  if (!cursor.done()) return Malformed();
  return values;
}

}  // namespace freshet
