// SPDX-License-Identifier: Apache-2.0
// The MySQL dialect bridge: a query's tokens, rewritten into DuckDB's SQL. Never works on raw text, so what is
// inside a string stays inside it. Not a parser of queries: what it does not know passes through and DuckDB
// reports it. docs/sql.md lists the differences that remain. Pure, any thread.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "sql/statement.h"
#include "sql/token.h"

namespace freshet {

// How one '?' is written: as DuckDB's own marker, or as a literal.
struct ParameterValue {
  std::optional<std::string> text;  // nullopt: NULL
  bool as_number = false;           // write the text bare; only for text that is a number
};

struct DialectContext {
  std::string database;  // current one; "" none
  std::string user;      // "root@127.0.0.1"
  uint32_t connection_id = 0;
  std::string version;
  // Value of @@name or (with the "@") of a user variable; nullopt: unknown.
  std::function<std::optional<std::string>(std::string_view name)> variable;
  std::set<std::string, std::less<>> system_tables;  // lower case: jobs, tasks, ..
  // Functions over files, lower case, and what stands for a call of one in DuckDB's SQL.
  std::set<std::string, std::less<>> file_functions;
  std::function<std::string(const std::string& name, Properties arguments)> file_call;
  // Empty: '?' stays. Else one value per '?', in order.
  std::vector<ParameterValue> parameters;
  bool lenient_casts = false;  // CAST and CONVERT give NULL for what does not fit
};

// kInvalid, kUnsupported: a construct whose meaning DuckDB does not share (the text says what to write).
Result<std::string> RewriteQuery(std::string_view sql, const std::vector<Token>& tokens, const DialectContext& context);

// Names in the query that may be tables: every identifier and identifier pair. A superset of the tables.
struct TableReference {
  std::string database;  // "" = not qualified
  std::string name;
  auto operator<=>(const TableReference&) const = default;
};
std::set<TableReference> TableCandidates(const std::vector<Token>& tokens);

// DuckDB's schema for a database. The same name, but for those that mean something else to DuckDB.
std::string SchemaOfDatabase(std::string_view database);

// Arguments of a system table function as one string, and back: {"a": "1", "b": "2"} <-> "a=1&b=2".
std::string EncodeArguments(const std::vector<std::pair<std::string, std::string>>& arguments);
std::vector<std::pair<std::string, std::string>> DecodeArguments(std::string_view text);

// The tokens with a literal in the place of each '?'; without values the same tokens.
std::vector<Token> WithParameters(const std::vector<Token>& tokens, const std::vector<ParameterValue>& values);

// A number that DuckDB reads exactly: -12, 1.5.
bool LooksLikeNumber(std::string_view text);
// The same, or one with an exponent, which is a double: 2e+300.
bool IsNumberLiteral(std::string_view text);

}  // namespace freshet
