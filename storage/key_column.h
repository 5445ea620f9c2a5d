// SPDX-License-Identifier: Apache-2.0
// One column out of an encoded row key, for readers that need only some of them. Not the writer's side:
// that is key_codec.h. Called by the row decoder from any thread. Grammar in key_codec.cc.
#pragma once

#include <string>

#include "base/cursor.h"
#include "base/status.h"
#include "cdc/change/cell.h"
#include "ddl/type.h"

namespace freshet {

// Reads the next key column at `cursor`; Bytes go to `arena`. kCorrupt when it does not parse.
Status DecodeKeyColumn(const LogicalType& type, ByteCursor& cursor, Cell& out, std::string& arena);

}  // namespace freshet
