// SPDX-License-Identifier: Apache-2.0
// Grammar (bricks: ordered_bytes.h, decimal_key.cc):
//
//   row key     := id:be64 key column*            -- in the order of TableSchema::key_columns
//   key column  := ordered int                    -- integers, bool, year, bit(n<=64), dates and times,
//                                                 --   decimals of up to 18 digits (unscaled)
//                | 0x01 ordered string            -- those kinds' escapes: before every natural value
//                | float:be64                     -- IEEE double, sign bit flipped; all bits if negative
//                | decimal key                    -- wider decimals, NUMERIC
//                | 16 bytes                       -- uuid, interval
//                | ordered string                 -- everything else
#include "storage/key_codec.h"

#include "base/cursor.h"
#include "storage/cell_form.h"
#include "storage/decimal_key.h"
#include "storage/format.h"
#include "storage/key_column.h"
#include "storage/ordered_bytes.h"

namespace freshet {
namespace {

constexpr uint64_t kSignBit = uint64_t{1} << 63;

// Keeps -0 before +0 and every NaN's bits; negative NaNs come first, positive ones last.
uint64_t OrderedDouble(uint64_t bits) {
  return (bits & kSignBit) != 0 ? ~bits : bits | kSignBit;
}
uint64_t DoubleFromOrdered(uint64_t ordered) {
  return (ordered & kSignBit) != 0 ? ordered ^ kSignBit : ~ordered;
}

// Ends a Bytes cell whose bytes were appended to `arena` from `start` on.
Cell BytesFrom(size_t start, const std::string& arena) {
  return {start, static_cast<uint32_t>(arena.size() - start), CellKind::kBytes};
}

}  // namespace

void AppendTablePrefix(TableId table, std::string& out) {
  AppendBigEndian64(table.value, out);
}

Status AppendKeyColumn(const LogicalType& type, const Cell& cell, std::string_view arena, std::string& out) {
  if (cell.kind == CellKind::kNull) return Status(Code::kInvalid, "NULL in a key column");
  if (!CellFits(type, cell)) return CellMisfit(type, cell);
  const std::string_view bytes =
      cell.kind == CellKind::kBytes ? std::string_view(arena.data() + cell.bits, cell.size) : std::string_view();
  switch (FormOf(type)) {
    case CellForm::kInt:
      if (cell.kind == CellKind::kBytes) {
        out.push_back(static_cast<char>(kOrderedEscape));
        AppendOrderedString(bytes, out);
      } else {
        AppendOrderedInt(cell.AsInt(), out);
      }
      break;
    case CellForm::kUint: AppendOrderedUint(cell.AsUint(), out); break;
    case CellForm::kFloat32:
    case CellForm::kFloat64: AppendBigEndian64(OrderedDouble(cell.bits), out); break;
    case CellForm::kDecimalText: AppendDecimalKey(bytes, out); break;
    case CellForm::kFixed16: out.append(bytes); break;
    case CellForm::kString: AppendOrderedString(bytes, out); break;
  }
  return Status::Ok();
}

Status AppendKey(TableId table, const TableSchema& schema, std::span<const Cell> image, std::string_view arena,
                 std::string& out) {
  AppendTablePrefix(table, out);
  for (const uint32_t column : schema.key_columns) {
    Status status = AppendKeyColumn(schema.columns[column].type, image[column], arena, out);
    if (!status.ok()) return std::move(status).At("key column " + schema.columns[column].name);
  }
  return Status::Ok();
}

Status DecodeKeyColumn(const LogicalType& type, ByteCursor& cursor, Cell& out, std::string& arena) {
  const size_t start = arena.size();
  switch (FormOf(type)) {
    case CellForm::kInt:
      if (cursor.remaining() > 0 && static_cast<uint8_t>(*cursor.position()) == kOrderedEscape) {
        cursor.Skip(1);
        TakeOrderedString(cursor, arena);
        out = BytesFrom(start, arena);
      } else {
        out = Cell::Int(TakeOrderedInt(cursor));
      }
      break;
    case CellForm::kUint: out = Cell::Uint(TakeOrderedUint(cursor)); break;
    case CellForm::kFloat32:
    case CellForm::kFloat64: out = {DoubleFromOrdered(cursor.U64Be()), 0, CellKind::kDouble}; break;
    case CellForm::kDecimalText:
      TRY(DecodeDecimalKey(cursor, arena));
      out = BytesFrom(start, arena);
      break;
    case CellForm::kFixed16:
      arena.append(cursor.Take(16));
      out = BytesFrom(start, arena);
      break;
    case CellForm::kString:
      TakeOrderedString(cursor, arena);
      out = BytesFrom(start, arena);
      break;
  }
  if (!cursor.ok() || !CellFits(type, out)) {
    return Status(Code::kCorrupt, MysqlTypeName(type) + " in a row key does not parse");
  }
  return Status::Ok();
}

Status DecodeKey(const TableSchema& schema, std::string_view key, std::span<Cell> out, std::string& arena) {
  ByteCursor cursor(key);
  cursor.Skip(kRowPrefixBytes);
  for (size_t i = 0; i < schema.key_columns.size(); ++i) {
    TRY(DecodeKeyColumn(schema.columns[schema.key_columns[i]].type, cursor, out[i], arena));
  }
  if (!cursor.ok() || !cursor.done()) return Status(Code::kCorrupt, "row key has bytes left over");
  return Status::Ok();
}

}  // namespace freshet
