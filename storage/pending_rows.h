// SPDX-License-Identifier: Apache-2.0
// PendingRows: the newest state of each row key in an uncommitted batch, for updates that build on a row
// written earlier in the same unit. Costs nothing until the first such update: then it is built from the
// batch, and kept up to date from there on. Used by one UnitWriter, on its thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <rocksdb/write_batch.h>

#include "base/status.h"

namespace freshet {

class PendingRows {
 public:
  bool active() const { return active_; }
  // Indexes what `batch` holds for the family. Range deletes are not looked at: the unit writer's hit only
  // rows ids that nobody reads again.
  Status Build(const rocksdb::WriteBatch& batch, uint32_t rows_family);
  void Put(std::string_view key, std::string_view value);
  void Delete(std::string_view key);
  // Null: the batch does not touch the key. nullopt inside: it deletes it.
  const std::optional<std::string>* Find(std::string_view key) const;
  void Clear();
  size_t bytes() const { return bytes_; }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  void Set(std::string_view key, std::optional<std::string> value);

  std::unordered_map<std::string, std::optional<std::string>, Hash, std::equal_to<>> rows_;
  size_t bytes_ = 0;
  bool active_ = false;
};

}  // namespace freshet
