// SPDX-License-Identifier: Apache-2.0
// Lookup joins: which rows of a joined table a batch can need. A mapping whose SELECT says
// `[LEFT] JOIN t ON t.key = source.column` reads those rows of t instead of the whole table. Found on the SELECT's
// tokens; DuckDB still evaluates the whole ON, so the ranges may only be too wide, never too narrow, and anything not
// surely understood means "all rows". Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cdc/change/row_batch.h"
#include "sql/token.h"
#include "storage/read_view.h"

namespace freshet {

// A joined table whose rows must equal the source's in some columns. Names as written.
struct LookupJoin {
  std::string database;  // "": the job's
  std::string table;
  struct Equality {
    std::string column;         // of the table
    std::string source_column;  // of the source
  };
  std::vector<Equality> equalities;
};

// `tokens`: of a SELECT over one source, whose alias is `source`. Without the tables that it names more than once.
std::vector<LookupJoin> FindLookupJoins(const std::vector<Token>& tokens, std::string_view source);

// The columns of a source that give the leading key columns of a table, in key order.
struct LookupKey {
  std::vector<uint32_t> source_columns;  // indexes into the source's columns
};
// nullopt when the equalities hold no leading key column, or only of types that are not surely compared bytewise.
// `source_names`: of its columns, as SQL calls them.
std::optional<LookupKey> KeyOfLookup(const LookupJoin& join, const TableSchema& table, const TableSchema& source,
                                     std::span<const std::string> source_names, std::span<const uint32_t> indexes);

// Where the rows lie that these images of the source need, one range for each key; nullopt when reading the whole
// table of about `table_rows` rows is cheaper.
std::optional<std::vector<KeyRange>> RangesOfLookup(const LookupKey& key, const StoredTable& table, uint64_t table_rows,
                                                    const RowBatch& source, std::span<const uint32_t> images);

}  // namespace freshet
