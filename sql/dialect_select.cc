// SPDX-License-Identifier: Apache-2.0
// The outermost SELECT: names of its columns as MySQL gives them, and HAVING without groups.
#include <algorithm>

#include "sql/dialect_rewriter.h"

namespace freshet {

namespace {

// Deeper nesting of rewritten calls is refused: recursion must not exhaust the stack.
constexpr int kCallDepthMax = 200;

bool EndsSelectList(const Token& token) {
  return IsAnyOf(token, {"FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "UNION", "INTERSECT", "EXCEPT", "WINDOW",
                         "QUALIFY", "INTO", "FOR"}) ||
         token.kind == TokenKind::kEnd || token.IsSymbol(";");
}

bool IsAggregate(const Token& token) {
  return IsAnyOf(token, {"AVG", "BIT_AND", "BIT_OR", "BIT_XOR", "COUNT", "GROUP_CONCAT", "JSON_ARRAYAGG",
                         "JSON_OBJECTAGG", "MAX", "MIN", "STD", "STDDEV", "STDDEV_POP", "STDDEV_SAMP", "SUM", "VAR_POP",
                         "VAR_SAMP", "VARIANCE", "ANY_VALUE"});
}

}  // namespace

// An unnamed expression of the outermost select list is named by its text, as MySQL does.
bool Rewriter::NeedsAlias(Range item) const {
  if (item.size() < 2 && tokens_[item.begin].kind != TokenKind::kVariable) return false;
  int depth = 0;
  for (size_t i = item.begin; i < item.end; ++i) {
    const Token& token = tokens_[i];
    if (token.IsSymbol("(")) ++depth;
    if (token.IsSymbol(")")) --depth;
    if (depth == 0 && (token.Is("AS") || token.Is("COLUMNS") || token.IsSymbol("=>"))) return false;
  }
  const Token& first = tokens_[item.begin];
  const Token& last = tokens_[item.end - 1];
  if (first.IsSymbol("*") || last.IsSymbol("*") || IsAnyOf(first, {"DISTINCT", "ALL"})) return false;
  if (item.size() >= 3 && tokens_[item.begin + 1].IsSymbol(".") && tokens_[item.begin + 2].IsSymbol("*")) return false;
  if (last.kind == TokenKind::kVariable || last.IsSymbol(")")) return true;
  // "x y" names x; "a.b" is a column; a keyword operand ends an expression.
  return last.kind == TokenKind::kNumber && tokens_[item.end - 2].kind == TokenKind::kSymbol &&
         !tokens_[item.end - 2].IsSymbol(".");
}

// "3 type": DuckDB takes a keyword of its own as a name only when it is quoted.
bool Rewriter::HasBareAlias(Range item) const {
  if (item.size() < 2) return false;
  const Token& last = tokens_[item.end - 1];
  const Token& before = tokens_[item.end - 2];
  if (last.kind != TokenKind::kWord || IsIntervalUnit(last) ||
      IsAnyOf(last, {"END", "NULL", "TRUE", "FALSE", "UNKNOWN", "ALL", "DUAL"})) {
    return false;
  }
  if (item.size() >= 3 && tokens_[item.end - 3].Is("INTERVAL")) return false;  // a unit of two parts
  if (before.kind == TokenKind::kWord) {
    return !IsAnyOf(before, {"ALL", "AND",  "AS",     "BETWEEN", "BINARY",   "CASE", "COLLATE", "DISTINCT",
                             "DIV", "ELSE", "ESCAPE", "IN",      "INTERVAL", "IS",   "LIKE",    "MOD",
                             "NOT", "OR",   "REGEXP", "RLIKE",   "THEN",     "WHEN", "XOR"});
  }
  return before.kind == TokenKind::kNumber || before.kind == TokenKind::kString || before.kind == TokenKind::kName ||
         before.IsSymbol(")");
}

Result<std::string> Rewriter::SelectItem(Range item) {
  if (HasBareAlias(item)) {
    ASSIGN_OR_RETURN(const std::string value, Rewrite({item.begin, item.end - 1}));
    return value + " AS " + QuoteSqlName(tokens_[item.end - 1].value);
  }
  ASSIGN_OR_RETURN(std::string text, Rewrite(item));
  if (!NeedsAlias(item)) return text;
  const size_t begin = tokens_[item.begin].begin;
  return text + " AS " + QuoteSqlName(sql_.substr(begin, tokens_[item.end - 1].end - begin));
}

Result<std::string> Rewriter::Run() {
  const size_t end = tokens_.size() - 1;
  int open = 0;
  for (size_t i = 0; i < end; ++i) {
    open += tokens_[i].IsSymbol("(") ? 1 : tokens_[i].IsSymbol(")") ? -1 : 0;
    if (open < 0) return SyntaxErrorAt(sql_, tokens_[i].begin, "no ')' without a '(' before");
    if (open > kCallDepthMax) return Refuse(i, "parentheses nested deeper than " + std::to_string(kCallDepthMax));
  }
  if (open != 0) return SyntaxErrorAt(sql_, sql_.size(), "')'");
  if (end == 0 || !tokens_[0].Is("SELECT")) return Rewrite({0, end});
  std::string out = "SELECT ";
  size_t at = 1;
  while (at < end && (IsAnyOf(tokens_[at], {"DISTINCT", "ALL"}) || SkipNoise(at, end) != at)) {
    if (tokens_[at].Is("DISTINCT") && at + 1 < end && tokens_[at + 1].Is("ON")) break;
    if (tokens_[at].Is("DISTINCT")) out += "DISTINCT ";
    if (EndsSelectList(tokens_[at])) break;
    ++at;
  }
  size_t item = at;
  int depth = 0;
  for (; at <= end; ++at) {
    if (tokens_[at].IsSymbol("(") || tokens_[at].IsSymbol("[")) ++depth;
    if (tokens_[at].IsSymbol(")") || tokens_[at].IsSymbol("]")) --depth;
    const bool done = at == end || (depth == 0 && EndsSelectList(tokens_[at]));
    if (!done && !(depth == 0 && tokens_[at].IsSymbol(","))) continue;
    if (at > item) {
      ASSIGN_OR_RETURN(const std::string text, SelectItem({item, at}));
      out += text;
    }
    if (done) break;
    out += ", ";
    item = at + 1;
  }
  const size_t having = UngroupedHaving(at, end);
  ASSIGN_OR_RETURN(const std::string rest, Rewrite({at, having}));
  if (!rest.empty()) out += " " + rest;
  return having == end ? Result<std::string>(std::move(out)) : AroundHaving(std::move(out), having, end);
}

// Without groups HAVING is a condition on the rows that were selected, by their new names. They are sorted before,
// where the columns of the tables have names, and the condition keeps their order.
Result<std::string> Rewriter::AroundHaving(std::string selected, size_t having, size_t end) {
  size_t order = end;
  size_t limit = end;
  int depth = 0;
  for (size_t i = having; i < end; ++i) {
    if (tokens_[i].IsSymbol("(")) ++depth;
    if (tokens_[i].IsSymbol(")")) --depth;
    if (depth == 0 && order == end && limit == end && tokens_[i].Is("ORDER")) order = i;
    if (depth == 0 && limit == end && tokens_[i].Is("LIMIT")) limit = i;
  }
  ASSIGN_OR_RETURN(const std::string condition, Rewrite({having + 1, std::min(order, limit)}));
  ASSIGN_OR_RETURN(const std::string sorting, Rewrite({std::min(order, limit), limit}));
  ASSIGN_OR_RETURN(const std::string limited, Rewrite({limit, end}));
  return "SELECT * FROM (" + selected + (sorting.empty() ? "" : " " + sorting) + ") AS answer WHERE " + condition +
         (limited.empty() ? "" : " " + limited);
}

size_t Rewriter::UngroupedHaving(size_t at, size_t end) const {
  size_t having = end;
  int depth = 0;
  for (size_t i = 0; i < end; ++i) {
    if (tokens_[i].IsSymbol("(")) ++depth;
    if (tokens_[i].IsSymbol(")")) --depth;
    if (IsAggregate(tokens_[i]) && IsCall(i)) return end;
    if (depth > 0) continue;
    if (IsAnyOf(tokens_[i], {"GROUP", "UNION", "INTERSECT", "EXCEPT"})) return end;
    if (i >= at && tokens_[i].Is("HAVING")) having = i;
  }
  return having;
}

}  // namespace freshet
