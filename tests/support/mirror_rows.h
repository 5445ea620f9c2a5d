// SPDX-License-Identifier: Apache-2.0
// What the mirror holds of a table of tests/support/memory_source, as plain values.
#pragma once

#include <gtest/gtest.h>

#include "storage/read_view.h"
#include "tests/support/memory_source.h"

namespace freshet::test {

inline std::ostream& operator<<(std::ostream& out, const MemoryRow& row) {
  return out << row.a << "/" << row.b;
}

// Empty when the table is not there.
inline MemoryRows RowsOf(Store& store, const std::string& database, const std::string& table) {
  MemoryRows rows;
  auto view = store.OpenView();
  EXPECT_TRUE(view.ok());
  const StoredTablePtr stored = (*view)->FindTable(database, table);
  if (stored == nullptr) return rows;
  auto scan = (*view)->Scan(*stored, {0, 1, 2}, {});
  EXPECT_TRUE(scan.ok()) << scan.status().message();
  RowBlock block;
  while (true) {
    block.Clear();
    const Status status = (*scan)->Next(block, 100);
    EXPECT_TRUE(status.ok()) << status.message();
    if (!status.ok() || block.rows == 0) return rows;
    for (size_t i = 0; i < block.rows; ++i) {
      const Cell* cells = &block.cells[i * 3];
      rows[cells[0].AsInt()] = {cells[1].AsInt(), std::string(block.Bytes(cells[2]))};
    }
  }
}

}  // namespace freshet::test
