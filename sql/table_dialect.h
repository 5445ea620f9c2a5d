// SPDX-License-Identifier: Apache-2.0
// CREATE TABLE and ALTER TABLE of users in the grammar that ddl/mysql_parse knows: types that only Doris names, clock
// defaults and the physical clauses behind the column list are taken out and given apart. Not a parser of columns: that
// is ddl/'s. Pure functions, any thread; called by the statement parser.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "sql/statement.h"
#include "sql/token_reader.h"

namespace freshet {

// Text in MySQL's grammar, and where each token of it stands in the user's statement.
struct MysqlText {
  std::string text;
  std::vector<std::pair<size_t, size_t>> places;  // offset in `text`, offset in the statement
};

// At the "(" of a column list; reads up to behind its ")". Returns the list, parentheses included, with MySQL's types.
// kInvalid with line and column: a type that nobody knows.
Result<MysqlText> TranslateColumnList(TokenReader& reader, std::vector<ColumnExtra>& extras);

// ALTER TABLE's clauses, up to the end of the statement, with MySQL's types.
Result<MysqlText> TranslateAlterClauses(TokenReader& reader, std::vector<ColumnExtra>& extras);

// What stands behind the column list, up to the end of the statement.
struct TableClauses {
  std::vector<std::string> unique_key;  // UNIQUE KEY(a, b)
  std::optional<std::string> comment;
  std::string options;  // the others as written
};
Result<TableClauses> ParseTableClauses(TokenReader& reader);

}  // namespace freshet
