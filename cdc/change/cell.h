// SPDX-License-Identifier: Apache-2.0
// Cell: one column value, 16 bytes. Its meaning is in ddl/type.h; Bytes live in the batch's arena.
#pragma once

#include <bit>
#include <cstdint>

namespace freshet {

enum class CellKind : uint8_t {
  kNull,
  kUnchanged,  // the source did not send it: unchanged TOAST, MINIMAL images. Never reaches disk.
  kInt,
  kUint,
  kDouble,
  kBytes,
};

struct Cell {
  uint64_t bits = 0;  // Int, Uint, Double: the value's bits. Bytes: offset into the arena.
  uint32_t size = 0;  // Bytes: length
  CellKind kind = CellKind::kUnchanged;

  static Cell Null() { return {0, 0, CellKind::kNull}; }
  static Cell Unchanged() { return {0, 0, CellKind::kUnchanged}; }
  static Cell Int(int64_t value) { return {static_cast<uint64_t>(value), 0, CellKind::kInt}; }
  static Cell Uint(uint64_t value) { return {value, 0, CellKind::kUint}; }
  static Cell Double(double value) { return {std::bit_cast<uint64_t>(value), 0, CellKind::kDouble}; }

  int64_t AsInt() const { return static_cast<int64_t>(bits); }
  uint64_t AsUint() const { return bits; }
  double AsDouble() const { return std::bit_cast<double>(bits); }
};
static_assert(sizeof(Cell) == 16);

}  // namespace freshet
