// SPDX-License-Identifier: Apache-2.0
#include "cdc/postgres/binary_cell.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/cursor.h"
#include "cdc/postgres/binary_numeric.h"
#include "cdc/postgres/binary_time.h"

namespace freshet {
namespace {

Status Corrupt(const char* type) {
  return Status(Code::kCorrupt, std::string("binary value is no ") + type);
}

Cell AppendBytes(std::string& arena, std::string_view bytes) {
  const Cell cell{arena.size(), static_cast<uint32_t>(bytes.size()), CellKind::kBytes};
  arena.append(bytes);
  return cell;
}

Result<Cell> Integer(std::string_view value, size_t width) {
  if (value.size() != width) return Corrupt("integer");
  return Cell::Int(ByteCursor(value).IntBe(width));
}

// One bit pattern for NaN, whatever the server's hardware made.
Cell FloatCell(double value) {
  return Cell::Double(std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value);
}

Result<Cell> Float(std::string_view value, size_t width) {
  if (value.size() != width) return Corrupt("float");
  const uint64_t bits = ByteCursor(value).UintBe(width);
  if (width == 8) return FloatCell(std::bit_cast<double>(bits));
  return FloatCell(static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits))));
}

Result<Cell> Bool(std::string_view value) {
  if (value.size() != 1 || static_cast<uint8_t>(value[0]) > 1) return Corrupt("boolean");
  return Cell::Int(value[0]);
}

Result<Cell> Interval(std::string_view value, std::string& arena) {
  if (value.size() != 16) return Corrupt("interval");
  ByteCursor in(value);
  const size_t widths[] = {8, 4, 4};
  char bytes[16];
  size_t at = 0;
  for (size_t width : widths) {
    uint64_t field = in.UintBe(width);
    for (size_t i = 0; i < width; ++i, field >>= 8) bytes[at++] = static_cast<char>(field);
  }
  return AppendBytes(arena, {bytes, sizeof(bytes)});
}

Result<Cell> BitString(std::string_view value, std::string& arena) {
  ByteCursor in(value);
  const uint32_t bits = in.U32Be();
  const std::string_view bytes = in.TakeRest();
  if (!in.ok() || bytes.size() != (uint64_t{bits} + 7) / 8) return Corrupt("bit string");
  const Cell cell{arena.size(), bits, CellKind::kBytes};
  for (uint32_t i = 0; i < bits; ++i) {
    arena.push_back((static_cast<uint8_t>(bytes[i / 8]) >> (7 - i % 8) & 1) != 0 ? '1' : '0');
  }
  return cell;
}

// json is sent as its text, jsonb as a version byte and its text; JSON text never starts with byte 1.
Result<Cell> Json(std::string_view value, std::string& arena) {
  if (value.empty()) return Corrupt("JSON");
  if (value[0] == 1) value.remove_prefix(1);
  return AppendBytes(arena, value);
}

}  // namespace

bool HasBinaryDecoder(const LogicalType& type) {
  switch (type.kind) {
    case TypeKind::kBool:
    case TypeKind::kInt16:
    case TypeKind::kInt32:
    case TypeKind::kInt64:
    case TypeKind::kFloat32:
    case TypeKind::kFloat64:
    case TypeKind::kDecimal:
    case TypeKind::kNumeric:
    case TypeKind::kString:
    case TypeKind::kBytes:
    case TypeKind::kDate:
    case TypeKind::kTimeOfDay:
    case TypeKind::kTimeTz:
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp:
    case TypeKind::kInterval:
    case TypeKind::kUuid:
    case TypeKind::kJson:
    case TypeKind::kEnum:
    case TypeKind::kBitString: return true;
    default: return false;
  }
}

bool HasBinaryDecoders(const TableSchema& schema) {
  for (const Column& column : schema.columns) {
    if (!column.excluded && !HasBinaryDecoder(column.type)) return false;
  }
  return true;
}

Result<Cell> CellFromBinary(const LogicalType& type, std::string_view value, std::string& arena) {
  switch (type.kind) {
    case TypeKind::kBool: return Bool(value);
    case TypeKind::kInt16: return Integer(value, 2);
    case TypeKind::kInt32: return Integer(value, 4);
    case TypeKind::kInt64: return Integer(value, 8);
    case TypeKind::kFloat32: return Float(value, 4);
    case TypeKind::kFloat64: return Float(value, 8);
    case TypeKind::kDecimal:
    case TypeKind::kNumeric: return NumericFromBinary(type, value, arena);
    case TypeKind::kDate: return DateFromBinary(type, value, arena);
    case TypeKind::kTimeOfDay: return TimeFromBinary(value);
    case TypeKind::kTimeTz: return TimeTzFromBinary(value, arena);
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp: return TimestampFromBinary(type, value, arena);
    case TypeKind::kInterval: return Interval(value, arena);
    case TypeKind::kUuid:
      if (value.size() != 16) return Corrupt("uuid");
      return AppendBytes(arena, value);
    case TypeKind::kBitString: return BitString(value, arena);
    case TypeKind::kJson: return Json(value, arena);
    case TypeKind::kString:
    case TypeKind::kEnum:
    case TypeKind::kBytes: return AppendBytes(arena, value);
    default: return Status(Code::kUnsupported, "type has no binary decoder");
  }
}

}  // namespace freshet
