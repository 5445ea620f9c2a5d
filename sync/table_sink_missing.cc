// SPDX-License-Identifier: Apache-2.0
// TableSink: changes of tables whose rows may be missing: while their copy runs, or for good when they were
// never copied. Invariant: in the first pass a stored row is whole, and of the log's place or a later one; from
// the second pass on it is of the log's place. Rows that no chunk need bring are known (copy_again).
#include "storage/key_codec.h"
#include "sync/table_sink.h"

namespace freshet {

namespace {

// True when the new row is not whole: the stored one is needed.
bool NeedsStoredRow(const RowBatch& batch, const RowChange& row) {
  if (row.op != RowOp::kUpdate) return false;
  const std::span<const Cell> after = batch.Image(row.after);
  const auto& columns = batch.schema->columns;
  for (size_t i = 0; i < after.size(); ++i) {
    if (after[i].kind != CellKind::kUnchanged || columns[i].excluded) continue;
    if (row.before == kNoImage || batch.Image(row.before)[i].kind == CellKind::kUnchanged) return true;
  }
  return false;
}

// A batch with one of the rows, alone.
RowBatch Single(const RowBatch& batch, const RowChange& row) {
  RowBatch single;
  single.schema = batch.schema;
  single.rows = {row};
  single.cells = batch.cells;
  single.arena = batch.arena;
  return single;
}

// An update that changes nothing in the row with this image's key.
RowBatch Probe(const RowBatch& batch, uint32_t image) {
  RowBatch probe;
  probe.schema = batch.schema;
  probe.arena = batch.arena;
  const uint32_t after = probe.AppendImage();
  for (const uint32_t column : batch.schema->key_columns) probe.Image(after)[column] = batch.Image(image)[column];
  probe.rows = {{RowOp::kUpdate, kNoImage, after}};
  return probe;
}

}  // namespace

// Whether the row with this image's key is stored; the open unit counts.
Result<bool> TableSink::HasRow(const Table& table, const RowBatch& batch, uint32_t image) {
  TouchedKeys touched;
  TRY(writer_->ApplyRows(table.record.id, Probe(batch, image), {true, &touched}));
  std::string key;
  TRY(AppendKey(table.record.id, *batch.schema, batch.Image(image), batch.arena, key));
  const auto found = touched.keys.find(key);
  return found != touched.keys.end() && found->second.log_wins;
}

Status TableSink::ApplyWithMissingRows(Table& table, const RowBatch& batch) {
  bool partial = false;
  bool partial_move = false;
  for (const RowChange& row : batch.rows) {
    if (!NeedsStoredRow(batch, row)) continue;
    partial = true;
    partial_move = partial_move || row.before != kNoImage;
  }
  if (!partial) return writer_->ApplyRows(table.record.id, batch, OptionsFor(table, true));
  if (CopyUnfinished(table.record.state) && !partial_move) {
    return writer_->ApplyRows(table.record.id, batch, OptionsFor(table, true));
  }
  for (const RowChange& row : batch.rows) {
    if (std::holds_alternative<TableStopped>(table.record.state)) return Status::Ok();
    TRY(ApplyRowThatMayBeMissing(table, batch, row));
  }
  return Status::Ok();
}

Status TableSink::ApplyRowThatMayBeMissing(Table& table, const RowBatch& batch, const RowChange& row) {
  if (!NeedsStoredRow(batch, row)) return ApplyOne(table, batch, row);
  const uint32_t old_image = row.before != kNoImage ? row.before : row.after;
  std::string old_key;
  std::string new_key;
  TRY(AppendKey(table.record.id, *batch.schema, batch.Image(old_image), batch.arena, old_key));
  TRY(AppendKey(table.record.id, *batch.schema, batch.Image(row.after), batch.arena, new_key));
  const bool moved = old_key != new_key;
  const bool copying = CopyUnfinished(table.record.state);
  // Its chunk is read later, or is being read and takes the patch.
  if (copying && !moved) return ApplyOne(table, batch, row);
  if (!copying || table.record.passes > 0) {  // stored rows can be trusted
    ASSIGN_OR_RETURN(const bool there, HasRow(table, batch, old_image));
    if (there) return ApplyOne(table, batch, row);
  }
  if (!copying) {
    Stop(table,
         "an update needs a row from before the job's start, which was never copied (ALTER JOB n RESYNC TABLE "
         "copies the table)");
    return Status::Ok();
  }
  TRY(ApplyOne(table, batch, {RowOp::kDelete, old_image, kNoImage}));
  // A chunk that was read ahead of the log may have brought the row to its new place already.
  ASSIGN_OR_RETURN(const bool there, HasRow(table, batch, row.after));
  if (there) return Status::Ok();
  // Chunks in flight must not bring an older row of that key, and its later patches are not for them either.
  Poison(table.record.source);
  if (table.touched) table.touched->keys.erase(new_key);
  table.record.copy_again = true;
  table.record_changed = true;
  return Status::Ok();
}

Status TableSink::ApplyOne(Table& table, const RowBatch& batch, const RowChange& row) {
  return writer_->ApplyRows(table.record.id, Single(batch, row), OptionsFor(table, true));
}

}  // namespace freshet
