// SPDX-License-Identifier: Apache-2.0
// A cell of a column whose type the source has changed, as a cell of the type that the mirror kept
// (schema_change_behavior=ignore). Converts only where the value stays exactly the same; anything else is an
// error, never an approximation. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "cdc/change/cell.h"
#include "ddl/type.h"

namespace freshet {

struct CellTypes {
  const LogicalType& from;
  const LogicalType& to;
};

// `arena` holds the cell's bytes and takes those of the result. NULL and kUnchanged stay what they are. kInvalid,
// without the value, when it cannot be kept exactly.
Result<Cell> ConvertCell(const CellTypes& types, const Cell& cell, std::string& arena);

}  // namespace freshet
