// SPDX-License-Identifier: Apache-2.0
// SQL text of table scans: column list, key ranges in index-friendly form, key literals. Pure functions.
#pragma once

#include <string>

#include "base/status.h"
#include "cdc/change/source.h"
#include "cdc/mysql/charset.h"

namespace freshet {

// Columns of a chunk, in schema order without excluded ones, so that text results hold exact values.
std::string ScanColumns(const TableSchema& schema);
// The key's columns as KeyText: text, "\x.." for binary, the index number for ENUM and the bits for SET (their
// order is not that of their labels).
std::string KeyColumns(const TableSchema& schema);
std::string OrderByKey(const TableSchema& schema);

// " WHERE .." for after < key <= up_to; "" when both are open. kInvalid when a key text is no value of its
// column.
Result<std::string> WhereRange(const TableSchema& schema, const ChunkRange& range);

// A scanned row's key as KeyText; `cells` is one image of `batch`.
Result<KeyText> KeyTextOf(const TableSchema& schema, const RowBatch& batch, uint32_t image);
// As KeyText, from a result of KeyColumns.
std::string KeyTextFromResult(const Column& column, std::string_view value);

}  // namespace freshet
