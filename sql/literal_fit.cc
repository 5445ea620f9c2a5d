// SPDX-License-Identifier: Apache-2.0
#include "sql/literal_fit.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace freshet {

namespace {

constexpr size_t kDigitsMax = 38;  // of a DECIMAL literal

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

size_t TakeDigits(std::string_view& text) {
  size_t digits = 0;
  while (digits < text.size() && IsDigit(text[digits])) ++digits;
  text.remove_prefix(digits);
  return digits;
}

// The fraction digits of a number as "-12.50"; nullopt: it is none, or too long, or has an exponent.
std::optional<size_t> FractionOf(std::string_view text) {
  text = Trimmed(text);
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  const size_t whole = TakeDigits(text);
  if (text.empty() || text.front() != '.') return std::nullopt;
  text.remove_prefix(1);
  const size_t fraction = TakeDigits(text);
  if (!text.empty() || whole + fraction == 0 || whole + fraction > kDigitsMax) return std::nullopt;
  return fraction;
}

// "2024-01-01 10:00" and "2024-01-01T10:00:00.5", without a zone.
bool IsMoment(std::string_view text) {
  text = Trimmed(text);
  for (const char separator : {'-', '-', ' ', ':'}) {
    const size_t digits = TakeDigits(text);
    if (digits == 0 || digits > 4 || text.empty()) return false;
    if (text.front() != separator && !(separator == ' ' && text.front() == 'T')) return false;
    text.remove_prefix(1);
  }
  if (TakeDigits(text) == 0) return false;
  if (text.empty() || text.front() != ':') return text.empty();
  text.remove_prefix(1);
  if (TakeDigits(text) == 0) return false;
  if (text.empty() || text.front() != '.') return text.empty();
  text.remove_prefix(1);
  return TakeDigits(text) > 0 && text.empty();
}

bool IsComparison(const Token& token) {
  static constexpr std::array<std::string_view, 8> kSymbols = {"=", "<>", "!=", "<", ">", "<=", ">=", "<=>"};
  return std::any_of(kSymbols.begin(), kSymbols.end(), [&](std::string_view symbol) { return token.IsSymbol(symbol); });
}

// Binds closer than a comparison: what it stands beside is a part of an expression.
bool IsOperator(const Token& token) {
  static constexpr std::array<std::string_view, 13> kSymbols = {"+", "-",  "*",  "/", "%", "||", "^",
                                                                "&", "<<", ">>", "|", ".", "->"};
  static constexpr std::array<std::string_view, 7> kWords = {"DIV",  "MOD",       "COLLATE", "BINARY",
                                                             "DATE", "TIMESTAMP", "INTERVAL"};
  return std::any_of(kSymbols.begin(), kSymbols.end(), [&](std::string_view s) { return token.IsSymbol(s); }) ||
         std::any_of(kWords.begin(), kWords.end(), [&](std::string_view w) { return token.Is(w); });
}

bool IsLiteral(const Token& token) {
  return token.kind == TokenKind::kString || token.kind == TokenKind::kNumber;
}

class Fitter {
  using Kind = LiteralColumn::Kind;

 public:
  Fitter(const std::vector<Token>& tokens, const std::vector<LiteralColumn>& columns)
      : tokens_(tokens), columns_(columns) {}

  // What stands for the literal at `at`; nullopt: itself.
  std::optional<std::string> Replacement(size_t at) const {
    const std::string& text = tokens_[at].value;
    const std::optional<size_t> fraction = FractionOf(text);
    const bool moment = !fraction && IsMoment(text);
    if (!fraction && !moment) return std::nullopt;
    const std::optional<LiteralColumn> column = ColumnBeside(at);
    if (!column) return std::nullopt;
    if (moment) {
      if (column->kind != Kind::kDate) return std::nullopt;
      return "TIMESTAMP " + QuoteLiteral(Trimmed(text));
    }
    const bool fits = column->kind == Kind::kDecimal ? *fraction <= column->scale : column->kind != Kind::kInteger;
    if (fits) return std::nullopt;
    std::string number(Trimmed(text));
    if (number.front() == '+') number.erase(0, 1);
    return " " + number + " ";
  }

