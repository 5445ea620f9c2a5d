// SPDX-License-Identifier: Apache-2.0
// The copy's side of UnitWriter: chunk rows are encoded in the copy workers, and laid under what the log did
// to their keys in the apply thread.
#include <algorithm>

#include "storage/content_hash.h"
#include "storage/key_codec.h"
#include "storage/row_range.h"
#include "storage/stored_changes.h"
#include "storage/unit_state.h"

namespace freshet {

Result<EncodedRows> EncodeChunk(const StoredTable& table, const RowBatch& batch) {
  EncodedRows encoded;
  encoded.table = table.id;
  encoded.schema = batch.schema;
  encoded.rows.reserve(batch.rows.size());
  const RowEncoder encoder(batch.schema);
  const std::string where = "encode rows of " + table.database + "." + table.name;
  for (const RowChange& row : batch.rows) {
    if (row.op != RowOp::kInsert || row.after == kNoImage) return Status(Code::kCorrupt, where + ": not a plain row");
    const uint64_t offset = encoded.bytes.size();
    Status status = AppendKey(table.id, *batch.schema, batch.Image(row.after), batch.arena, encoded.bytes);
    if (!status.ok()) return std::move(status).At(where);
    const uint64_t value = encoded.bytes.size();
    status = encoder.AppendValue(batch.Image(row.after), batch.arena, encoded.bytes);
    if (!status.ok()) return std::move(status).At(where);
    encoded.rows.push_back(
        {offset, static_cast<uint32_t>(value - offset), static_cast<uint32_t>(encoded.bytes.size() - value)});
  }
  return encoded;
}

namespace {

// Lays patches over chunk rows; the result has the table's newest shape.
class PatchedRow {
 public:
  explicit PatchedRow(const CatalogTable& entry)
      : newest_(entry.table->schema),
        encoder_(newest_),
        columns_(StoredColumns(*newest_)),
        decoder_(newest_, entry.versions, columns_) {}

  Result<std::string_view> Value(std::string_view key, std::string_view value,
                                 const std::vector<TouchedKeys::Patch>& patches) {
    arena_.clear();
    decoded_.resize(columns_.size());
    TRY(decoder_.Decode(key, value, decoded_.data(), arena_));
    image_.assign(newest_->columns.size(), Cell::Unchanged());
    for (size_t i = 0; i < columns_.size(); ++i) image_[columns_[i]] = decoded_[i];
    for (const TouchedKeys::Patch& patch : patches) Overlay(*patch.batch);
    value_.clear();
    TRY(encoder_.AppendValue(image_, arena_, value_));
    return std::string_view(value_);
  }

 private:
  static std::vector<uint32_t> StoredColumns(const TableSchema& schema) {
    std::vector<uint32_t> columns;
    for (uint32_t i = 0; i < schema.columns.size(); ++i) {
      if (!schema.columns[i].excluded) columns.push_back(i);
    }
    return columns;
  }

  void Overlay(const RowBatch& patch) {
    const std::span<const Cell> cells = patch.Image(patch.rows.front().after);
    for (size_t i = 0; i < cells.size(); ++i) {
      if (cells[i].kind == CellKind::kUnchanged) continue;
      for (const uint32_t column : columns_) {
        if (newest_->columns[column].id != patch.schema->columns[i].id) continue;
        image_[column] = cells[i];
        if (cells[i].kind != CellKind::kBytes) continue;
        image_[column].bits = arena_.size();
        arena_.append(patch.Bytes(cells[i]));
      }
    }
  }

  const SchemaPtr newest_;
  const RowEncoder encoder_;
  const std::vector<uint32_t> columns_;
  RowDecoder decoder_;
  std::vector<Cell> decoded_;
  std::vector<Cell> image_;
  std::string arena_;
  std::string value_;
};

Status RecordChunkRow(UnitState& unit, const CatalogTable& entry, std::string_view key, std::string_view value,
                      ChangeRecorder& recorder) {
  uint32_t before = kNoImage;
  if (recorder.whole_before()) {
    ASSIGN_OR_RETURN(const std::optional<std::string> stored, unit.FindRow(entry, key));
    if (stored) {
      ASSIGN_OR_RETURN(before, recorder.StoredImage(key, *stored));
    }
  }
  ASSIGN_OR_RETURN(const uint32_t after, recorder.StoredImage(key, value));
  recorder.Add(before, after);
  return Status::Ok();
}

}  // namespace

Result<uint64_t> ApplyChunkRows(UnitState& unit, const EncodedRows& rows, const TouchedKeys& touched,
                                StoredChanges* changes, ContentHash* hash) {
  // Checks that the rows' version is one that the table has.
  ASSIGN_OR_RETURN(TableCodec* const codec, unit.Codec(rows.table, rows.schema));
  const CatalogTable& entry = *codec->entry;
  std::optional<ChangeRecorder> recorder;
  if (changes != nullptr) {
    TRY(ChangeRecorder::Begin(*codec, *changes));
    recorder.emplace(*codec, *changes);
  }
  std::optional<PatchedRow> patched;
  std::string lookup;
  std::string placed;
  uint64_t written = 0;
  for (const EncodedRows::Row& row : rows.rows) {
    const std::string_view bytes(rows.bytes);
    const std::string_view key = bytes.substr(row.offset, row.key_size);
    std::string_view value = bytes.substr(row.offset + row.key_size, row.value_size);
    if (!touched.keys.empty()) {
      lookup.assign(key);
      if (const auto found = touched.keys.find(lookup); found != touched.keys.end()) {
        if (found->second.log_wins) continue;
        if (!patched) patched.emplace(entry);
        ASSIGN_OR_RETURN(value, patched->Value(key, value, found->second.patches));
      }
    }
    placed.clear();
    AppendRebased(key, entry.rows_id, placed);
    if (recorder) TRY(RecordChunkRow(unit, entry, placed, value, *recorder));
    TRY(unit.PutRow(placed, value));
    if (hash != nullptr) TRY(hash->AddStored(placed, value));
    ++written;
  }
  return written;
}

}  // namespace freshet
