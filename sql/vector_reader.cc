// SPDX-License-Identifier: Apache-2.0
#include "sql/vector_reader.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "cdc/change/text_cell.h"
#include "sql/vector_writer.h"
#include "sql/written_text.h"

namespace freshet {

namespace {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 Uint128;

constexpr unsigned kFractionDigitsMax = 6;  // microseconds

// What one column's vector is read with.
struct Reading {
  const VectorRows& from;
  const Column& column;
  const uint32_t index;
  RowBatch& batch;
  std::vector<UnfitValue>& unfit;

  void Refuse(size_t row, std::string_view why) const {
    unfit.push_back({static_cast<uint32_t>(row), "column " + column.name + ": " + std::string(why)});
    Set(row, Cell::Null());
  }
  void Set(size_t row, Cell cell) const { batch.Image(from.first_image + static_cast<uint32_t>(row))[index] = cell; }
  std::string_view Text(size_t row) const {
    auto* strings = static_cast<duckdb_string_t*>(duckdb_vector_get_data(from.vector));
    return {duckdb_string_t_data(&strings[row]), duckdb_string_t_length(strings[row])};
  }
};

// `take(row)` gives the cell, or why there is none.
struct Taken {
  Cell cell;
  std::string why;  // "" when there is a cell
};
Taken Unfit(std::string why) {
  return {Cell::Null(), std::move(why)};
}

template <typename Take>
void ForEachRow(const Reading& reading, Take take) {
  uint64_t* validity = duckdb_vector_get_validity(reading.from.vector);
  for (size_t row = 0; row < reading.from.rows; ++row) {
    if (validity != nullptr && !duckdb_validity_row_is_valid(validity, row)) {
      if (reading.column.nullable) {
        reading.Set(row, Cell::Null());
      } else {
        reading.Refuse(row, "NULL in a NOT NULL column");
      }
      continue;
    }
    Taken taken = take(row);
    if (taken.why.empty()) {
      reading.Set(row, taken.cell);
    } else {
      reading.Refuse(row, taken.why);
    }
  }
}

// Numbers have no limits of their own: no Taken per row.
template <typename T, typename Make>
void ReadNumbers(const Reading& reading, Make make) {
  const T* data = static_cast<const T*>(duckdb_vector_get_data(reading.from.vector));
  ForEachRow(reading, [&](size_t row) { return Taken{make(data[row]), {}}; });
}

template <typename T>
void ReadInts(const Reading& reading) {
  ReadNumbers<T>(reading, [](T value) { return Cell::Int(value); });
}

template <typename T>
void ReadUints(const Reading& reading) {
  ReadNumbers<T>(reading, [](T value) { return Cell::Uint(value); });
}

// One NaN, whatever its sign bit: cells are compared bit for bit.
Cell CellOfDouble(double value) {
  return Cell::Double(std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value);
}

void ReadYears(const Reading& reading) {
  const int16_t* data = static_cast<const int16_t*>(duckdb_vector_get_data(reading.from.vector));
  ForEachRow(reading, [&](size_t row) {
    const int16_t year = data[row];
    if (year != 0 && (year < 1901 || year > 2155)) return Unfit("number outside YEAR");
    return Taken{Cell::Int(year), {}};
  });
}

void ReadBits(const Reading& reading) {
  const uint64_t* data = static_cast<const uint64_t*>(duckdb_vector_get_data(reading.from.vector));
  const uint32_t bits = reading.column.type.length == 0 ? 1 : reading.column.type.length;
  ForEachRow(reading, [&](size_t row) {
    if (bits < 64 && data[row] >> bits != 0) return Unfit("number has more bits than " + reading.column.source_type);
    return Taken{Cell::Uint(data[row]), {}};
  });
}

// Half up in time's direction, before 1970 too.
int64_t RoundMicros(int64_t micros, unsigned digits) {
  int64_t unit = 1;
  for (unsigned i = digits; i < kFractionDigitsMax; ++i) unit *= 10;
  if (unit == 1 || micros > std::numeric_limits<int64_t>::max() - unit) return micros;
  const int64_t shifted = micros + unit / 2;
  return (shifted >= 0 ? shifted / unit : -((unit - 1 - shifted) / unit)) * unit;
}

void ReadTimes(const Reading& reading) {
  const int64_t* data = static_cast<const int64_t*>(duckdb_vector_get_data(reading.from.vector));
  const unsigned digits = std::min<unsigned>(reading.column.type.precision, kFractionDigitsMax);
  ForEachRow(reading, [&](size_t row) {
    const int64_t micros = data[row];
    if (micros == kPositiveInfinity || micros == kNegativeInfinity) return Taken{Cell::Int(micros), {}};
    return Taken{Cell::Int(RoundMicros(micros, digits)), {}};
  });
}

void ReadDates(const Reading& reading) {
  ReadNumbers<int32_t>(reading, [](int32_t days) {
    constexpr int32_t kInfinity = std::numeric_limits<int32_t>::max();  // DuckDB's own
    if (days == kInfinity) return Cell::Int(kPositiveInfinity);
    if (days == -kInfinity) return Cell::Int(kNegativeInfinity);
    return Cell::Int(days);
  });
}

// -1230 at scale 2 is "-12.30".
std::string TextOfUnscaled(Int128 value, unsigned scale) {
  const bool negative = value < 0;
  Uint128 rest = negative ? -static_cast<Uint128>(value) : static_cast<Uint128>(value);
  std::string text;  // backwards
  for (unsigned digits = 0; rest != 0 || digits <= scale; ++digits) {
    if (digits == scale && scale > 0) text += '.';
    text += static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  }
  if (negative) text += '-';
  std::reverse(text.begin(), text.end());
  return text;
}

void ReadDecimals(const Reading& reading) {
  const LogicalType& type = reading.column.type;
  if (type.precision <= 4) return ReadInts<int16_t>(reading);
  if (type.precision <= 9) return ReadInts<int32_t>(reading);
  if (type.precision <= 18) return ReadInts<int64_t>(reading);
  const auto* data = static_cast<const duckdb_hugeint*>(duckdb_vector_get_data(reading.from.vector));
  ForEachRow(reading, [&](size_t row) {
    const Int128 value =
        static_cast<Int128>(static_cast<Uint128>(static_cast<uint64_t>(data[row].upper)) << 64 | data[row].lower);
    return Taken{reading.batch.AppendBytes(TextOfUnscaled(value, type.scale)), {}};
  });
}

void ReadUuids(const Reading& reading) {
  const auto* data = static_cast<const duckdb_hugeint*>(duckdb_vector_get_data(reading.from.vector));
  ForEachRow(reading, [&](size_t row) {
    // DuckDB flips the first bit, so that UUIDs order as signed 128-bit numbers.
    const uint64_t upper = static_cast<uint64_t>(data[row].upper) ^ uint64_t { 1 } << 63;
    char bytes[16];
    for (size_t i = 0; i < 8; ++i) {
      bytes[i] = static_cast<char>(upper >> (56 - 8 * i));
      bytes[8 + i] = static_cast<char>(data[row].lower >> (56 - 8 * i));
    }
    return Taken{reading.batch.AppendBytes({bytes, sizeof(bytes)}), {}};
  });
}

void ReadIntervals(const Reading& reading) {
  const auto* data = static_cast<const duckdb_interval*>(duckdb_vector_get_data(reading.from.vector));
  ForEachRow(reading, [&](size_t row) {
    char bytes[16];
    std::memcpy(bytes, &data[row].micros, 8);
    std::memcpy(bytes + 8, &data[row].days, 4);
    std::memcpy(bytes + 12, &data[row].months, 4);
    return Taken{reading.batch.AppendBytes({bytes, sizeof(bytes)}), {}};
  });
}

size_t CountCharacters(std::string_view utf8) {
  return static_cast<size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }));
}

