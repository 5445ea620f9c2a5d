// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/scan_cell.h"

#include <charconv>

#include "cdc/change/text_cell.h"
#include "cdc/mysql/decimal.h"
#include "cdc/mysql/temporal.h"

namespace freshet {
namespace {

template <typename Number>
bool ParseWhole(std::string_view text, Number* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

bool ParseCell(const Column& column, std::string_view value, RowBatch& batch, Cell* cell) {
  const LogicalType& type = column.type;
  switch (type.kind) {
    case TypeKind::kBool:
    case TypeKind::kInt8:
    case TypeKind::kInt16:
    case TypeKind::kInt32:
    case TypeKind::kInt64:
    case TypeKind::kYear: {
      int64_t number = 0;
      if (!ParseWhole(value, &number)) return false;
      *cell = Cell::Int(number);
      return true;
    }
    case TypeKind::kUint8:
    case TypeKind::kUint16:
    case TypeKind::kUint32:
    case TypeKind::kUint64: {
      uint64_t number = 0;
      if (!ParseWhole(value, &number)) return false;
      *cell = Cell::Uint(number);
      return true;
    }
    case TypeKind::kFloat32:
    case TypeKind::kFloat64: {
      double number = 0;
      if (!ParseWhole(value, &number)) return false;
      *cell = Cell::Double(number);
      return true;
    }
    case TypeKind::kDecimal: {
      int64_t unscaled = 0;
      if (type.precision > kDecimalIntPrecisionMax) {
        *cell = batch.AppendBytes(value);
        return true;
      }
      if (!ParseDecimalInt(value, type.scale, &unscaled)) return false;
      *cell = Cell::Int(unscaled);
      return true;
    }
    case TypeKind::kDate: return ParseDateText(value, batch, cell);
    case TypeKind::kDateTime: return ParseDateTimeText(value, type.precision, false, batch, cell);
    case TypeKind::kTimestamp: return ParseDateTimeText(value, type.precision, true, batch, cell);
    case TypeKind::kTimeSpan: return ParseTimeText(value, cell);
    case TypeKind::kBitInt: {
      uint64_t bits = 0;
      if (value.size() > sizeof bits) return false;
      for (const char byte : value) bits = bits << 8 | static_cast<uint8_t>(byte);
      *cell = Cell::Uint(bits);
      return true;
    }
    case TypeKind::kUuid: {
      Result<Cell> parsed = CellFromText(type, value, batch.arena);
      if (!parsed.ok()) return false;
      *cell = parsed.value();
      return true;
    }
    default: *cell = batch.AppendBytes(value); return true;
  }
}

}  // namespace

Status ScanCell(const Column& column, std::string_view value, RowBatch& batch, Cell* cell) {
  if (ParseCell(column, value, batch, cell)) return Status::Ok();
  return Status(Code::kCorrupt, "column " + column.name + " holds a value that is no " + MysqlTypeName(column.type));
}

}  // namespace freshet
