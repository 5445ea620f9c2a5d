// SPDX-License-Identifier: Apache-2.0
// MappingPlan: the SELECT of a table-level job taken apart by its tokens: what a stream cannot do is refused, stars
// of the source are spelled out, and the texts of the statements to run are put together. Knows no DuckDB handle and
// no types; Mapping::Compile asks DuckDB for those. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "sql/statement.h"

namespace freshet {

// The table function that feeds the rows, and its hidden column: the number of the input row.
inline constexpr const char* kMappingFunction = "freshet_mapping_input";
inline constexpr const char* kMappingRow = "__freshet_row__";

struct PlanOptions {
  bool lenient_casts = false;  // CAST is TRY_CAST
};

class MappingPlan {
 public:
  // `columns`: of the source, as SQL calls them. kInvalid, kUnsupported with the reason and the place.
  static Result<MappingPlan> Make(const InsertSelect& insert, const std::vector<std::string>& columns,
                                  const PlanOptions& options);

  // The SELECT in DuckDB's SQL: first the row's number, then the list's columns.
  const std::string& select() const { return select_; }
  bool has_lookups() const { return has_lookups_; }
  const std::string& source_alias() const { return source_alias_; }
  // Target columns as written, without the delete sign. Empty: all.
  const std::vector<std::string>& target_columns() const { return target_columns_; }

  // An entry of the select list, stars of the source spelled out.
  struct Item {
    std::string text;           // as written, without its alias
    bool is_star = false;       // of a lookup table: as many columns as that has
    bool reads_others = false;  // has a subquery
    std::string varying;        // a function whose result differs from call to call, "" none
  };
  const std::vector<Item>& items() const { return items_; }
  // The columns of one item in DuckDB's SQL, to be counted.
  Result<std::string> SelectOfItem(size_t item) const;
  // The row's number and some items, over the source alone and without WHERE.
  Result<std::string> SelectOfSource(const std::vector<size_t>& items) const;
  // Source columns (indexes) that the text may name.
  std::vector<uint32_t> NamedColumns(const std::vector<std::string>& columns) const;

 private:
  Result<std::string> Rewrite(const std::string& mysql_text) const;

  std::string database_;
  PlanOptions options_;
  std::string select_;
  bool has_lookups_ = false;
  std::vector<std::string> target_columns_;
  std::vector<Item> items_;
  std::string from_;    // FROM .. in MySQL's words, its WHERE included
  std::string source_;  // "freshet_mapping_input() AS `o`"
  std::string source_alias_;
  std::string alias_;       // the same, quoted for MySQL
  bool names_all_ = false;  // a star of the source
};

}  // namespace freshet