void ReadStrings(const Reading& reading) {
  const LogicalType& type = reading.column.type;
  ForEachRow(reading, [&](size_t row) {
    std::string_view text = reading.Text(row);
    if (type.fixed) text = text.substr(0, text.find_last_not_of(' ') + 1);
    if (type.length != 0 && text.size() > type.length && CountCharacters(text) > type.length) {
      return Unfit("text is longer than " + MysqlTypeName(type));
    }
    return Taken{reading.batch.AppendBytes(text), {}};
  });
}

void ReadBlobs(const Reading& reading) {
  const LogicalType& type = reading.column.type;
  ForEachRow(reading, [&](size_t row) {
    const std::string_view bytes = reading.Text(row);
    if (type.length != 0 && bytes.size() > type.length) return Unfit("value is longer than " + MysqlTypeName(type));
    Cell cell = reading.batch.AppendBytes(bytes);
    if (type.fixed && type.length > bytes.size()) {
      reading.batch.arena.append(type.length - bytes.size(), '\0');
      cell.size = type.length;
    }
    return Taken{cell, {}};
  });
}

void ReadTexts(const Reading& reading) {
  const LogicalType& type = reading.column.type;
  if (type.kind == TypeKind::kString) return ReadStrings(reading);
  const WrittenText form(reading.column);
  ForEachRow(reading, [&](size_t row) {
    const Result<Cell> cell = form.CellOf(reading.Text(row), reading.batch.arena);
    return cell.ok() ? Taken{*cell, {}} : Unfit(cell.status().message());
  });
}

}  // namespace

