// SPDX-License-Identifier: Apache-2.0
// RowApplier: one batch's row changes into puts and deletes of a unit, in one pass from cells to key and
// value bytes. Resolves kUnchanged cells and notes touched keys (rules in unit_writer.h). Lives for one
// ApplyRows call, on the job's apply thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/claim_rules.h"
#include "storage/stored_changes.h"
#include "storage/unit_state.h"

namespace freshet {

class RowApplier {
 public:
  // `claims`: with options.owners, else null.
  RowApplier(UnitState& unit, TableCodec& codec, const RowBatch& batch, const ApplyOptions& options, ClaimRules* claims)
      : unit_(unit), codec_(codec), batch_(batch), options_(options), claims_(claims), rows_id_{codec.entry->rows_id} {
    if (options.changes != nullptr) recorder_.emplace(codec, *options.changes);
  }

  // `change` is one of the batch's.
  Status Apply(const RowChange& change);

 private:
  Status ApplyWrite(std::span<const Cell> after, std::span<const Cell> before, bool is_update);
  Status ApplyDelete(std::span<const Cell> before);
  // Removes the row, or of its claims what options_.owners say.
  Status Delete(std::string_view key);
  // Appends to value_ what precedes the row at key_.
  Status AppendOwnerOf(bool is_update);
  // Notes for StoredChanges what the write of `image` at key_ (away from old_key_, when the key changed) does. To be
  // called before the rows are written.
  Status RecordWrite(std::span<const Cell> image, std::string_view arena, bool is_update, bool key_changed);
  // The stored row; looked up once for both of its users within one change.
  Result<const std::optional<std::string>*> Find(std::string_view key);
  // The stored row of `key` as an image of the recorded changes; kNoImage when there is none.
  Result<uint32_t> RecordStored(std::string_view key);
  // Fills what `after` leaves open from `before`: the source says that it did not change.
  void Merge(std::span<const Cell> after, std::span<const Cell> before);
  // Fills what merged_ leaves open from the stored row; false when there is none.
  Result<bool> MergeStored(std::string_view stored_key);
  Status HandleMissing(bool key_changed);
  void Touch(std::string_view key);
  std::string TouchKey(std::string_view key) const;
  Status UnknownRow() const;
  Status Damaged(const char* what) const;

  UnitState& unit_;
  TableCodec& codec_;
  const RowBatch& batch_;
  const ApplyOptions& options_;
  ClaimRules* const claims_;  // or null
  const TableId rows_id_;
  std::optional<ChangeRecorder> recorder_;

  // Kept from row to row: no allocation once they have grown.
  std::string key_;
  std::string old_key_;
  std::string value_;
  std::string left_;       // of a row's claims
  std::string found_key_;  // "" none
  size_t row_ = 0;         // of the batch
  std::optional<std::string> found_;
  std::vector<Cell> merged_;
  std::vector<Cell> old_image_;
  std::vector<Cell> stored_;
  std::string arena_;
};

}  // namespace freshet
