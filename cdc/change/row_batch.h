// SPDX-License-Identifier: Apache-2.0
// RowBatch: row changes of one table under one schema version, in log order. Flat row-major cells and
// one arena: no allocation per cell or row once the vectors have grown. Built by a binder or a scanner,
// read by the sink; never changed after it is handed over.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cdc/change/cell.h"
#include "ddl/table_schema.h"

namespace freshet {

enum class RowOp : uint8_t { kInsert, kUpdate, kDelete };

inline constexpr uint32_t kNoImage = UINT32_MAX;

// Images are numbers: image i is cells [i * columns, (i + 1) * columns).
// kInsert: after. kUpdate: after, and before when the key changed or is needed to find the row (its
// non-key cells may be kUnchanged). kDelete: before, at least the key cells.
struct RowChange {
  RowOp op = RowOp::kInsert;
  uint32_t before = kNoImage;
  uint32_t after = kNoImage;
};

struct RowBatch {
  SchemaPtr schema;
  std::vector<RowChange> rows;
  std::vector<Cell> cells;
  std::string arena;

  size_t columns() const { return schema->columns.size(); }
  // Appends an image of kUnchanged cells and returns its number.
  uint32_t AppendImage() {
    const uint32_t image = static_cast<uint32_t>(cells.size() / columns());
    cells.resize(cells.size() + columns());
    return image;
  }
  std::span<Cell> Image(uint32_t image) { return {cells.data() + image * columns(), columns()}; }
  std::span<const Cell> Image(uint32_t image) const { return {cells.data() + image * columns(), columns()}; }
  Cell AppendBytes(std::string_view bytes) {
    const Cell cell{arena.size(), static_cast<uint32_t>(bytes.size()), CellKind::kBytes};
    arena.append(bytes);
    return cell;
  }
  std::string_view Bytes(const Cell& cell) const { return {arena.data() + cell.bits, cell.size}; }
  // Memory that the batch holds, for budgets.
  size_t bytes() const {
    return cells.capacity() * sizeof(Cell) + rows.capacity() * sizeof(RowChange) + arena.capacity();
  }
};

}  // namespace freshet
