// SPDX-License-Identifier: Apache-2.0
#include "sql/vector_writer.h"

#include <cstring>
#include <limits>

#include "cdc/change/text_cell.h"

namespace freshet {

namespace {

__extension__ typedef __int128 Int128;

constexpr uint16_t kDecimalDigitsMax = 38;     // DuckDB's widest DECIMAL
constexpr uint16_t kDecimalIntDigitsMax = 18;  // above, decimal cells are text

duckdb_type SqlTypeId(const LogicalType& type) {
  switch (type.kind) {
    case TypeKind::kBool: return DUCKDB_TYPE_BOOLEAN;
    case TypeKind::kInt8: return DUCKDB_TYPE_TINYINT;
    case TypeKind::kInt16: return DUCKDB_TYPE_SMALLINT;
    case TypeKind::kInt32: return DUCKDB_TYPE_INTEGER;
    case TypeKind::kInt64: return DUCKDB_TYPE_BIGINT;
    case TypeKind::kUint8: return DUCKDB_TYPE_UTINYINT;
    case TypeKind::kUint16: return DUCKDB_TYPE_USMALLINT;
    case TypeKind::kUint32: return DUCKDB_TYPE_UINTEGER;
    case TypeKind::kUint64: return DUCKDB_TYPE_UBIGINT;
    case TypeKind::kFloat32: return DUCKDB_TYPE_FLOAT;
    case TypeKind::kFloat64: return DUCKDB_TYPE_DOUBLE;
    case TypeKind::kDecimal:
      return type.precision >= 1 && type.precision <= kDecimalDigitsMax && type.scale <= type.precision
                 ? DUCKDB_TYPE_DECIMAL
                 : DUCKDB_TYPE_VARCHAR;
    case TypeKind::kBytes: return DUCKDB_TYPE_BLOB;
    case TypeKind::kDate: return DUCKDB_TYPE_DATE;
    case TypeKind::kTimeOfDay: return DUCKDB_TYPE_TIME;
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp: return DUCKDB_TYPE_TIMESTAMP;
    case TypeKind::kYear: return DUCKDB_TYPE_SMALLINT;
    case TypeKind::kInterval: return DUCKDB_TYPE_INTERVAL;
    case TypeKind::kUuid: return DUCKDB_TYPE_UUID;
    case TypeKind::kBitInt: return DUCKDB_TYPE_UBIGINT;
    case TypeKind::kNumeric:
    case TypeKind::kString:
    case TypeKind::kTimeSpan:
    case TypeKind::kTimeTz:
    case TypeKind::kJson:
    case TypeKind::kEnum:
    case TypeKind::kSet:
    case TypeKind::kBitString:
    case TypeKind::kArray:
    case TypeKind::kText: return DUCKDB_TYPE_VARCHAR;
  }
  return DUCKDB_TYPE_VARCHAR;
}

// One vector being filled; NULLs are rare, so the mask is made with the first one.
class Target {
 public:
  explicit Target(duckdb_vector vector) : vector_(vector), data_(duckdb_vector_get_data(vector)) {}
  template <typename T>
  T* data() const {
    return static_cast<T*>(data_);
  }
  duckdb_vector vector() const { return vector_; }
  void SetNull(size_t row) {
    if (validity_ == nullptr) {
      duckdb_vector_ensure_validity_writable(vector_);
      validity_ = duckdb_vector_get_validity(vector_);
    }
    duckdb_validity_set_row_invalid(validity_, row);
  }

