// SPDX-License-Identifier: Apache-2.0
// ChangeRecorder: fills a StoredChanges (unit_writer.h) while a unit writer stores rows: images out of cells that are
// at hand, or out of stored bytes. One per call of the writer, on its thread; not made when nobody asks for changes.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "storage/unit_state.h"

namespace freshet {

class ChangeRecorder {
 public:
  // kInvalid when `changes` holds rows of another schema already.
  static Status Begin(const TableCodec& codec, StoredChanges& changes);
  // After Begin.
  ChangeRecorder(TableCodec& codec, StoredChanges& changes) : codec_(codec), changes_(changes) {}

  bool whole_before() const { return changes_.whole_before; }
  bool older_rows() const { return changes_.older_rows; }

  // An image of the stored columns out of `cells` (of the codec's schema; Bytes lie in `arena`), others kUnchanged.
  uint32_t Image(std::span<const Cell> cells, std::string_view arena);
  // The key columns only.
  uint32_t KeyImage(std::span<const Cell> cells, std::string_view arena);
  // A row as it is stored.
  Result<uint32_t> StoredImage(std::string_view key, std::string_view value);

  // kNoImage where there is none; without both nothing is noted.
  void Add(uint32_t before, uint32_t after);

 private:
  Cell Copy(const Cell& cell, std::string_view arena);

  TableCodec& codec_;
  StoredChanges& changes_;
  std::vector<Cell> decoded_;
};

}  // namespace freshet
