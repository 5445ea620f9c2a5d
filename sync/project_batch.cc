// SPDX-License-Identifier: Apache-2.0
#include "sync/project_batch.h"

#include <algorithm>

#include "sync/convert_cell.h"
#include "sync/quarantine.h"

namespace freshet {

namespace {

constexpr uint32_t kAbsent = UINT32_MAX;

class Projection {
 public:
  Projection(const RowBatch& from, const SchemaPtr& to) : from_(from), to_(to) { out_.schema = to; }

  Status Place() {
    const auto& columns = from_.schema->columns;
    places_.assign(to_->columns.size(), kAbsent);
    for (size_t i = 0; i < places_.size(); ++i) {
      for (uint32_t j = 0; j < columns.size(); ++j) {
        if (columns[j].id == to_->columns[i].id) places_[i] = j;
      }
      if (places_[i] == kAbsent && to_->IsKey(static_cast<uint32_t>(i))) {
        return Status(Code::kUnsupported, "key column '" + to_->columns[i].name + "' is no longer in the source");
      }
    }
    return Status::Ok();
  }

  // Appends the row in the new shape. A row that does not fit is a delete of what may be stored of it: the mirror
  // holds those rows of the source that fit, never an old state of one that does not.
  Status Row(const RowChange& row) {
    RowChange made = row;
    const size_t cells = out_.cells.size();
    Status status = Images(row, made);
    if (!status.ok()) {
      out_.cells.resize(cells);
      const Result<uint32_t> key = KeyOf(row);
      if (!key.ok()) {  // then nothing is stored under it
        out_.cells.resize(cells);
        return status;
      }
      made = {RowOp::kDelete, *key, kNoImage};
    }
    out_.rows.push_back(made);
    return status;
  }

  RowBatch Take() { return std::move(out_); }

 private:
  Status Images(const RowChange& row, RowChange& made) {
    if (row.before != kNoImage) {
      ASSIGN_OR_RETURN(made.before, Image(row.before, &row));
    }
    if (row.after != kNoImage) {
      ASSIGN_OR_RETURN(made.after, Image(row.after, nullptr));
    }
    return Status::Ok();
  }

  // Appends the image in the new shape; its number. `before_of`: the image is the one before this change.
  Result<uint32_t> Image(uint32_t image, const RowChange* before_of) {
    const std::span<const Cell> cells = from_.Image(image);
    const bool partial =
        std::any_of(cells.begin(), cells.end(), [](const Cell& cell) { return cell.kind == CellKind::kUnchanged; });
    const uint32_t made = out_.AppendImage();
    for (size_t i = 0; i < places_.size(); ++i) {
      if (places_[i] == kAbsent) {
        out_.Image(made)[i] = partial ? Cell::Unchanged() : Cell::Null();
        continue;
      }
      Result<Cell> cell = OneCell(i, cells[places_[i]]);
      if (!cell.ok() && before_of != nullptr && !BeforeNeeded(*before_of, i)) cell = Cell::Unchanged();
      TRY(cell.status());
      out_.Image(made)[i] = *cell;
    }
    return made;
  }

  // Of an image before a change only the key counts, and what the image after it leaves open.
  bool BeforeNeeded(const RowChange& row, size_t column) const {
    if (to_->IsKey(static_cast<uint32_t>(column))) return true;
    return row.after != kNoImage && from_.Image(row.after)[places_[column]].kind == CellKind::kUnchanged;
  }

  // Appends an image that holds the key alone, as it was before the change.
  Result<uint32_t> KeyOf(const RowChange& row) {
    const uint32_t made = out_.AppendImage();
    for (const uint32_t column : to_->key_columns) {
      const uint32_t place = places_[column];
      const bool from_before = row.before != kNoImage && from_.Image(row.before)[place].kind != CellKind::kUnchanged;
      if (!from_before && row.after == kNoImage) return Status(Code::kInvalid, "no key");
      ASSIGN_OR_RETURN(const Cell cell, OneCell(column, from_.Image(from_before ? row.before : row.after)[place]));
      out_.Image(made)[column] = cell;
    }
    return made;
  }

  Result<Cell> OneCell(size_t column, Cell cell) {
    if (cell.kind == CellKind::kBytes) cell = out_.AppendBytes(from_.Bytes(cell));
    const Column& target = to_->columns[column];
    const LogicalType& from = from_.schema->columns[places_[column]].type;
    if (cell.kind == CellKind::kNull && to_->IsKey(static_cast<uint32_t>(column))) {
      return Status(Code::kInvalid, "column " + target.name + ": NULL in a key column");
    }
    if (from == target.type) return cell;
    Result<Cell> converted = ConvertCell({from, target.type}, cell, out_.arena);
    if (!converted.ok()) return std::move(converted).status().At("column " + target.name);
    return converted;
  }

  const RowBatch& from_;
  const SchemaPtr& to_;
  std::vector<uint32_t> places_;  // target column -> column of the batch
  RowBatch out_;
};

}  // namespace

Result<ProjectedBatch> ProjectBatch(const RowBatch& batch, const SchemaPtr& target) {
  Projection projection(batch, target);
  TRY(projection.Place());
  ProjectedBatch projected;
  for (const RowChange& row : batch.rows) {
    const Status status = projection.Row(row);
    if (status.ok()) continue;
    const uint32_t image = row.after != kNoImage ? row.after : row.before;
    projected.rejected.push_back({batch.schema->name.ToString(), status.message(), RowAsJson(batch, image)});
  }
  projected.batch = projection.Take();
  return projected;
}

}  // namespace freshet
