// SPDX-License-Identifier: Apache-2.0
// Key codec: a row's primary key as order-preserving, decodable bytes. Comparing encoded keys bytewise
// orders rows by their key columns: numbers and times by value, strings bytewise (not by collation).
// Grammar in key_codec.cc.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/status.h"
#include "cdc/change/cell.h"
#include "ddl/table_schema.h"

namespace freshet {

// Appends `table`'s prefix: every key of the table starts with it; the table's keys end before
// TablePrefix(table + 1).
void AppendTablePrefix(TableId table, std::string& out);

// Appends one key column. kInvalid for NULL or kUnchanged; kCorrupt when the cell does not fit the type.
// `arena`: where Bytes cells point.
Status AppendKeyColumn(const LogicalType& type, const Cell& cell, std::string_view arena, std::string& out);

// Appends prefix and all key columns of an image (cells of schema.columns).
Status AppendKey(TableId table, const TableSchema& schema, std::span<const Cell> image, std::string_view arena,
                 std::string& out);

// Reads the key columns of `key` (prefix included), in key order, into `out` (one cell each); Bytes go to
// `arena`. kCorrupt when the bytes are no key of the table.
Status DecodeKey(const TableSchema& schema, std::string_view key, std::span<Cell> out, std::string& arena);

}  // namespace freshet
