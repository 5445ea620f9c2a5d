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

namespace {

// How MySQL clients see a column of each type that has a text form here.
struct TypeRow {
  duckdb_type type;
  ResultType result;
  uint32_t length = 0;  // 0 unknown
  uint8_t decimals = 0;
  bool is_unsigned = false;
};

constexpr uint8_t kFloatDecimals = 31;  // MySQL's mark of a value without a fixed number of decimals
constexpr uint8_t kTimeDecimals = 6;

constexpr TypeRow kTypeRows[] = {
    {DUCKDB_TYPE_BOOLEAN, ResultType::kTiny, 1},
    {DUCKDB_TYPE_TINYINT, ResultType::kTiny, 4},
    {DUCKDB_TYPE_UTINYINT, ResultType::kTiny, 3, 0, true},
    {DUCKDB_TYPE_SMALLINT, ResultType::kShort, 6},
    {DUCKDB_TYPE_USMALLINT, ResultType::kShort, 5, 0, true},
    {DUCKDB_TYPE_INTEGER, ResultType::kLong, 11},
    {DUCKDB_TYPE_UINTEGER, ResultType::kLong, 10, 0, true},
    {DUCKDB_TYPE_BIGINT, ResultType::kLongLong, 20},
    {DUCKDB_TYPE_UBIGINT, ResultType::kLongLong, 20, 0, true},
    {DUCKDB_TYPE_FLOAT, ResultType::kFloat, 12, kFloatDecimals},
    {DUCKDB_TYPE_DOUBLE, ResultType::kDouble, 22, kFloatDecimals},
    {DUCKDB_TYPE_HUGEINT, ResultType::kDecimal, 40},
    {DUCKDB_TYPE_UHUGEINT, ResultType::kDecimal, 40},
    {DUCKDB_TYPE_DECIMAL, ResultType::kDecimal},  // length and decimals are the column's
    {DUCKDB_TYPE_DATE, ResultType::kDate, 10},
    {DUCKDB_TYPE_TIME, ResultType::kTime, 15, kTimeDecimals},
    {DUCKDB_TYPE_TIMESTAMP, ResultType::kDateTime, 26, kTimeDecimals},
    {DUCKDB_TYPE_VARCHAR, ResultType::kString},
    {DUCKDB_TYPE_BLOB, ResultType::kBlob},
    {DUCKDB_TYPE_SQLNULL, ResultType::kNull},
};

const TypeRow* FindType(duckdb_type type) {
  for (const TypeRow& row : kTypeRows) {
    if (row.type == type) return &row;
  }
  return nullptr;
}

}  // namespace

bool HasTextForm(duckdb_type type) {
  return FindType(type) != nullptr;
}

ResultColumn DescribeColumn(const char* name, duckdb_logical_type type) {
  ResultColumn column;
  column.name = name == nullptr ? "" : name;
  const duckdb_type id = duckdb_get_type_id(type);
  if (const TypeRow* row = FindType(id)) {
    column.type = row->result;
    column.length = row->length;
    column.decimals = row->decimals;
    column.is_unsigned = row->is_unsigned;
  }
  column.is_binary = id == DUCKDB_TYPE_BLOB;
  if (id == DUCKDB_TYPE_DECIMAL) {
    constexpr uint32_t kSignAndPoint = 2;
    column.decimals = duckdb_decimal_scale(type);
    column.length = duckdb_decimal_width(type) + kSignAndPoint;
  }
  return column;
}

}  // namespace freshet
