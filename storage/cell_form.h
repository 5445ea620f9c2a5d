// SPDX-License-Identifier: Apache-2.0
// CellForm: how the cells of a logical type are laid out in keys and values, and which cells fit. Derived
// from ddl/type.h; holds no state. Called by the codecs from any thread.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "cdc/change/cell.h"
#include "ddl/type.h"

namespace freshet {

enum class CellForm : uint8_t {
  kInt,          // Int cell
  kUint,         // Uint cell
  kFloat32,      // Double cell that holds a float
  kFloat64,      // Double cell
  kDecimalText,  // Bytes cell with a number's text
  kFixed16,      // Bytes cell of 16 bytes
  kString,       // Bytes cell
};

CellForm FormOf(const LogicalType& type);

// True for kinds with values outside their natural form, kept as Bytes (escape rule of ddl/type.h).
bool MayEscape(const LogicalType& type);

// True when `cell` (not NULL, not kUnchanged) is a natural value of `type` or an escape that it allows.
bool CellFits(const LogicalType& type, const Cell& cell);

// kCorrupt "value does not fit DECIMAL(10,2)"; kInvalid for kUnchanged. Never holds the value.
Status CellMisfit(const LogicalType& type, const Cell& cell);

}  // namespace freshet
