// SPDX-License-Identifier: Apache-2.0
// ReadView: rows and catalog at one transaction boundary (a RocksDB snapshot and the catalog of the same
// moment). Immutable, shareable between threads, released by the last holder. RowScan reads a key range of
// a table with projection; rows of older schema versions come out in the newest shape.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "cdc/change/cell.h"
#include "storage/store.h"

namespace freshet {

// Projected cells, row-major: cell (r, c) is cells[r * columns + c]; Bytes lie in the arena.
struct RowBlock {
  size_t rows = 0;
  std::vector<Cell> cells;
  std::string arena;
  std::string_view Bytes(const Cell& cell) const { return {arena.data() + cell.bits, cell.size}; }
  void Clear() {
    rows = 0;
    cells.clear();
    arena.clear();
  }
};

// Encoded keys (storage/key_codec): from <= key < to; empty = open on that side.
struct KeyRange {
  std::string from;
  std::string to;
};

class RowScan {
 public:
  virtual ~RowScan() = default;
  // Replaces `block` by up to `rows_max` further rows; block.rows == 0 at the end. kCorrupt names table.
  virtual Status Next(RowBlock& block, size_t rows_max) = 0;
};

class ReadView {
 public:
  virtual ~ReadView() = default;
  virtual std::vector<std::string> Databases() const = 0;                                        // name order
  virtual std::vector<StoredTablePtr> Tables(std::string_view database) const = 0;               // name order
  virtual StoredTablePtr FindTable(std::string_view database, std::string_view name) const = 0;  // or null
  // `projection`: indexes into table.schema->columns, no excluded ones.
  virtual Result<std::unique_ptr<RowScan>> Scan(const StoredTable& table, std::vector<uint32_t> projection,
                                                KeyRange range) const = 0;
  // Splits a table into about `parts` ranges of similar size, in key order, covering all keys.
  virtual std::vector<KeyRange> Split(const StoredTable& table, size_t parts) const = 0;
  virtual uint64_t EstimateRows(const StoredTable& table) const = 0;
};

}  // namespace freshet
