// SPDX-License-Identifier: Apache-2.0
// TableLoad: the storage side of one statement that writes a user's table: the lease, the writing in pieces, the
// commit. Nothing of it is stored unless Finish succeeds. FixedCells: what columns get in every row alike, defaults
// above all. Neither knows SQL. Used by the session's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/stop.h"
#include "cdc/change/row_batch.h"
#include "storage/unit_writer.h"

namespace freshet {

class TableLoad {
 public:
  // MySQL's innodb_lock_wait_timeout.
  static constexpr std::chrono::milliseconds kLeaseWait{50000};

  // Waits for the table's lease at most kLeaseWait. kTimeout names the holder, kCancelled: stopped, kNotFound: dropped.
  static Result<std::unique_ptr<TableLoad>> Open(Store& store, TableId table, const std::string& holder,
                                                 StopToken stop);

  // As of the lease: nobody else changes it till the end.
  const StoredTablePtr& table() const { return table_; }
  UnitWriter& writer() { return *writer_; }

  // kInsert rows and kDelete rows are counted as they are, kUpdate rows as matched, and as changed when a cell differs.
  Status Apply(const RowBatch& batch);
  // Commits; durable when it returns.
  Status Finish();

  uint64_t matched() const { return matched_; }
  uint64_t changed() const { return changed_; }

 private:
  static constexpr size_t kPieceBytes = 8u << 20;

  TableLoad(Store& store, StopToken stop) : store_(store), stop_(std::move(stop)) {}
  void CountChanges(const RowBatch& changes);

  Store& store_;
  const StopToken stop_;
  std::unique_ptr<UnitWriter> writer_;
  StoredTablePtr table_;
  uint64_t matched_ = 0;
  uint64_t changed_ = 0;
};

class FixedCells {
 public:
  // The defaults of the columns that `given` does not name. kInvalid: a NOT NULL column without one. `now_us`: wall
  // clock, of the statement.
  static Result<FixedCells> Defaults(const TableSchema& schema, const std::vector<uint32_t>& given, int64_t now_us);

  // Bytes lie in `arena`.
  void Add(uint32_t column, Cell cell, std::string_view arena);
  // Sets the cells of an image.
  void Fill(RowBatch& batch, uint32_t image) const;

 private:
  struct Fixed {
    uint32_t column;
    Cell cell;  // Bytes lie in arena_
  };
  std::vector<Fixed> cells_;
  std::string arena_;
};

// What an INSERT that omits the column gets. kInvalid: nothing, and it is NOT NULL.
Result<Cell> DefaultCell(const Column& column, int64_t now_us, std::string& arena);

}  // namespace freshet
