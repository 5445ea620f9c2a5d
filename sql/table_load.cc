// SPDX-License-Identifier: Apache-2.0
#include "sql/table_load.h"

#include <algorithm>

#include "cdc/change/text_cell.h"

namespace freshet {

Result<std::unique_ptr<TableLoad>> TableLoad::Open(Store& store, TableId table, const std::string& holder,
                                                   StopToken stop) {
  std::unique_ptr<TableLoad> load(new TableLoad(store, stop));
  ASSIGN_OR_RETURN(load->writer_, UnitWriter::OpenForStatement(store));
  load->writer_->SetHolderName(holder);
  TRY(load->writer_->Lease(table, Deadline::After(kLeaseWait), stop));
  load->table_ = load->writer_->table(table);
  CHECK(load->table_ != nullptr);
  return load;
}

Status TableLoad::Apply(const RowBatch& batch) {
  if (stop_.stop_requested()) return Status(Code::kCancelled, "Query execution was interrupted");
  const bool updates = !batch.rows.empty() && batch.rows.front().op == RowOp::kUpdate;
  StoredChanges changes;
  changes.whole_before = true;
  ApplyOptions options;
  if (updates) options.changes = &changes;
  TRY(writer_->ApplyRows(table_->id, batch, options));
  matched_ += batch.rows.size();
  if (updates) {
    CountChanges(changes.batch);
  } else {
    changed_ += batch.rows.size();
  }
  if (writer_->pending_bytes() < kPieceBytes) return Status::Ok();
  return writer_->Commit(Position(), /*complete=*/false).status();
}

void TableLoad::CountChanges(const RowBatch& changes) {
  for (const RowChange& row : changes.rows) {
    if (row.before == kNoImage || row.after == kNoImage) continue;
    const auto before = changes.Image(row.before);
    const auto after = changes.Image(row.after);
    const bool same = std::equal(before.begin(), before.end(), after.begin(), [&](const Cell& a, const Cell& b) {
      if (a.kind != b.kind) return false;
      return a.kind == CellKind::kBytes ? changes.Bytes(a) == changes.Bytes(b) : a.bits == b.bits;
    });
    if (!same) ++changed_;
  }
}

Status TableLoad::Finish() {
  if (stop_.stop_requested()) return Status(Code::kCancelled, "Query execution was interrupted");
  ASSIGN_OR_RETURN(const UnitWriter::Committed committed, writer_->Commit(Position()));
  return store_.WaitDurable(committed.commit, Deadline::Never());
}

Result<Cell> DefaultCell(const Column& column, int64_t now_us, std::string& arena) {
  if (column.insert_now) {
    int64_t unit = 1;
    for (unsigned digits = column.type.precision; digits < 6; ++digits) unit *= 10;
    return Cell::Int(now_us / unit * unit);
  }
  if (column.insert_default) return CellFromText(column.type, *column.insert_default, arena);
  if (column.nullable) return Cell::Null();
  return Status(Code::kInvalid, "Field '" + column.name + "' doesn't have a default value");
}

Result<FixedCells> FixedCells::Defaults(const TableSchema& schema, const std::vector<uint32_t>& given, int64_t now_us) {
  FixedCells made;
  for (uint32_t i = 0; i < schema.columns.size(); ++i) {
    const Column& column = schema.columns[i];
    if (column.excluded || std::find(given.begin(), given.end(), i) != given.end()) continue;
    ASSIGN_OR_RETURN(const Cell cell, DefaultCell(column, now_us, made.arena_));
    made.cells_.push_back({i, cell});
  }
  return made;
}

void FixedCells::Add(uint32_t column, Cell cell, std::string_view arena) {
  if (cell.kind == CellKind::kBytes) {
    const std::string_view bytes = arena.substr(cell.bits, cell.size);
    cell.bits = arena_.size();
    arena_.append(bytes);
  }
  cells_.push_back({column, cell});
}

void FixedCells::Fill(RowBatch& batch, uint32_t image) const {
  for (const Fixed& fixed : cells_) {
    Cell cell = fixed.cell;
    if (cell.kind == CellKind::kBytes) cell = batch.AppendBytes(std::string_view(arena_).substr(cell.bits, cell.size));
    batch.Image(image)[fixed.column] = cell;
  }
}

}  // namespace freshet