 private:
  duckdb_vector vector_;
  void* data_;
  uint64_t* validity_ = nullptr;
};

// One column being written.
struct Source {
  const CellsView& view;
  const size_t column;
  const LogicalType& type;
  std::vector<uint32_t>& unrepresentable;
};

// `put(row, cell)` is false for a cell outside the type's form.
template <typename Put>
void ForEachCell(const Source& source, Target& target, Put put) {
  for (size_t row = 0; row < source.view.rows; ++row) {
    const Cell& cell = source.view.At(row, source.column);
    if (cell.kind == CellKind::kNull) {
      target.SetNull(row);
    } else if (!put(row, cell)) {
      source.unrepresentable.push_back(static_cast<uint32_t>(row));
      target.SetNull(row);
    }
  }
}

template <typename T>
auto PutInt(Target& target) {
  return [data = target.data<T>()](size_t row, const Cell& cell) {
    if (cell.kind != CellKind::kInt) return false;
    const int64_t value = cell.AsInt();
    if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max()) return false;
    data[row] = static_cast<T>(value);
    return true;
  };
}

template <typename T>
auto PutUint(Target& target) {
  return [data = target.data<T>()](size_t row, const Cell& cell) {
    if (cell.kind != CellKind::kUint || cell.AsUint() > std::numeric_limits<T>::max()) return false;
    data[row] = static_cast<T>(cell.AsUint());
    return true;
  };
}

template <typename T>
auto PutDouble(Target& target) {
  return [data = target.data<T>()](size_t row, const Cell& cell) {
    if (cell.kind != CellKind::kDouble) return false;
    data[row] = static_cast<T>(cell.AsDouble());
    return true;
  };
}

bool PutDate(int32_t* data, size_t row, const Cell& cell) {
  if (cell.kind != CellKind::kInt) return false;
  constexpr int32_t kInfinity = std::numeric_limits<int32_t>::max();  // DuckDB's own
  const int64_t days = cell.AsInt();
  if (days == kPositiveInfinity || days == kNegativeInfinity) {
    data[row] = days == kPositiveInfinity ? kInfinity : -kInfinity;
    return true;
  }
  if (days >= kInfinity || days <= -kInfinity) return false;
  data[row] = static_cast<int32_t>(days);
  return true;
}

// "-12.30" at scale 2 is -1230. False for anything else than digits with exactly `scale` behind the point.
bool UnscaledOfText(std::string_view text, uint16_t scale, Int128& value) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const size_t point = text.find('.');
  const size_t fraction = point == std::string_view::npos ? 0 : text.size() - point - 1;
  if (text.empty() || fraction != scale || text.size() > kDecimalDigitsMax + 2u) return false;
  value = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i == point) continue;
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  if (negative) value = -value;
  return true;
}

void WriteDecimal(const Source& source, Target& target) {
  const LogicalType& type = source.type;
  const auto each = [&](auto put) { ForEachCell(source, target, put); };
  if (type.precision <= 4) return each(PutInt<int16_t>(target));
  if (type.precision <= 9) return each(PutInt<int32_t>(target));
  if (type.precision <= kDecimalIntDigitsMax) return each(PutInt<int64_t>(target));
  duckdb_hugeint* data = target.data<duckdb_hugeint>();
  return each([&](size_t row, const Cell& cell) {
    Int128 value = 0;
    if (cell.kind != CellKind::kBytes || !UnscaledOfText(source.view.Bytes(cell), type.scale, value)) return false;
    data[row] = {static_cast<uint64_t>(value), static_cast<int64_t>(value >> 64)};
    return true;
  });
}

void WriteText(const Source& source, Target& target) {
  std::string text;
  ForEachCell(source, target, [&](size_t row, const Cell& cell) {
    std::string_view bytes;
    if (cell.kind == CellKind::kBytes) {
      bytes = source.view.Bytes(cell);
    } else {
      text.clear();
      if (!AppendCellText(source.type, cell, source.view.arena, text)) return false;
      bytes = text;
    }
    duckdb_vector_assign_string_element_len(target.vector(), row, bytes.data(), bytes.size());
    return true;
  });
}

void WriteFixedBytes(const Source& source, Target& target) {
  constexpr size_t kBytes = 16;  // kInterval and kUuid
  ForEachCell(source, target, [&](size_t row, const Cell& cell) {
    if (cell.kind != CellKind::kBytes || cell.size != kBytes) return false;
    const char* bytes = source.view.Bytes(cell).data();
    if (source.type.kind == TypeKind::kInterval) {
      duckdb_interval interval;
      std::memcpy(&interval.micros, bytes, 8);
      std::memcpy(&interval.days, bytes + 8, 4);
      std::memcpy(&interval.months, bytes + 12, 4);
      target.data<duckdb_interval>()[row] = interval;
      return true;
    }
    uint64_t upper = 0;
    uint64_t lower = 0;
    for (size_t i = 0; i < 8; ++i) upper = upper << 8 | static_cast<uint8_t>(bytes[i]);
    for (size_t i = 8; i < kBytes; ++i) lower = lower << 8 | static_cast<uint8_t>(bytes[i]);
    // DuckDB flips the first bit, so that UUIDs order as signed 128-bit numbers.
    target.data<duckdb_hugeint>()[row] = {lower, static_cast<int64_t>(upper ^ uint64_t{1} << 63)};
    return true;
  });
}

