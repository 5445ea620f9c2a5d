// SPDX-License-Identifier: Apache-2.0
#include "sql/value_text.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

#include "sql/duckdb_cursor.h"

namespace freshet {

namespace {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 Uint128;

template <typename T>
T At(const void* data, size_t row) {
  return static_cast<const T*>(data)[row];
}

template <typename T>
void AppendNumber(T value, std::string& out) {
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  out.append(buffer, static_cast<size_t>(end - buffer));
}

// MySQL writes 1e20 where C++ writes 1e+20.
template <typename T>
void AppendFloat(T value, std::string& out) {
  const size_t begin = out.size();
  AppendNumber(value, out);
  const size_t plus = out.find("e+", begin);
  if (plus != std::string::npos) out.erase(plus + 1, 1);
}

void AppendUint128(Uint128 value, int digits_min, std::string& out) {
  char buffer[48];
  char* at = buffer + sizeof(buffer);
  int digits = 0;
  do {
    *--at = static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
    ++digits;
  } while (value != 0 || digits < digits_min);
  out.append(at, static_cast<size_t>(buffer + sizeof(buffer) - at));
}

void AppendDecimal(Int128 value, int scale, std::string& out) {
  const Uint128 magnitude = value < 0 ? Uint128{0} - static_cast<Uint128>(value) : static_cast<Uint128>(value);
  if (value < 0) out += '-';
  AppendUint128(magnitude, scale + 1, out);
  if (scale > 0) out.insert(out.size() - static_cast<size_t>(scale), 1, '.');
}

Int128 Wide(const duckdb_hugeint& value) {
  return static_cast<Int128>(static_cast<Uint128>(static_cast<uint64_t>(value.upper)) << 64 | value.lower);
}

void AppendDate(duckdb_date date, std::string& out) {
  constexpr int32_t kInfinity = std::numeric_limits<int32_t>::max();
  if (date.days == kInfinity || date.days == -kInfinity) {
    out += date.days > 0 ? "infinity" : "-infinity";
    return;
  }
  const duckdb_date_struct parts = duckdb_from_date(date);
  const bool before_christ = parts.year <= 0;
  char buffer[32];
  const int size =
      std::snprintf(buffer, sizeof(buffer), "%04d-%02d-%02d%s", before_christ ? 1 - parts.year : parts.year,
                    parts.month, parts.day, before_christ ? " BC" : "");
  out.append(buffer, static_cast<size_t>(size));
}

// HH:MM:SS[.ffffff]
void AppendTime(int64_t us, std::string& out) {
  char buffer[32];
  const int64_t seconds = us / 1000000;
  int size = std::snprintf(buffer, sizeof(buffer), "%02d:%02d:%02d", static_cast<int>(seconds / 3600),
                           static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
  out.append(buffer, static_cast<size_t>(size));
  if (us % 1000000 == 0) return;
  size = std::snprintf(buffer, sizeof(buffer), ".%06d", static_cast<int>(us % 1000000));
  out.append(buffer, static_cast<size_t>(size));
}

void AppendTimestamp(int64_t us, std::string& out) {
  constexpr int64_t kInfinity = std::numeric_limits<int64_t>::max();
  constexpr int64_t kDayUs = int64_t{86400} * 1000000;
  if (us == kInfinity || us == -kInfinity) {
    out += us > 0 ? "infinity" : "-infinity";
    return;
  }
  const int64_t days = us / kDayUs - (us % kDayUs < 0 ? 1 : 0);
  AppendDate({static_cast<int32_t>(days)}, out);
  const bool before_christ = out.ends_with(" BC");
  if (before_christ) out.resize(out.size() - 3);
  out += ' ';
  AppendTime(us - days * kDayUs, out);
  if (before_christ) out += " BC";
}

}  // namespace

ValueFormat ValueFormat::Of(duckdb_logical_type type) {
  ValueFormat format;
  format.type_ = duckdb_get_type_id(type);
  if (format.type_ == DUCKDB_TYPE_DECIMAL) {
    format.internal_ = duckdb_decimal_internal_type(type);
    format.scale_ = duckdb_decimal_scale(type);
  }
  return format;
}

void ValueFormat::Append(const void* data, size_t row, std::string& out) const {
  switch (type_) {
    case DUCKDB_TYPE_BOOLEAN: out += At<bool>(data, row) ? '1' : '0'; return;
    case DUCKDB_TYPE_TINYINT: AppendNumber(At<int8_t>(data, row), out); return;
    case DUCKDB_TYPE_SMALLINT: AppendNumber(At<int16_t>(data, row), out); return;
    case DUCKDB_TYPE_INTEGER: AppendNumber(At<int32_t>(data, row), out); return;
    case DUCKDB_TYPE_BIGINT: AppendNumber(At<int64_t>(data, row), out); return;
    case DUCKDB_TYPE_UTINYINT: AppendNumber(At<uint8_t>(data, row), out); return;
    case DUCKDB_TYPE_USMALLINT: AppendNumber(At<uint16_t>(data, row), out); return;
    case DUCKDB_TYPE_UINTEGER: AppendNumber(At<uint32_t>(data, row), out); return;
    case DUCKDB_TYPE_UBIGINT: AppendNumber(At<uint64_t>(data, row), out); return;
    case DUCKDB_TYPE_FLOAT: AppendFloat(At<float>(data, row), out); return;
    case DUCKDB_TYPE_DOUBLE: AppendFloat(At<double>(data, row), out); return;
    case DUCKDB_TYPE_HUGEINT: AppendDecimal(Wide(At<duckdb_hugeint>(data, row)), 0, out); return;
    case DUCKDB_TYPE_UHUGEINT: {
      const auto value = At<duckdb_uhugeint>(data, row);
      AppendUint128(static_cast<Uint128>(value.upper) << 64 | value.lower, 1, out);
      return;
    }
    case DUCKDB_TYPE_DECIMAL:
      switch (internal_) {
        case DUCKDB_TYPE_SMALLINT: AppendDecimal(At<int16_t>(data, row), scale_, out); return;
        case DUCKDB_TYPE_INTEGER: AppendDecimal(At<int32_t>(data, row), scale_, out); return;
        case DUCKDB_TYPE_BIGINT: AppendDecimal(At<int64_t>(data, row), scale_, out); return;
        default: AppendDecimal(Wide(At<duckdb_hugeint>(data, row)), scale_, out); return;
      }
    case DUCKDB_TYPE_DATE: AppendDate(At<duckdb_date>(data, row), out); return;
    case DUCKDB_TYPE_TIME: AppendTime(At<int64_t>(data, row), out); return;
    case DUCKDB_TYPE_TIMESTAMP: AppendTimestamp(At<int64_t>(data, row), out); return;
    case DUCKDB_TYPE_VARCHAR:
    case DUCKDB_TYPE_BLOB: {
      auto value = At<duckdb_string_t>(data, row);
      out.append(duckdb_string_t_data(&value), duckdb_string_t_length(value));
      return;
    }
    default: CHECK(type_ == DUCKDB_TYPE_SQLNULL); return;  // every value of that type is NULL
  }
}

bool HasTextForm(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN:
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER:
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UHUGEINT:
    case DUCKDB_TYPE_DECIMAL:
    case DUCKDB_TYPE_DATE:
    case DUCKDB_TYPE_TIME:
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_VARCHAR:
    case DUCKDB_TYPE_BLOB:
    case DUCKDB_TYPE_SQLNULL: return true;
    default: return false;
  }
}

ResultColumn DescribeColumn(const char* name, duckdb_logical_type type) {
  ResultColumn column;
  column.name = name == nullptr ? "" : name;
  switch (duckdb_get_type_id(type)) {
    case DUCKDB_TYPE_BOOLEAN:
      column.type = ResultType::kTiny;
      column.length = 1;
      break;
    case DUCKDB_TYPE_TINYINT:
      column.type = ResultType::kTiny;
      column.length = 4;
      break;
    case DUCKDB_TYPE_UTINYINT:
      column.type = ResultType::kTiny;
      column.is_unsigned = true;
      column.length = 3;
      break;
    case DUCKDB_TYPE_SMALLINT:
      column.type = ResultType::kShort;
      column.length = 6;
      break;
    case DUCKDB_TYPE_USMALLINT:
      column.type = ResultType::kShort;
      column.is_unsigned = true;
      column.length = 5;
      break;
    case DUCKDB_TYPE_INTEGER:
      column.type = ResultType::kLong;
      column.length = 11;
      break;
    case DUCKDB_TYPE_UINTEGER:
      column.type = ResultType::kLong;
      column.is_unsigned = true;
      column.length = 10;
      break;
    case DUCKDB_TYPE_BIGINT:
      column.type = ResultType::kLongLong;
      column.length = 20;
      break;
    case DUCKDB_TYPE_UBIGINT:
      column.type = ResultType::kLongLong;
      column.is_unsigned = true;
      column.length = 20;
      break;
    case DUCKDB_TYPE_FLOAT:
      column.type = ResultType::kFloat;
      column.length = 12;
      column.decimals = 31;
      break;
    case DUCKDB_TYPE_DOUBLE:
      column.type = ResultType::kDouble;
      column.length = 22;
      column.decimals = 31;
      break;
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UHUGEINT:
      column.type = ResultType::kDecimal;
      column.length = 40;
      break;
    case DUCKDB_TYPE_DECIMAL:
      column.type = ResultType::kDecimal;
      column.decimals = duckdb_decimal_scale(type);
      column.length = duckdb_decimal_width(type) + 2u;
      break;
    case DUCKDB_TYPE_DATE:
      column.type = ResultType::kDate;
      column.length = 10;
      break;
    case DUCKDB_TYPE_TIME:
      column.type = ResultType::kTime;
      column.length = 15;
      column.decimals = 6;
      break;
    case DUCKDB_TYPE_TIMESTAMP:
      column.type = ResultType::kDateTime;
      column.length = 26;
      column.decimals = 6;
      break;
    case DUCKDB_TYPE_BLOB:
      column.type = ResultType::kBlob;
      column.is_binary = true;
      break;
    case DUCKDB_TYPE_SQLNULL: column.type = ResultType::kNull; break;
    default: column.type = ResultType::kString; break;
  }
  return column;
}

}  // namespace freshet
