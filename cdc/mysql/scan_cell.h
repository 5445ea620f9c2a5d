// SPDX-License-Identifier: Apache-2.0
// One value of a text result set -> canonical cell, the same as the log's. No allocation but arena growth.
// Called by the scanner's thread.
#pragma once

#include <string_view>

#include "cdc/change/row_batch.h"

namespace freshet {

// `value` is not NULL. Binary columns and BIT come as raw bytes. kCorrupt names the column, never the value.
Status ScanCell(const Column& column, std::string_view value, RowBatch& batch, Cell* cell);

}  // namespace freshet
