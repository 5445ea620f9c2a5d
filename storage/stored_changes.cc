// SPDX-License-Identifier: Apache-2.0
#include "storage/stored_changes.h"

namespace freshet {

Status ChangeRecorder::Begin(const TableCodec& codec, StoredChanges& changes) {
  RowBatch& batch = changes.batch;
  if (batch.rows.empty()) {
    batch.schema = codec.schema;
  } else if (batch.schema != codec.schema && *batch.schema != *codec.schema) {
    return Status(Code::kInvalid, "changes of rows of two shapes are asked for in one batch");
  }
  return Status::Ok();
}

Cell ChangeRecorder::Copy(const Cell& cell, std::string_view arena) {
  if (cell.kind != CellKind::kBytes) return cell;
  return changes_.batch.AppendBytes(arena.substr(cell.bits, cell.size));
}

uint32_t ChangeRecorder::Image(std::span<const Cell> cells, std::string_view arena) {
  const uint32_t image = changes_.batch.AppendImage();
  const std::span<Cell> out = changes_.batch.Image(image);
  for (const uint32_t column : codec_.decoded_columns) out[column] = Copy(cells[column], arena);
  return image;
}

uint32_t ChangeRecorder::KeyImage(std::span<const Cell> cells, std::string_view arena) {
  const uint32_t image = changes_.batch.AppendImage();
  const std::span<Cell> out = changes_.batch.Image(image);
  for (const uint32_t column : codec_.schema->key_columns) out[column] = Copy(cells[column], arena);
  return image;
}

Result<uint32_t> ChangeRecorder::StoredImage(std::string_view key, std::string_view value) {
  decoded_.resize(codec_.decoded_columns.size());
  // Bytes go to the end of the batch's own arena: no second copy.
  TRY(codec_.decoder->Decode(key, value, decoded_.data(), changes_.batch.arena));
  const uint32_t image = changes_.batch.AppendImage();
  const std::span<Cell> out = changes_.batch.Image(image);
  for (size_t i = 0; i < decoded_.size(); ++i) out[codec_.decoded_columns[i]] = decoded_[i];
  return image;
}

void ChangeRecorder::Add(uint32_t before, uint32_t after) {
  if (before == kNoImage && after == kNoImage) return;
  const RowOp op = after == kNoImage ? RowOp::kDelete : before == kNoImage ? RowOp::kInsert : RowOp::kUpdate;
  changes_.batch.rows.push_back({op, before, after});
}

}  // namespace freshet
