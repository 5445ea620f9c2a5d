// SPDX-License-Identifier: Apache-2.0
#include "sync/convert_cell.h"

#include "cdc/change/text_cell.h"
#include "storage/cell_form.h"

namespace freshet {

namespace {

// Numbers whose text in one type is the text of the same number in another.
bool IsExactNumber(TypeKind kind) {
  switch (kind) {
    case TypeKind::kInt8:
    case TypeKind::kInt16:
    case TypeKind::kInt32:
    case TypeKind::kInt64:
    case TypeKind::kUint8:
    case TypeKind::kUint16:
    case TypeKind::kUint32:
    case TypeKind::kUint64:
    case TypeKind::kDecimal:
    case TypeKind::kNumeric: return true;
    default: return false;
  }
}

bool IsFloat(TypeKind kind) {
  return kind == TypeKind::kFloat32 || kind == TypeKind::kFloat64;
}

// Raw bytes have no text without a character set, and a boolean's differs between the servers.
bool HasOneText(TypeKind kind) {
  return kind != TypeKind::kBytes && kind != TypeKind::kBool && kind != TypeKind::kBitInt;
}

bool IsText(TypeKind kind) {
  return kind == TypeKind::kString || kind == TypeKind::kText;
}

bool ConvertsByText(const CellTypes& types) {
  const TypeKind from = types.from.kind;
  const TypeKind to = types.to.kind;
  if (IsExactNumber(from) && IsExactNumber(to)) return true;
  return IsText(to) && HasOneText(from);
}

Status Misfit(const CellTypes& types) {
  return Status(Code::kInvalid, "a " + MysqlTypeName(types.from) + " value of the source cannot be kept exactly as " +
                                    MysqlTypeName(types.to));
}

}  // namespace

Result<Cell> ConvertCell(const CellTypes& types, const Cell& cell, std::string& arena) {
  if (cell.kind == CellKind::kNull || cell.kind == CellKind::kUnchanged) return cell;
  // The same cell form: precision of a time and length of a text are no part of the value.
  const bool same_kind = types.from.kind == types.to.kind && types.from.kind != TypeKind::kDecimal;
  const bool both_float = IsFloat(types.from.kind) && IsFloat(types.to.kind);
  if (same_kind || both_float) return CellFits(types.to, cell) ? Result<Cell>(cell) : Misfit(types);
  if (!ConvertsByText(types)) return Misfit(types);
  std::string text;
  if (!AppendCellText(types.from, cell, arena, text)) return Misfit(types);
  const Result<Cell> converted = CellFromText(types.to, text, arena);
  if (!converted.ok() || !CellFits(types.to, *converted)) return Misfit(types);
  return *converted;
}

}  // namespace freshet
