// SPDX-License-Identifier: Apache-2.0
#include "sql/dialect_rewriter.h"

#include <algorithm>

namespace freshet {

namespace {

// Words that DuckDB keeps for itself and MySQL lets a column have.
bool IsKeptWord(const Token& token) {
  return IsAnyOf(token,
                 {"analyse", "asymmetric", "at", "authorization", "collation", "concurrently", "deferrable", "freeze",
                  "initially", "map", "overlaps", "placing", "struct", "symmetric", "unpack", "variadic", "verbose"});
}

}  // namespace

Status Rewriter::Refuse(size_t at, std::string_view what) const {
  const Status place = SyntaxErrorAt(sql_, tokens_[at].begin, "");
  std::string where = place.message().substr(0, place.message().rfind(": expected"));
  where.replace(0, std::string_view("syntax error ").size(), "");
  return Status(Code::kUnsupported, "not supported " + where + ": " + std::string(what));
}

void Rewriter::Append(size_t at, std::string_view text, std::string& out) const {
  if (at > 0 && !out.empty()) {
    const std::string_view between = sql_.substr(tokens_[at - 1].end, tokens_[at].begin - tokens_[at - 1].end);
    if (between.find('\n') != std::string_view::npos) {
      out += '\n';
    } else if (!between.empty() || (out.back() == '-' && text.starts_with('-')) ||
               (out.back() == '/' && text.starts_with('*'))) {
      out += ' ';
    }
  }
  out += text;
}

size_t Rewriter::CloseOf(size_t open) const {
  int depth = 0;
  for (size_t i = open; i < tokens_.size(); ++i) {
    if (tokens_[i].IsSymbol("(")) ++depth;
    if (tokens_[i].IsSymbol(")") && --depth == 0) return i;
  }
  return tokens_.size() - 1;
}

size_t Rewriter::OperandEnd(size_t at, size_t end) const {
  size_t i = at;
  if (i < end && (tokens_[i].IsSymbol("-") || tokens_[i].IsSymbol("+"))) ++i;
  if (i >= end) return i;
  if (tokens_[i].IsSymbol("(")) return std::min(end, CloseOf(i) + 1);
  ++i;
  while (i + 1 < end && tokens_[i].IsSymbol(".") && tokens_[i + 1].IsIdentifier()) i += 2;
  if (i < end && tokens_[i].IsSymbol("(") && tokens_[i - 1].IsIdentifier()) return std::min(end, CloseOf(i) + 1);
  return i;
}

Result<std::string> Rewriter::Literal(const Token& token) const {
  if (token.kind == TokenKind::kHexString) {
    std::string blob = "'";
    for (unsigned char c : token.value) {
      blob += "\\x";
      blob += "0123456789ABCDEF"[c >> 4];
      blob += "0123456789ABCDEF"[c & 15];
    }
    return blob + "'::BLOB";
  }
  if (token.kind == TokenKind::kBitString) {
    uint64_t value = 0;
    for (char bit : token.value) value = value << 1 | (bit == '1' ? 1 : 0);
    return std::to_string(value);
  }
  // DuckDB's text has no NUL; a client that sends one means bytes.
  if (token.value.find('\0') != std::string::npos) return Literal({TokenKind::kHexString, token.value, 0, 0});
  return QuoteLiteral(token.value);
}

Result<std::string> Rewriter::Parameter(size_t at) const {
  if (context_.parameters.empty()) return std::string("?");
  size_t number = 0;
  for (size_t i = 0; i < at; ++i) number += tokens_[i].kind == TokenKind::kParameter ? 1 : 0;
  if (number >= context_.parameters.size()) {
    return Status(Code::kInvalid, "statement has more parameters than values were given");
  }
  const ParameterValue& value = context_.parameters[number];
  if (!value.text) return std::string("NULL");
  if (value.as_number) return "(" + *value.text + ")";
  if (value.text->find('\0') == std::string::npos) return QuoteLiteral(*value.text);
  Token bytes{TokenKind::kHexString, *value.text, 0, 0};
  return Literal(bytes);
}

Result<std::string> Rewriter::Variable(const Token& token) const {
  std::string name = ToLower(token.value);
  const bool system = name.starts_with("@@");
  if (system) {
    name.erase(0, 2);
    for (std::string_view scope : {"session.", "global.", "local."}) {
      if (name.starts_with(scope)) name.erase(0, scope.size());
    }
  }
  const std::optional<std::string> value = context_.variable ? context_.variable(name) : std::nullopt;
  if (!value && system) return Status(Code::kInvalid, "Unknown system variable '" + name + "'");
  if (!value) return std::string("NULL");
  return LooksLikeNumber(*value) ? *value : QuoteLiteral(*value);
}

Result<std::string> Rewriter::Rewrite(Range range) {
  std::string out;
  size_t at = range.begin;
  while (at < range.end) {
    ASSIGN_OR_RETURN(const size_t next, Step(at, range.end, out));
    CHECK(next > at);
    at = next;
  }
  return out;
}

Result<size_t> Rewriter::Step(size_t at, size_t end, std::string& out) {
  const Token& token = tokens_[at];
  switch (token.kind) {
    case TokenKind::kWord: return StepWord(at, end, out);
    case TokenKind::kName:
      Append(at,
             QuoteSqlName(at + 1 < end && tokens_[at + 1].IsSymbol(".") && !(at > 0 && tokens_[at - 1].IsSymbol("."))
                              ? SchemaOfDatabase(token.value)
                              : token.value),
             out);
      return at + 1;
    case TokenKind::kString: {
      if (at > 0 && tokens_[at - 1].Is("AS")) {
        Append(at, QuoteSqlName(token.value), out);
        return at + 1;
      }
      // DuckDB would round it to the type of the other operand: '1.5' * 2 is 4.
      if (IsOperand(at, end) && IsNumberLiteral(token.value)) {
        Append(at, "(" + token.value + ")", out);
        return at + 1;
      }
      ASSIGN_OR_RETURN(const std::string text, Literal(token));
      Append(at, text, out);
      // MySQL's LIKE knows backslash as its escape without being told.
      if (at > 0 && tokens_[at - 1].Is("LIKE") && token.value.find('\\') != std::string::npos &&
          !(at + 1 < end && tokens_[at + 1].Is("ESCAPE"))) {
        out += " ESCAPE '\\'";
      }
      return at + 1;
    }
    case TokenKind::kHexString:
    case TokenKind::kBitString: {
      ASSIGN_OR_RETURN(const std::string text, Literal(token));
      Append(at, text, out);
      return at + 1;
    }
    case TokenKind::kVariable: {
      ASSIGN_OR_RETURN(const std::string text, Variable(token));
      Append(at, text, out);
      return at + 1;
    }
    case TokenKind::kParameter: {
      ASSIGN_OR_RETURN(const std::string text, Parameter(at));
      Append(at, text, out);
      return at + 1;
    }
    case TokenKind::kSymbol: return StepSymbol(at, end, out);
    case TokenKind::kNumber:
    case TokenKind::kEnd: break;
  }
  Append(at, token.value, out);
  return at + 1;
}

bool Rewriter::IsOperand(size_t at, size_t end) const {
  const auto is_arithmetic = [&](size_t i) {
    const Token& token = tokens_[i];
    return token.kind == TokenKind::kSymbol && token.value.size() == 1 &&
           std::string_view("+-*/%").find(token.value[0]) != std::string_view::npos;
  };
  return (at > 0 && is_arithmetic(at - 1)) || (at + 1 < end && is_arithmetic(at + 1));
}

Result<size_t> Rewriter::StepSymbol(size_t at, size_t end, std::string& out) {
  const Token& token = tokens_[at];
  if (token.value == "<=>") {
    Append(at, " IS NOT DISTINCT FROM", out);
  } else if (token.value == "&&") {
    Append(at, " AND ", out);
  } else if (token.value == "!") {
    // Binds tighter than a comparison, unlike NOT.
    const size_t after = OperandEnd(at + 1, end);
    if (after <= at + 1) return SyntaxErrorAt(sql_, token.end, "an operand after !");
    ASSIGN_OR_RETURN(const std::string operand, Rewrite({at + 1, after}));
    Append(at, "(NOT " + operand + ")", out);
    return after;
  } else if (token.value == "->" || token.value == "->>") {
    return StepArrow(at, end, out);
  } else if (token.value == "^") {
    return Refuse(at, "operator ^ (bitwise exclusive or); use XOR(a, b), or POWER(a, b)");
  } else if (token.value == ":=") {
    return Refuse(at, "assignment within a query");
  } else {
    Append(at, token.value, out);
  }
  return at + 1;
}

Result<size_t> Rewriter::StepWord(size_t at, size_t end, std::string& out) {
  const Token& token = tokens_[at];
  const bool qualified = at > 0 && tokens_[at - 1].IsSymbol(".");
  const bool qualifier = at + 1 < end && tokens_[at + 1].IsSymbol(".");
  if (!qualified && !qualifier) {
    if (const size_t after = SkipNoise(at, end); after != at) return after;
    ASSIGN_OR_RETURN(const size_t next, StepOperatorWord(at, end, out));
    if (next != at) return next;
    if (at + 1 < end && IsCall(at)) {
      const size_t close = CloseOf(at + 1);
      if (close >= end) return SyntaxErrorAt(sql_, tokens_[at + 1].begin, "a closing ')'");
      ASSIGN_OR_RETURN(const std::string call, Call(at, close));
      if (!call.empty()) {
        Append(at, call, out);
        return close + 1;
      }
    } else if (const std::string fact = SessionFact(ToLower(token.value)); !fact.empty()) {
      Append(at, fact, out);
      return at + 1;
    }
  }
  const bool digits_first = token.value[0] >= '0' && token.value[0] <= '9';
  const std::string schema = qualifier && !qualified ? SchemaOfDatabase(token.value) : token.value;
  // A bare word that is a function for DuckDB, but a column for MySQL.
  const bool function_word =
      !IsCall(at) && IsAnyOf(token, {"user", "session_user", "current_role", "current_catalog", "current_schema"});
  // Behind a dot, MySQL takes any keyword as a name.
  const bool keyword_allowed = qualified && !IsCall(at);
  const bool kept_word = !IsCall(at) && at > 0 && IsKeptWord(token);
  Append(at,
         keyword_allowed || digits_first || function_word || kept_word || schema != token.value ||
                 token.value.find('$') != std::string::npos
             ? QuoteSqlName(schema)
             : token.value,
         out);
  return at + 1;
}

// Words without meaning for a read: optimizer switches, index hints, locking clauses, FROM dual.
size_t Rewriter::SkipNoise(size_t at, size_t end) const {
  const auto peek = [&](size_t i) -> const Token& { return tokens_[std::min(i, tokens_.size() - 1)]; };
  const Token& token = tokens_[at];
  if (IsAnyOf(token, {"SQL_NO_CACHE", "SQL_CACHE", "SQL_CALC_FOUND_ROWS", "SQL_SMALL_RESULT", "SQL_BIG_RESULT",
                      "SQL_BUFFER_RESULT", "HIGH_PRIORITY"}) &&
      at > 0 && IsAnyOf(tokens_[at - 1], {"SELECT", "DISTINCT", "ALL", "SQL_NO_CACHE", "SQL_CALC_FOUND_ROWS"})) {
    return at + 1;
  }
  if (token.Is("FROM") && peek(at + 1).Is("DUAL") && !peek(at + 2).IsSymbol(".")) return std::min(end, at + 2);
  if (IsAnyOf(token, {"USE", "FORCE", "IGNORE"}) && IsAnyOf(peek(at + 1), {"INDEX", "KEY"}) &&
      peek(at + 2).IsSymbol("(")) {
    return std::min(end, CloseOf(at + 2) + 1);
  }
  if (token.Is("FOR") && IsAnyOf(peek(at + 1), {"UPDATE", "SHARE"})) {
    size_t after = at + 2;
    while (IsAnyOf(peek(after), {"NOWAIT", "SKIP", "LOCKED"})) ++after;
    return std::min(end, after);
  }
  if (token.Is("LOCK") && peek(at + 1).Is("IN") && peek(at + 2).Is("SHARE") && peek(at + 3).Is("MODE")) {
    return std::min(end, at + 4);
  }
  return at;
}

Result<size_t> Rewriter::StepOperatorWord(size_t at, size_t end, std::string& out) {
  const Token& token = tokens_[at];
  const bool has_left = at > 0;
  if (token.Is("LIMIT")) return StepLimit(at, end, out);
  if (token.Is("INTERVAL") && !IsCall(at) && at + 1 < end) return StepInterval(at, end, out);
  if (token.Is("INTERVAL") && IsCall(at) &&
      IsIntervalUnit(tokens_[std::min(CloseOf(at + 1) + 1, tokens_.size() - 1)])) {
    return StepInterval(at, end, out);
  }
  if (has_left && token.Is("NOT") && at + 1 < end && IsAnyOf(tokens_[at + 1], {"REGEXP", "RLIKE"})) {
    return StepRegexp(at + 1, end, true, out);
  }
  if (has_left && IsAnyOf(token, {"REGEXP", "RLIKE"})) return StepRegexp(at, end, false, out);
  if (has_left && token.Is("DIV") && !IsCall(at)) return StepDiv(at, end, out);
  if (has_left && token.Is("DIV") && OperandEnd(at + 1, end) > at + 1) return StepDiv(at, end, out);
  if (has_left && token.Is("MOD") && !IsCall(at) && at + 1 < end && !tokens_[at - 1].Is("AS")) {
    Append(at, "%", out);
    return at + 1;
  }
  if (has_left && token.Is("XOR") && !IsCall(at)) return Refuse(at, "XOR; use <> between two conditions");
  if (token.Is("COLLATE") && at + 1 < end) {
    const std::string collation = ToLower(tokens_[at + 1].value);
    if (collation.ends_with("_ci")) Append(at, "COLLATE NOCASE", out);
    if (collation.ends_with("_ci") || collation.ends_with("_bin") || collation == "binary" ||
        collation.ends_with("_cs")) {
      return at + 2;
    }
  }
  return at;
}

}  // namespace freshet
