// SPDX-License-Identifier: Apache-2.0
// Changes of the shadow into changes of the target. Shapes are in mapped_target_shape.cc.
#include "sync/mapped_target.h"

#include <algorithm>

#include "sync/quarantine.h"

namespace freshet {

namespace {

// Adds a delete of the row with this image's key.
void AppendDelete(const RowBatch& keys, uint32_t image, RowBatch& out) {
  const uint32_t before = out.AppendImage();
  for (const uint32_t column : out.schema->key_columns) {
    const Cell cell = keys.Image(image)[column];
    out.Image(before)[column] = cell.kind == CellKind::kBytes ? out.AppendBytes(keys.Bytes(cell)) : cell;
  }
  out.rows.push_back({RowOp::kDelete, before, kNoImage});
}

bool SameKey(const RowBatch& a, uint32_t image_a, const RowBatch& b, uint32_t image_b) {
  return std::all_of(a.schema->key_columns.begin(), a.schema->key_columns.end(), [&](uint32_t column) {
    const Cell x = a.Image(image_a)[column];
    const Cell y = b.Image(image_b)[column];
    if (x.kind != y.kind) return false;
    return x.kind == CellKind::kBytes ? a.Bytes(x) == b.Bytes(y) : x.bits == y.bits;
  });
}

// The rows that one input row made: [begin, end) of `rows`. Input rows are asked for in order.
class RowsOfInput {
 public:
  explicit RowsOfInput(const MappedRows& mapped) : mapped_(mapped) {}
  struct Range {
    size_t begin = 0;
    size_t end = 0;
    const MappedRows::Reject* reject = nullptr;
    bool empty() const { return begin == end; }
  };
  Range Next() {
    Range range{row_, row_, nullptr};
    while (row_ < mapped_.source_row.size() && mapped_.source_row[row_] == input_) ++row_;
    range.end = row_;
    if (reject_ < mapped_.rejects.size() && mapped_.rejects[reject_].source_row == input_) {
      range.reject = &mapped_.rejects[reject_++];
    }
    ++input_;
    return range;
  }

 private:
  const MappedRows& mapped_;
  uint32_t input_ = 0;
  size_t row_ = 0;
  size_t reject_ = 0;
};

// Puts the target's changes together, in the order of the shadow's.
class ChangeMerge {
 public:
  ChangeMerge(JobId job, const RowBatch& changes, const MappedRows& fresh, const MappedRows& old)
      : job_(job), changes_(changes), fresh_(fresh), old_(old), fresh_rows_(fresh), old_rows_(old) {
    out.schema = fresh.rows.schema;
    out.cells = fresh.rows.cells;
    out.arena = fresh.rows.arena;
  }
  Status Merge() {
    for (const RowChange& change : changes_.rows) {
      const RowsOfInput::Range old = change.before == kNoImage ? RowsOfInput::Range() : old_rows_.Next();
      const RowsOfInput::Range made = change.after == kNoImage ? RowsOfInput::Range() : fresh_rows_.Next();
      TRY(Delete(change, old, made));
      for (size_t i = made.begin; i < made.end; ++i) {
        out.rows.push_back(fresh_.rows.rows[i]);
        TRY(Own(change.after));
      }
      if (made.reject != nullptr) {
        std::string reason = made.reject->reason;
        if (!old.empty()) reason += "; the row's earlier values were removed from the target";
        outcome.rejected.push_back(
            {changes_.schema->name.ToString(), std::move(reason), RowAsJson(changes_, change.after)});
      } else if (change.after == kNoImage || !made.empty()) {
        ++outcome.loaded;
      } else {
        ++outcome.filtered;
      }
    }
    return Status::Ok();
  }

  RowBatch out;
  std::vector<RowOwner> owners;  // of out's rows
  DerivedRows::Outcome outcome;

 private:
  Status Delete(const RowChange& change, const RowsOfInput::Range& old, const RowsOfInput::Range& made) {
    for (size_t i = old.begin; i < old.end; ++i) {
      const uint32_t image = old_.rows.rows[i].after;
      // The upsert that follows says the same.
      const bool replaced =
          made.end - made.begin == 1 && SameKey(old_.rows, image, fresh_.rows, fresh_.rows.rows[made.begin].after);
      if (replaced) continue;
      AppendDelete(old_.rows, image, out);
      TRY(Own(change.before));
    }
    return Status::Ok();
  }
  // The row added last is of this source row.
  Status Own(uint32_t image) {
    ASSIGN_OR_RETURN(const RowOwner owner, OwnerOf(job_, changes_, image, source_key_));
    owners.push_back(owner);
    return Status::Ok();
  }

  const JobId job_;
  const RowBatch& changes_;
  const MappedRows& fresh_;
  const MappedRows& old_;
  RowsOfInput fresh_rows_;
  RowsOfInput old_rows_;
  std::string source_key_;  // kept from row to row
};

}  // namespace

Result<DerivedRows::Outcome> MappedTarget::Flush(UnitWriter& writer) {
  if (changes_.batch.rows.empty()) return Outcome();
  const RowBatch batch = std::exchange(changes_.batch, {});
  CHECK(batch.schema->version == shape_->version);
  ASSIGN_OR_RETURN(const StoredTablePtr target, Target());
  if (!(*target->schema == *target_shape_)) TRY(Compile(shape_));  // a user has altered it
  std::vector<uint32_t> fresh_images;
  std::vector<uint32_t> old_images;
  for (const RowChange& change : batch.rows) {
    if (change.before != kNoImage) old_images.push_back(change.before);
    if (change.after != kNoImage) fresh_images.push_back(change.after);
  }
  ASSIGN_OR_RETURN(const MappedRows fresh, mapping_->MapImages(batch, fresh_images));
  MappedRows old;
  if (!old_images.empty()) {
    ASSIGN_OR_RETURN(old, mapping_->MapKeys(batch, old_images));
  }
  ChangeMerge merge(settings_.job, batch, fresh, old);
  TRY(merge.Merge());
  if (!fresh.rows.rows.empty()) {
    ASSIGN_OR_RETURN(const EncodedRows encoded, EncodeChunk(*target, fresh.rows));
    ASSIGN_OR_RETURN(merge.outcome.hash, HashRows(*target, encoded));
  }
  ApplyOptions options;
  options.rows_may_be_missing = true;  // a user may have deleted the row
  const RowOwners owners{merge.owners, !knows_all_rows_};
  options.owners = &owners;
  TRY(writer.ApplyRows(settings_.target, merge.out, options));
  return std::move(merge.outcome);
}

Status MappedTarget::RemoveAll(UnitWriter& writer) {
  CHECK(changes_.batch.rows.empty());
  TRY(Target().status());
  return writer.DeleteOwnedRows(settings_.target, settings_.piece_bytes_max);
}

}  // namespace freshet
