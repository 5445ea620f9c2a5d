// SPDX-License-Identifier: Apache-2.0
#include "cdc/postgres/tuple_decode.h"

#include <algorithm>

#include "cdc/change/text_cell.h"
#include "cdc/postgres/binary_cell.h"

namespace freshet {

TupleDecoder::TupleDecoder(SchemaPtr schema, std::vector<uint32_t> column_of)
    : schema_(std::move(schema)), column_of_(std::move(column_of)) {
  for (uint32_t i = 0; i < column_of_.size(); ++i) {
    if (schema_->IsKey(column_of_[i])) key_.push_back(i);
  }
  CHECK(key_.size() == schema_->key_columns.size());  // the relation was compared with the schema
  for (uint32_t i = 0; i < schema_->columns.size(); ++i) {
    if (std::find(column_of_.begin(), column_of_.end(), i) == column_of_.end()) absent_.push_back(i);
  }
}

Status TupleDecoder::CheckWidth(const Tuple& tuple) const {
  if (tuple.size() == column_of_.size()) return Status::Ok();
  return Status(Code::kCorrupt, "row of " + schema_->name.ToString() + " has " + std::to_string(tuple.size()) +
                                    " columns, its relation " + std::to_string(column_of_.size()));
}

Result<Cell> TupleDecoder::DecodeValue(const Column& column, const pgoutput::TupleColumn& value,
                                       std::string& arena) const {
  switch (value.kind) {
    case 't': return CellFromText(column.type, value.data, arena);
    case 'b':
      // A new type met in the middle of a binary stream; the next stream is in text (ReaderMemory).
      if (!HasBinaryDecoder(column.type)) return Status(Code::kUnavailable, "the stream must be reopened in text");
      return CellFromBinary(column.type, value.data, arena);
    case 'n': return Cell::Null();
    default: return Cell::Unchanged();
  }
}

Status TupleDecoder::DecodeRow(const Tuple& tuple, const Tuple* old_row, RowBatch& batch, uint32_t image) const {
  TRY(CheckWidth(tuple));
  if (old_row != nullptr) TRY(CheckWidth(*old_row));
  Cell* cells = batch.Image(image).data();
  for (uint32_t i = 0; i < tuple.size(); ++i) {
    const uint32_t index = column_of_[i];
    const Column& column = schema_->columns[index];
    if (column.excluded) {
      cells[index] = Cell::Null();
      continue;
    }
    const pgoutput::TupleColumn* value = &tuple[i];
    if (value->kind == 'u' && old_row != nullptr && (*old_row)[i].kind != 'n') value = &(*old_row)[i];
    Result<Cell> cell = DecodeValue(column, *value, batch.arena);
    if (!cell.ok()) {
      return std::move(cell).status().At("column " + column.name + " of " + schema_->name.ToString());
    }
    cells[index] = *cell;
  }
  for (const uint32_t index : absent_) cells[index] = Cell::Null();
  for (const uint32_t i : key_) {
    const CellKind kind = cells[column_of_[i]].kind;
    if (kind == CellKind::kNull || kind == CellKind::kUnchanged) {
      return Status(Code::kCorrupt, "row of " + schema_->name.ToString() + " comes without its key");
    }
  }
  return Status::Ok();
}

Status TupleDecoder::DecodeKey(const Tuple& tuple, RowBatch& batch, uint32_t image) const {
  TRY(CheckWidth(tuple));
  for (const uint32_t i : key_) {
    const uint32_t index = column_of_[i];
    if (tuple[i].kind != 't' && tuple[i].kind != 'b') {
      return Status(Code::kCorrupt, "old row of " + schema_->name.ToString() + " comes without its key");
    }
    ASSIGN_OR_RETURN(const Cell cell, DecodeValue(schema_->columns[index], tuple[i], batch.arena));
    batch.Image(image)[index] = cell;
  }
  return Status::Ok();
}

bool TupleDecoder::SameKey(const Tuple& a, const Tuple& b) const {
  if (a.size() != b.size()) return false;
  return std::all_of(key_.begin(), key_.end(), [&a, &b](uint32_t i) {
    return i < a.size() && (b[i].kind == 'u' || (a[i].kind == b[i].kind && a[i].data == b[i].data));
  });
}

}  // namespace freshet
