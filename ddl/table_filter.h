// SPDX-License-Identifier: Apache-2.0
// TableFilter: which tables of a source a job mirrors, from include_tables / exclude_tables. An entry is
// an exact name, a glob (* ? [..]) or /regex/ (ECMAScript, whole name); it may be qualified "schema.table"
// (the dot may be escaped as "\."; so may a comma). Unqualified entries match the table name in any of the
// job's schemas. exclude wins over include. An empty include list means all.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "ddl/table_schema.h"

namespace freshet {

class TableFilter {
 public:
  TableFilter();
  ~TableFilter();
  TableFilter(const TableFilter&);
  TableFilter& operator=(const TableFilter&);

  // Comma lists; blanks around entries are dropped. kInvalid names the entry and what is wrong with it.
  static Result<TableFilter> Parse(std::string_view include, std::string_view exclude);

  bool Matches(const TableName& name) const;
  // The exact (pattern-free) include entries, for "does not exist" errors at CREATE JOB.
  const std::vector<std::string>& exact_names() const;

 private:
  struct Rules;
  std::shared_ptr<const Rules> rules_;
};

}  // namespace freshet