 private:
  std::optional<LiteralColumn> ColumnBeside(size_t at) const {
    if (IsOperator(tokens_[at + 1]) || (at > 0 && IsOperator(tokens_[at - 1]))) return std::nullopt;
    if (at >= 2 && IsComparison(tokens_[at - 1])) return EndingAt(at - 2);
    if (IsComparison(tokens_[at + 1])) return StartingAt(at + 2);
    if (at == 0) return std::nullopt;
    if (tokens_[at - 1].Is("BETWEEN")) return BeforeWord(at - 1);
    if (at >= 4 && tokens_[at - 1].Is("AND") && IsLiteral(tokens_[at - 2]) && tokens_[at - 3].Is("BETWEEN")) {
      return BeforeWord(at - 3);
    }
    return OfList(at);
  }

  // x [NOT] IN ('a', 'b', ..)
  std::optional<LiteralColumn> OfList(size_t at) const {
    if (!tokens_[at + 1].IsSymbol(",") && !tokens_[at + 1].IsSymbol(")")) return std::nullopt;
    while (at >= 2 && tokens_[at - 1].IsSymbol(",") && IsLiteral(tokens_[at - 2])) at -= 2;
    if (at < 3 || !tokens_[at - 1].IsSymbol("(") || !tokens_[at - 2].Is("IN")) return std::nullopt;
    return BeforeWord(at - 2);
  }

  // The operand in front of [NOT] IN, [NOT] BETWEEN.
  std::optional<LiteralColumn> BeforeWord(size_t at) const {
    if (at > 0 && tokens_[at - 1].Is("NOT")) --at;
    return at > 0 ? EndingAt(at - 1) : std::nullopt;
  }

  std::optional<LiteralColumn> EndingAt(size_t last) const {
    if (!tokens_[last].IsIdentifier()) return std::nullopt;
    size_t first = last;
    while (first >= 2 && tokens_[first - 1].IsSymbol(".") && tokens_[first - 2].IsIdentifier()) first -= 2;
    if (first > 0 && IsOperator(tokens_[first - 1])) return std::nullopt;
    return Named(tokens_[last].value);
  }

  std::optional<LiteralColumn> StartingAt(size_t first) const {
    if (first >= tokens_.size() || !tokens_[first].IsIdentifier()) return std::nullopt;
    size_t last = first;
    while (tokens_[last + 1].IsSymbol(".") && tokens_[last + 2].IsIdentifier()) last += 2;
    if (tokens_[last + 1].IsSymbol("(") || IsOperator(tokens_[last + 1])) return std::nullopt;
    return Named(tokens_[last].value);
  }

  // The column of that name; of two, the one that holds less, when they are of one kind.
  std::optional<LiteralColumn> Named(std::string_view name) const {
    std::optional<LiteralColumn> found;
    for (const LiteralColumn& column : columns_) {
      if (!EqualsIgnoreCase(column.name, name)) continue;
      if (!found) {
        found = column;
      } else if (found->kind != column.kind) {
        return std::nullopt;
      } else {
        found->scale = std::min(found->scale, column.scale);
      }
    }
    return found;
  }

  const std::vector<Token>& tokens_;
  const std::vector<LiteralColumn>& columns_;
};

}  // namespace

bool MayNotFit(const std::vector<Token>& tokens) {
  return std::any_of(tokens.begin(), tokens.end(), [](const Token& token) {
    return token.kind == TokenKind::kString && (FractionOf(token.value) || IsMoment(token.value));
  });
}

std::optional<std::string> FitLiterals(std::string_view sql, const std::vector<Token>& tokens,
                                       const std::vector<LiteralColumn>& columns) {
  const Fitter fitter(tokens, columns);
  std::string text;
  size_t copied = 0;
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (tokens[i].kind != TokenKind::kString) continue;
    const std::optional<std::string> replacement = fitter.Replacement(i);
    if (!replacement) continue;
    text.append(sql.substr(copied, tokens[i].begin - copied)).append(*replacement);
    copied = tokens[i].end;
  }
  if (copied == 0) return std::nullopt;
  return text.append(sql.substr(copied));
}

}  // namespace freshet