void Write(const Source& source, Target& target) {
  const auto each = [&](auto put) { ForEachCell(source, target, put); };
  switch (SqlTypeId(source.type)) {
    case DUCKDB_TYPE_BOOLEAN:
      return each([data = target.data<bool>()](size_t row, const Cell& cell) {
        data[row] = cell.bits != 0;
        return cell.kind == CellKind::kInt;
      });
    case DUCKDB_TYPE_TINYINT: return each(PutInt<int8_t>(target));
    case DUCKDB_TYPE_SMALLINT: return each(PutInt<int16_t>(target));
    case DUCKDB_TYPE_INTEGER: return each(PutInt<int32_t>(target));
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_TIME:
    case DUCKDB_TYPE_TIMESTAMP: return each(PutInt<int64_t>(target));
    case DUCKDB_TYPE_UTINYINT: return each(PutUint<uint8_t>(target));
    case DUCKDB_TYPE_USMALLINT: return each(PutUint<uint16_t>(target));
    case DUCKDB_TYPE_UINTEGER: return each(PutUint<uint32_t>(target));
    case DUCKDB_TYPE_UBIGINT: return each(PutUint<uint64_t>(target));
    case DUCKDB_TYPE_FLOAT: return each(PutDouble<float>(target));
    case DUCKDB_TYPE_DOUBLE: return each(PutDouble<double>(target));
    case DUCKDB_TYPE_DATE:
      return each([data = target.data<int32_t>()](size_t row, const Cell& cell) { return PutDate(data, row, cell); });
    case DUCKDB_TYPE_DECIMAL: return WriteDecimal(source, target);
    case DUCKDB_TYPE_INTERVAL:
    case DUCKDB_TYPE_UUID: return WriteFixedBytes(source, target);
    default: return WriteText(source, target);
  }
}

}  // namespace

DuckType SqlTypeOf(const LogicalType& type) {
  const duckdb_type id = SqlTypeId(type);
  if (id == DUCKDB_TYPE_DECIMAL) {
    return DuckType(duckdb_create_decimal_type(static_cast<uint8_t>(type.precision), static_cast<uint8_t>(type.scale)));
  }
  return DuckType(duckdb_create_logical_type(id));
}

std::string SqlTypeName(const LogicalType& type) {
  switch (SqlTypeId(type)) {
    case DUCKDB_TYPE_BOOLEAN: return "BOOLEAN";
    case DUCKDB_TYPE_DATE: return "DATE";
    case DUCKDB_TYPE_TIME: return "TIME";
    case DUCKDB_TYPE_TIMESTAMP: return "TIMESTAMP";
    case DUCKDB_TYPE_UUID: return "UUID";
    case DUCKDB_TYPE_INTERVAL: return "INTERVAL";
    case DUCKDB_TYPE_DECIMAL:
      return "DECIMAL(" + std::to_string(type.precision) + "," + std::to_string(type.scale) + ")";
    default: return MysqlTypeName(type);
  }
}

void WriteVector(const CellsView& view, size_t column, const LogicalType& type, std::vector<uint32_t>& unrepresentable,
                 duckdb_vector vector) {
  Target target(vector);
  Write({view, column, type, unrepresentable}, target);
}

Status WriteVector(const RowBlock& block, size_t column, size_t columns, const Column& schema_column,
                   bool null_unrepresentable, duckdb_vector vector) {
  std::vector<uint32_t> unrepresentable;
  WriteVector({block.rows, columns, block.cells.data(), block.arena, nullptr}, column, schema_column.type,
              unrepresentable, vector);
  if (unrepresentable.empty() || null_unrepresentable) return Status::Ok();
  return Status(Code::kInvalid, "column " + schema_column.name + " holds a value that SQL type " +
                                    SqlTypeName(schema_column.type) +
                                    " cannot represent; SET unrepresentable_values='null' to read it as NULL");
}

}  // namespace freshet
