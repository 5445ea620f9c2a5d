// SPDX-License-Identifier: Apache-2.0
// Operators and clauses of MySQL that DuckDB writes or understands differently.
#include <algorithm>
#include <array>

#include "sql/dialect_rewriter.h"

namespace freshet {

namespace {

constexpr std::array<std::string_view, 11> kUnits = {"MICROSECOND", "SECOND",  "MINUTE", "HOUR", "DAY",   "WEEK",
                                                     "MONTH",       "QUARTER", "YEAR",   "DAYS", "MONTHS"};

}  // namespace

bool IsIntervalUnit(const Token& token) {
  return std::any_of(kUnits.begin(), kUnits.end(), [&](std::string_view unit) { return token.Is(unit); });
}

bool IsAnyOf(const Token& token, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return token.Is(word); });
}

Result<size_t> Rewriter::StepLimit(size_t at, size_t end, std::string& out) {
  if (at + 3 >= end || !tokens_[at + 2].IsSymbol(",")) return at;
  ASSIGN_OR_RETURN(const std::string offset, Rewrite({at + 1, at + 2}));
  ASSIGN_OR_RETURN(const std::string limit, Rewrite({at + 3, at + 4}));
  Append(at, "LIMIT " + limit + " OFFSET " + offset, out);
  return at + 4;
}

Result<size_t> Rewriter::StepInterval(size_t at, size_t end, std::string& out) {
  const size_t unit = OperandEnd(at + 1, end);
  if (unit >= end || !IsIntervalUnit(tokens_[unit])) {
    if (unit < end && tokens_[unit].kind == TokenKind::kWord && tokens_[unit].value.find('_') != std::string::npos) {
      return Refuse(unit, "a compound interval unit; add intervals of single units");
    }
    return at;
  }
  ASSIGN_OR_RETURN(const std::string amount, Rewrite({at + 1, unit}));
  std::string text = amount;
  if (tokens_[at + 1].kind == TokenKind::kString && unit == at + 2) text = tokens_[at + 1].value;
  if (!LooksLikeNumber(text)) text = amount;
  Append(at, "(INTERVAL (" + text + ") " + tokens_[unit].value + ")", out);
  return unit + 1;
}

// DuckDB's ~ matches the whole string, MySQL's REGEXP a part of it.
Result<size_t> Rewriter::StepRegexp(size_t at, size_t end, bool negated, std::string& out) {
  if (at + 1 < end && tokens_[at + 1].Is("BINARY"))
    return Refuse(at + 1, "REGEXP BINARY; REGEXP is case-sensitive here");
  const size_t after = OperandEnd(at + 1, end);
  if (after <= at + 1) return SyntaxErrorAt(sql_, tokens_[at].end, "a pattern");
  ASSIGN_OR_RETURN(const std::string pattern, Rewrite({at + 1, after}));
  out += negated ? " !~ " : " ~ ";
  out += "('(?s:.*)(?:' || " + pattern + " || ')(?s:.*)')";
  return after;
}

// The left operand is already written: it must be the whole of `out`'s last operand, so multiplicative chains
// to the left need parentheses.
Result<size_t> Rewriter::StepDiv(size_t at, size_t end, std::string& out) {
  size_t left = at - 1;
  if (tokens_[left].IsSymbol(")")) {
    int depth = 0;
    while (true) {
      if (tokens_[left].IsSymbol(")")) ++depth;
      if (tokens_[left].IsSymbol("(") && --depth == 0) break;
      if (left == 0) return SyntaxErrorAt(sql_, tokens_[at].begin, "an operand before DIV");
      --left;
    }
    if (left > 0 && tokens_[left - 1].IsIdentifier() &&
        !IsAnyOf(tokens_[left - 1], {"SELECT", "AND", "OR", "WHERE", "BY"}))
      --left;
  }
  while (left >= 2 && tokens_[left - 1].IsSymbol(".")) left -= 2;
  const Token& before = left > 0 ? tokens_[left - 1] : tokens_.back();
  if (before.IsSymbol("*") || before.IsSymbol("/") || before.IsSymbol("%") || before.Is("DIV") || before.Is("MOD")) {
    return Refuse(at, "DIV after another multiplication or division; write (a * b) DIV c");
  }
  ASSIGN_OR_RETURN(const std::string written, Rewrite({left, at}));
  if (!std::string_view(out).ends_with(written)) return Refuse(at, "DIV after this expression; put it in parentheses");
  const size_t after = OperandEnd(at + 1, end);
  if (after <= at + 1) return SyntaxErrorAt(sql_, tokens_[at].end, "an operand after DIV");
  ASSIGN_OR_RETURN(const std::string right, Rewrite({at + 1, after}));
  out.resize(out.size() - written.size());
  out += "freshet_div(" + written + ", " + right + ")";
  return after;
}

}  // namespace freshet
