// SPDX-License-Identifier: Apache-2.0
#include "storage/cell_form.h"

#include <limits>

namespace freshet {
namespace {

constexpr uint16_t kIntDecimalPrecisionMax = 18;  // ddl/type.h: wider decimals are text
constexpr uint32_t kFixedBytes = 16;

template <typename T>
bool InRange(int64_t value) {
  return value >= std::numeric_limits<T>::min() && value <= std::numeric_limits<T>::max();
}

bool IntFits(TypeKind kind, int64_t value) {
  switch (kind) {
    case TypeKind::kBool: return value == 0 || value == 1;
    case TypeKind::kInt8: return InRange<int8_t>(value);
    case TypeKind::kInt16: return InRange<int16_t>(value);
    case TypeKind::kInt32: return InRange<int32_t>(value);
    default: return true;
  }
}

bool UintFits(TypeKind kind, uint64_t value) {
  switch (kind) {
    case TypeKind::kUint8: return value <= UINT8_MAX;
    case TypeKind::kUint16: return value <= UINT16_MAX;
    case TypeKind::kUint32: return value <= UINT32_MAX;
    default: return true;
  }
}

// Bitwise, so that NaNs count as themselves.
bool IsFloat(double value) {
  return std::bit_cast<uint64_t>(static_cast<double>(static_cast<float>(value))) == std::bit_cast<uint64_t>(value);
}

}  // namespace

CellForm FormOf(const LogicalType& type) {
  switch (type.kind) {
    case TypeKind::kBool:
    case TypeKind::kInt8:
    case TypeKind::kInt16:
    case TypeKind::kInt32:
    case TypeKind::kInt64:
    case TypeKind::kDate:
    case TypeKind::kTimeOfDay:
    case TypeKind::kTimeSpan:
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp:
    case TypeKind::kYear: return CellForm::kInt;
    case TypeKind::kUint8:
    case TypeKind::kUint16:
    case TypeKind::kUint32:
    case TypeKind::kUint64:
    case TypeKind::kBitInt: return CellForm::kUint;
    case TypeKind::kFloat32: return CellForm::kFloat32;
    case TypeKind::kFloat64: return CellForm::kFloat64;
    case TypeKind::kDecimal: return type.precision <= kIntDecimalPrecisionMax ? CellForm::kInt : CellForm::kDecimalText;
    case TypeKind::kNumeric: return CellForm::kDecimalText;
    case TypeKind::kInterval:
    case TypeKind::kUuid: return CellForm::kFixed16;
    default: return CellForm::kString;
  }
}

bool MayEscape(const LogicalType& type) {
  switch (type.kind) {
    case TypeKind::kDate:
    case TypeKind::kTimeOfDay:
    case TypeKind::kTimeSpan:
    case TypeKind::kDateTime:
    case TypeKind::kTimestamp:
    case TypeKind::kYear: return true;
    case TypeKind::kDecimal: return FormOf(type) == CellForm::kInt;
    default: return false;
  }
}

bool CellFits(const LogicalType& type, const Cell& cell) {
  if (cell.kind == CellKind::kBytes && MayEscape(type)) return true;
  switch (FormOf(type)) {
    case CellForm::kInt: return cell.kind == CellKind::kInt && IntFits(type.kind, cell.AsInt());
    case CellForm::kUint: return cell.kind == CellKind::kUint && UintFits(type.kind, cell.AsUint());
    case CellForm::kFloat32: return cell.kind == CellKind::kDouble && IsFloat(cell.AsDouble());
    case CellForm::kFloat64: return cell.kind == CellKind::kDouble;
    case CellForm::kFixed16: return cell.kind == CellKind::kBytes && cell.size == kFixedBytes;
    case CellForm::kDecimalText:
    case CellForm::kString: return cell.kind == CellKind::kBytes;
  }
  return false;
}

Status CellMisfit(const LogicalType& type, const Cell& cell) {
  if (cell.kind == CellKind::kUnchanged) {
    return Status(Code::kInvalid, "a " + MysqlTypeName(type) + " value that the source did not send");
  }
  return Status(Code::kCorrupt, "value does not fit " + MysqlTypeName(type));
}

}  // namespace freshet
