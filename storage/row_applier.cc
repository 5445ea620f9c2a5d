// SPDX-License-Identifier: Apache-2.0
#include "storage/row_applier.h"

#include "storage/content_hash.h"
#include "storage/key_codec.h"
#include "storage/row_range.h"

namespace freshet {

Status RowApplier::Apply(const RowChange& change) {
  found_key_.clear();
  row_ = static_cast<size_t>(&change - batch_.rows.data());
  const auto image = [&](uint32_t number) {
    return number == kNoImage ? std::span<const Cell>() : batch_.Image(number);
  };
  if (change.op == RowOp::kDelete) {
    if (change.before == kNoImage) return Damaged("a delete without the row's key");
    return ApplyDelete(image(change.before));
  }
  if (change.after == kNoImage) return Damaged("a row change without its new values");
  const bool is_update = change.op == RowOp::kUpdate;
  return ApplyWrite(image(change.after), is_update ? image(change.before) : std::span<const Cell>(), is_update);
}

Status RowApplier::ApplyDelete(std::span<const Cell> before) {
  key_.clear();
  TRY(AppendKey(rows_id_, *codec_.schema, before, batch_.arena, key_));
  if (recorder_) {
    uint32_t gone = kNoImage;
    if (recorder_->whole_before()) {
      ASSIGN_OR_RETURN(gone, RecordStored(key_));
      if (gone == kNoImage && recorder_->older_rows()) return UnknownRow();
    } else {
      gone = recorder_->KeyImage(before, batch_.arena);
    }
    recorder_->Add(gone, kNoImage);
  }
  return Delete(key_);
}

Status RowApplier::Delete(std::string_view key) {
  ClaimRules::Removal removal = ClaimRules::Removal::kRow;
  if (claims_ != nullptr) {
    ASSIGN_OR_RETURN(const std::optional<std::string>* const found, Find(key));
    if (!*found) return Status::Ok();
    ASSIGN_OR_RETURN(removal, claims_->Remove(**found, options_.owners->of_rows[row_].source, left_));
    if (removal == ClaimRules::Removal::kNothing) return Status::Ok();
  }
  TRY(removal == ClaimRules::Removal::kRow ? unit_.DeleteRow(key) : unit_.PutRow(key, left_));
  Touch(key);
  return Status::Ok();
}

Status RowApplier::AppendOwnerOf(bool is_update) {
  const bool keeps_claims = claims_ != nullptr ? claims_->others_stay() : is_update && unit_.is_statement();
  std::string_view stored;
  if (keeps_claims) {
    ASSIGN_OR_RETURN(const std::optional<std::string>* const found, Find(key_));
    if (*found) stored = **found;
  }
  if (claims_ != nullptr) return claims_->AppendOwnerOver(stored, options_.owners->of_rows[row_], value_);
  value_.append(stored.substr(0, stored.size() - RowOf(stored).size()));
  return Status::Ok();
}

Status RowApplier::ApplyWrite(std::span<const Cell> after, std::span<const Cell> before, bool is_update) {
  const RowEncoder& encoder = *codec_.encoder;
  std::span<const Cell> image = after;
  std::string_view arena = batch_.arena;
  bool whole = encoder.IsWhole(after);
  if (!whole) {
    Merge(after, before);
    image = merged_;
    whole = encoder.IsWhole(merged_);
  }
  key_.clear();
  TRY(AppendKey(rows_id_, *codec_.schema, image, arena, key_));
  bool key_changed = false;
  if (!before.empty()) {
    // A key cell that the before image lacks is the one of the after image.
    old_image_.assign(before.begin(), before.end());
    for (const uint32_t column : codec_.schema->key_columns) {
      if (before[column].kind == CellKind::kUnchanged) old_image_[column] = image[column];
    }
    old_key_.clear();
    TRY(AppendKey(rows_id_, *codec_.schema, old_image_, arena, old_key_));
    key_changed = old_key_ != key_;
  }
  if (!whole) {
    ASSIGN_OR_RETURN(const bool found, MergeStored(key_changed ? old_key_ : key_));
    if (!found) return HandleMissing(key_changed);
    image = merged_;
    arena = arena_;
  }
  value_.clear();
  TRY(AppendOwnerOf(is_update));
  TRY(encoder.AppendValue(image, arena, value_));
  if (recorder_) TRY(RecordWrite(image, arena, is_update, key_changed));
  if (key_changed) TRY(Delete(old_key_));
  TRY(unit_.PutRow(key_, value_));
  if (options_.written != nullptr) TRY(options_.written->AddStored(key_, value_));
  Touch(key_);
  return Status::Ok();
}

Status RowApplier::RecordWrite(std::span<const Cell> image, std::string_view arena, bool is_update, bool key_changed) {
  if (!recorder_->whole_before()) {
    uint32_t before = kNoImage;
    if (is_update)
      before = key_changed ? recorder_->KeyImage(old_image_, batch_.arena) : recorder_->KeyImage(image, arena);
    recorder_->Add(before, recorder_->Image(image, arena));
    return Status::Ok();
  }
  ASSIGN_OR_RETURN(uint32_t before, RecordStored(key_));
  if (key_changed) {
    // A row that the move overwrites is gone as well: its key may map to another one than the new row's.
    recorder_->Add(before, kNoImage);
    ASSIGN_OR_RETURN(before, RecordStored(old_key_));
  }
  if (before == kNoImage && is_update && recorder_->older_rows()) return UnknownRow();
  recorder_->Add(before, recorder_->Image(image, arena));
  return Status::Ok();
}

Result<uint32_t> RowApplier::RecordStored(std::string_view key) {
  ASSIGN_OR_RETURN(const std::optional<std::string>* const value, Find(key));
  if (!*value) return kNoImage;
  return recorder_->StoredImage(key, **value);
}

Result<const std::optional<std::string>*> RowApplier::Find(std::string_view key) {
  if (found_key_ != key) {
    ASSIGN_OR_RETURN(found_, unit_.FindRow(*codec_.entry, key));
    found_key_ = key;
  }
  return &found_;
}

void RowApplier::Merge(std::span<const Cell> after, std::span<const Cell> before) {
  merged_.assign(after.begin(), after.end());
  for (size_t i = 0; i < before.size(); ++i) {
    if (merged_[i].kind == CellKind::kUnchanged) merged_[i] = before[i];
  }
}

Result<bool> RowApplier::MergeStored(std::string_view stored_key) {
  ASSIGN_OR_RETURN(const std::optional<std::string>* const value, Find(stored_key));
  if (!*value) return false;
  arena_.clear();
  stored_.resize(codec_.decoded_columns.size());
  TRY(codec_.decoder->Decode(stored_key, **value, stored_.data(), arena_));
  for (size_t i = 0; i < codec_.decoded_columns.size(); ++i) {
    Cell& cell = merged_[codec_.decoded_columns[i]];
    if (cell.kind == CellKind::kUnchanged) {
      cell = stored_[i];
    } else if (cell.kind == CellKind::kBytes) {  // one arena for the whole image
      const std::string_view bytes = batch_.Bytes(cell);
      cell.bits = arena_.size();
      arena_.append(bytes);
    }
  }
  return true;
}

// A change with open cells whose row is not stored.
Status RowApplier::HandleMissing(bool key_changed) {
  if (!options_.rows_may_be_missing) return Damaged("a changed row is not stored, and the source sent a part of it");
  if (key_changed) {
    // The row's new place may lie in a part of the table that was copied before it came there.
    return Status(Code::kUnsupported, "table " + codec_.entry->table->database + "." + codec_.entry->table->name +
                                          ": a row that was not copied yet moved to another key, and the source sent "
                                          "a part of it; the table must be copied again");
  }
  // Without open windows its chunk is read later and has the change in it.
  if (options_.touched == nullptr) return Status::Ok();
  TouchedKeys::Entry& entry = options_.touched->keys[TouchKey(key_)];
  if (entry.log_wins) return Damaged("a row that the log deleted was changed");
  auto patch = std::make_shared<RowBatch>();
  patch->schema = codec_.schema;
  patch->rows.push_back({RowOp::kUpdate, kNoImage, 0});
  for (const Cell& cell : merged_) {
    patch->cells.push_back(cell.kind == CellKind::kBytes ? patch->AppendBytes(batch_.Bytes(cell)) : cell);
  }
  entry.patches.push_back({std::move(patch)});
  return Status::Ok();
}

void RowApplier::Touch(std::string_view key) {
  if (options_.touched == nullptr) return;
  TouchedKeys::Entry& entry = options_.touched->keys[TouchKey(key)];
  entry.log_wins = true;
  entry.patches.clear();
}

std::string RowApplier::TouchKey(std::string_view key) const {
  std::string touched;
  AppendRebased(key, codec_.entry->table->id.value, touched);
  return touched;
}

Status RowApplier::UnknownRow() const {
  return Status(Code::kUnsupported,
                "table " + codec_.entry->table->name +
                    ": a row from before the job's start, which was never copied, was changed, and the target's key is "
                    "made of columns that the log does not have of it (ALTER JOB n RESYNC TABLE copies the table)");
}

Status RowApplier::Damaged(const char* what) const {
  return Status(Code::kCorrupt,
                "table " + codec_.entry->table->database + "." + codec_.entry->table->name + ": " + what);
}

}  // namespace freshet
