// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/row_binder.h"

#include "base/cursor.h"
#include "cdc/change/text_cell.h"

namespace freshet {
namespace {

Status CorruptRows(const TableSchema& schema) {
  return Status(Code::kCorrupt, "row event of " + schema.name.ToString() + " does not parse");
}

size_t BatchBytes(const RowBatch& batch) {
  return batch.cells.size() * sizeof(Cell) + batch.rows.size() * sizeof(RowChange) + batch.arena.size();
}

size_t CountBits(std::string_view bitmap, size_t bits) {
  size_t count = 0;
  for (size_t i = 0; i < bits; ++i) count += BitmapBit(bitmap, i) ? 1 : 0;
  return count;
}

}  // namespace

Status RowBinder::OnTableMap(std::string_view body) {
  ASSIGN_OR_RETURN(const uint64_t id, TableMapId(body));
  Binding& binding = bindings_[id];
  if (binding.map_body == body) return Status::Ok();
  Result<TableMap> map = ParseTableMap(body);
  if (!map.ok()) {
    bindings_.erase(id);
    return std::move(map).status();
  }
  binding = Binding();
  binding.map = std::move(map).value();
  binding.map_body = std::string(body);
  return Status::Ok();
}

void RowBinder::OnFormat(bool mariadb) {
  bindings_.clear();
  mariadb_ = mariadb;
}

void RowBinder::Bind(Binding& binding) {
  binding.tables_version = tables_.version();
  const MirroredTables::Table* table = tables_.Find({binding.map.database, binding.map.table});
  if (table == nullptr) {
    binding.schema = nullptr;
    return;
  }
  if (binding.schema == table->schema) return;
  binding.schema = table->schema;
  binding.problem.clear();
  Result<std::vector<ColumnPlan>> plans = MakeColumnPlans(binding.map, *binding.schema, charsets_);
  if (!plans.ok()) {
    binding.problem = plans.status().message();
    return;
  }
  binding.plans = std::move(plans).value();
  binding.key_slots.assign(binding.plans.size(), -1);
  for (size_t i = 0; i < binding.schema->key_columns.size(); ++i) {
    binding.key_slots[binding.schema->key_columns[i]] = static_cast<int>(i);
  }
}

Result<RowBinder::Outcome> RowBinder::OnRows(BinlogEventType type, std::string_view body) {
  ASSIGN_OR_RETURN(const uint64_t id, TableMapId(body));
  const auto found = bindings_.find(id);
  if (found == bindings_.end()) {
    constexpr uint64_t kDummyTableId = 0x00ffffff;  // closes a statement whose tables were all filtered out
    if (id == kDummyTableId) return Outcome();
    return Status(Code::kCorrupt, "row event without its table map event");
  }
  Binding& binding = found->second;
  if (binding.tables_version != tables_.version()) Bind(binding);
  if (!binding.schema) return Outcome();
  Outcome outcome;
  outcome.touched = binding.schema;
  if (!binding.problem.empty()) {
    outcome.stop = binding.schema;
    outcome.stop_reason = binding.problem;
    return outcome;
  }
  ASSIGN_OR_RETURN(const RowsEventView rows, ParseRows(type, body, unpacked_));
  return AppendRows(binding, rows);
}

// Why the images cannot be completed; empty when they can.
std::string RowBinder::Unloggable(const Binding& binding, const RowsEventView& rows) const {
  const std::string_view after = rows.op == RowOp::kUpdate ? rows.present_after : rows.present;
  for (size_t i = 0; i < binding.plans.size(); ++i) {
    const Column& column = binding.schema->columns[i];
    if (binding.key_slots[i] >= 0 && !BitmapBit(rows.present, i) && rows.op != RowOp::kInsert) {
      return "the log's row images leave out key column " + column.name;
    }
    if (rows.op == RowOp::kDelete || column.excluded || BitmapBit(after, i)) continue;
    // MySQL logs a computed column when it changes; MariaDB leaves a virtual one out even then.
    if (column.generated && (mariadb_ || rows.op == RowOp::kInsert)) {
      return "generated column " + column.name + " is not in the row image: set binlog_row_image=FULL or exclude it";
    }
    if (rows.op == RowOp::kInsert && !column.nullable && !column.insert_default) {
      return "column " + column.name +
             " is not in the row image of an insert and has no literal default: set "
             "binlog_row_image=FULL";
    }
  }
  return "";
}

Result<RowBinder::Outcome> RowBinder::AppendRows(Binding& binding, const RowsEventView& rows) {
  Outcome outcome;
  outcome.touched = binding.schema;
  const size_t columns = binding.plans.size();
  if (rows.columns != columns) return CorruptRows(*binding.schema);
  const bool all = CountBits(rows.present, columns) == columns &&
                   (rows.op != RowOp::kUpdate || CountBits(rows.present_after, columns) == columns);
  if (!all) {
    outcome.stop_reason = Unloggable(binding, rows);
    if (!outcome.stop_reason.empty()) {
      outcome.stop = binding.schema;
      return outcome;
    }
  }
  if (batch_ && (batch_->schema != binding.schema || BatchBytes(*batch_) >= kBatchBytesMax)) EndBatch();
  const char* at = rows.rows.data();
  rows_end_ = at + rows.rows.size();
  while (at < rows_end_) {
    if (!batch_) StartBatch(binding.schema);
    const char* const row = at;
    switch (rows.op) {
      case RowOp::kInsert: TRY(AppendInsert(binding, rows, at)); break;
      case RowOp::kUpdate: TRY(AppendUpdate(binding, rows, at)); break;
      case RowOp::kDelete: TRY(AppendDelete(binding, rows, at)); break;
    }
    // A bitmap without any column makes rows of no bytes: they would never end.
    if (at == row) return CorruptRows(*binding.schema);
    if (BatchBytes(*batch_) >= kBatchBytesMax) EndBatch();
  }
  return outcome;
}

Status RowBinder::AppendInsert(const Binding& binding, const RowsEventView& rows, const char*& at) {
  const uint32_t after = batch_->AppendImage();
  after_key_.assign(binding.schema->key_columns.size(), {});
  TRY(ReadImage(binding, rows.present, at, rows_end_, after, after_key_));
  TRY(FillDefaults(binding, rows.present, after));
  batch_->rows.push_back({RowOp::kInsert, kNoImage, after});
  return Status::Ok();
}

Status RowBinder::AppendDelete(const Binding& binding, const RowsEventView& rows, const char*& at) {
  before_key_.assign(binding.schema->key_columns.size(), {});
  TRY(ReadImage(binding, rows.present, at, rows_end_, kNoImage, before_key_));
  const uint32_t before = batch_->AppendImage();
  TRY(FillKey(binding, before, before_key_));
  batch_->rows.push_back({RowOp::kDelete, before, kNoImage});
  return Status::Ok();
}

Status RowBinder::AppendUpdate(const Binding& binding, const RowsEventView& rows, const char*& at) {
  const size_t key_size = binding.schema->key_columns.size();
  before_key_.assign(key_size, {});
  after_key_.assign(key_size, {});
  TRY(ReadImage(binding, rows.present, at, rows_end_, kNoImage, before_key_));
  const uint32_t after = batch_->AppendImage();
  if (at >= rows_end_) return CorruptRows(*binding.schema);
  TRY(ReadImage(binding, rows.present_after, at, rows_end_, after, after_key_));
  bool key_changed = false;
  bool key_partial = false;
  for (size_t i = 0; i < key_size; ++i) {
    if (after_key_[i].data() == nullptr) {
      key_partial = true;  // MINIMAL leaves unchanged columns out
    } else {
      key_changed = key_changed || before_key_[i] != after_key_[i];
    }
  }
  if (key_partial) {
    for (size_t i = 0; i < key_size; ++i) {
      if (after_key_[i].data() == nullptr) after_key_[i] = before_key_[i];
    }
    TRY(FillKey(binding, after, after_key_));
  }
  uint32_t before = kNoImage;
  if (key_changed) {
    before = batch_->AppendImage();
    TRY(FillKey(binding, before, before_key_));
  }
  batch_->rows.push_back({RowOp::kUpdate, before, after});
  return Status::Ok();
}

Status RowBinder::ReadImage(const Binding& binding, std::string_view present, const char*& at, const char* end,
                            uint32_t image, RawKey& key) {
  const size_t columns = binding.plans.size();
  const size_t nulls_bytes = (CountBits(present, columns) + 7) / 8;
  if (static_cast<size_t>(end - at) < nulls_bytes) return CorruptRows(*binding.schema);
  const std::string_view nulls(at, nulls_bytes);
  at += nulls_bytes;
  size_t null_bit = 0;
  Cell* cells = image == kNoImage ? nullptr : batch_->Image(image).data();
  for (size_t i = 0; i < columns; ++i) {
    if (!BitmapBit(present, i)) continue;
    if (BitmapBit(nulls, null_bit++)) {
      if (cells != nullptr) cells[i] = Cell::Null();
      continue;
    }
    const ColumnPlan& plan = binding.plans[i];
    const size_t size = ValueBytes(plan, at, end);
    if (size == SIZE_MAX) return CorruptRows(*binding.schema);
    const std::string_view value(at, size);
    at += size;
    if (binding.key_slots[i] >= 0) key[static_cast<size_t>(binding.key_slots[i])] = value;
    if (cells == nullptr) continue;
    if (plan.excluded) {
      cells[i] = Cell::Null();
    } else if (!DecodeCell(plan, value, *batch_, &cells[i])) {
      return Status(Code::kCorrupt, "column " + binding.schema->columns[i].name + " of " +
                                        binding.schema->name.ToString() + " holds a value outside its type");
    }
  }
  return Status::Ok();
}

Status RowBinder::FillKey(const Binding& binding, uint32_t image, const RawKey& key) {
  for (size_t i = 0; i < key.size(); ++i) {
    const uint32_t column = binding.schema->key_columns[i];
    if (key[i].data() == nullptr) return CorruptRows(*binding.schema);  // key columns are never NULL
    if (!DecodeCell(binding.plans[column], key[i], *batch_, &batch_->Image(image)[column])) {
      return CorruptRows(*binding.schema);
    }
  }
  return Status::Ok();
}

Status RowBinder::FillDefaults(const Binding& binding, std::string_view present, uint32_t image) {
  for (size_t i = 0; i < binding.plans.size(); ++i) {
    if (BitmapBit(present, i)) continue;
    const Column& column = binding.schema->columns[i];
    Cell& cell = batch_->Image(image)[i];
    cell = Cell::Null();
    if (column.excluded || !column.insert_default) continue;
    ASSIGN_OR_RETURN(cell, CellFromText(column.type, *column.insert_default, batch_->arena));
  }
  return Status::Ok();
}

void RowBinder::StartBatch(const SchemaPtr& schema) {
  batch_.emplace();
  batch_->schema = schema;
}

void RowBinder::EndBatch() {
  if (!batch_) return;
  if (!batch_->rows.empty()) full_.push_back(std::move(*batch_));
  batch_.reset();
}

std::optional<RowBatch> RowBinder::TakeFull() {
  if (full_taken_ == full_.size()) {
    full_.clear();
    full_taken_ = 0;
    return std::nullopt;
  }
  return std::move(full_[full_taken_++]);
}

}  // namespace freshet