std::string CastTypeName(const LogicalType& type) {
  switch (duckdb_get_type_id(SqlTypeOf(type).get())) {
    case DUCKDB_TYPE_TINYINT: return "TINYINT";
    case DUCKDB_TYPE_SMALLINT: return "SMALLINT";
    case DUCKDB_TYPE_INTEGER: return "INTEGER";
    case DUCKDB_TYPE_BIGINT: return "BIGINT";
    case DUCKDB_TYPE_UTINYINT: return "UTINYINT";
    case DUCKDB_TYPE_USMALLINT: return "USMALLINT";
    case DUCKDB_TYPE_UINTEGER: return "UINTEGER";
    case DUCKDB_TYPE_UBIGINT: return "UBIGINT";
    case DUCKDB_TYPE_BLOB: return "BLOB";
    case DUCKDB_TYPE_VARCHAR: return "VARCHAR";
    default: return SqlTypeName(type);  // those that both dialects call alike
  }
}

void ReadVector(const VectorRows& from, uint32_t column, RowBatch& batch, std::vector<UnfitValue>& unfit) {
  const SchemaPtr schema = batch.schema;
  CHECK(column < schema->columns.size());
  const Reading reading{from, schema->columns[column], column, batch, unfit};
  const LogicalType& type = reading.column.type;
  switch (duckdb_get_type_id(SqlTypeOf(type).get())) {
    case DUCKDB_TYPE_BOOLEAN: return ReadInts<bool>(reading);
    case DUCKDB_TYPE_TINYINT: return ReadInts<int8_t>(reading);
    case DUCKDB_TYPE_SMALLINT: return type.kind == TypeKind::kYear ? ReadYears(reading) : ReadInts<int16_t>(reading);
    case DUCKDB_TYPE_INTEGER: return ReadInts<int32_t>(reading);
    case DUCKDB_TYPE_BIGINT: return ReadInts<int64_t>(reading);
    case DUCKDB_TYPE_UTINYINT: return ReadUints<uint8_t>(reading);
    case DUCKDB_TYPE_USMALLINT: return ReadUints<uint16_t>(reading);
    case DUCKDB_TYPE_UINTEGER: return ReadUints<uint32_t>(reading);
    case DUCKDB_TYPE_UBIGINT: return type.kind == TypeKind::kBitInt ? ReadBits(reading) : ReadUints<uint64_t>(reading);
    case DUCKDB_TYPE_FLOAT: return ReadNumbers<float>(reading, CellOfDouble);
    case DUCKDB_TYPE_DOUBLE: return ReadNumbers<double>(reading, CellOfDouble);
    case DUCKDB_TYPE_DECIMAL: return ReadDecimals(reading);
    case DUCKDB_TYPE_DATE: return ReadDates(reading);
    case DUCKDB_TYPE_TIME:
    case DUCKDB_TYPE_TIMESTAMP: return ReadTimes(reading);
    case DUCKDB_TYPE_INTERVAL: return ReadIntervals(reading);
    case DUCKDB_TYPE_UUID: return ReadUuids(reading);
    case DUCKDB_TYPE_BLOB: return ReadBlobs(reading);
    default: return ReadTexts(reading);
  }
}

}  // namespace freshet
