// SPDX-License-Identifier: Apache-2.0
#include "sql/dialect.h"

#include "sql/dialect_rewriter.h"

namespace freshet {

Result<std::string> RewriteQuery(std::string_view sql, const std::vector<Token>& tokens,
                                 const DialectContext& context) {
  return Rewriter(sql, tokens, context).Run();
}

std::set<TableReference> TableCandidates(const std::vector<Token>& tokens) {
  std::set<TableReference> candidates;
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (!tokens[i].IsIdentifier()) continue;
    if (tokens[i + 1].IsSymbol(".") && i + 2 < tokens.size() && tokens[i + 2].IsIdentifier()) {
      candidates.insert({tokens[i].value, tokens[i + 2].value});
    }
    if (i == 0 || !tokens[i - 1].IsSymbol(".")) candidates.insert({"", tokens[i].value});
  }
  return candidates;
}

std::string SchemaOfDatabase(std::string_view database) {
  // DuckDB's catalogs and built-in schemas; MySQL's own schemas of facts are made of our rows.
  for (std::string_view taken : {"main", "temp", "memory", "system", "pg_catalog"}) {
    if (EqualsIgnoreCase(database, taken)) return "database " + std::string(database);
  }
  for (std::string_view facts : {"information_schema", "performance_schema"}) {
    if (EqualsIgnoreCase(database, facts)) return "freshet_" + std::string(facts);
  }
  return std::string(database);
}

std::string EncodeArguments(const std::vector<std::pair<std::string, std::string>>& arguments) {
  std::string text;
  const auto append = [&text](std::string_view part) {
    for (unsigned char c : part) {
      if (c == '%' || c == '&' || c == '=' || c < ' ') {
        text += '%';
        text += "0123456789ABCDEF"[c >> 4];
        text += "0123456789ABCDEF"[c & 15];
      } else {
        text += static_cast<char>(c);
      }
    }
  };
  for (const auto& [key, value] : arguments) {
    if (!text.empty()) text += '&';
    append(key);
    text += '=';
    append(value);
  }
  return text;
}

std::vector<std::pair<std::string, std::string>> DecodeArguments(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> arguments;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'A' + 10; };
  if (text.empty()) return arguments;
  arguments.emplace_back();
  std::string* part = &arguments.back().first;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '&') {
      arguments.emplace_back();
      part = &arguments.back().first;
    } else if (text[i] == '=') {
      part = &arguments.back().second;
    } else if (text[i] == '%' && i + 2 < text.size()) {
      *part += static_cast<char>(digit(text[i + 1]) << 4 | digit(text[i + 2]));
      i += 2;
    } else {
      *part += text[i];
    }
  }
  return arguments;
}

std::vector<Token> WithParameters(const std::vector<Token>& tokens, const std::vector<ParameterValue>& values) {
  if (values.empty()) return tokens;
  std::vector<Token> bound;
  size_t number = 0;
  for (const Token& token : tokens) {
    if (token.kind != TokenKind::kParameter || number == values.size()) {
      bound.push_back(token);
      continue;
    }
    const ParameterValue& value = values[number++];
    Token literal = token;
    literal.kind = !value.text ? TokenKind::kWord : value.as_number ? TokenKind::kNumber : TokenKind::kString;
    literal.value = value.text.value_or("NULL");
    if (value.as_number && literal.value.starts_with('-')) {
      bound.push_back({TokenKind::kSymbol, "-", token.begin, token.end});
      literal.value.erase(0, 1);
    }
    bound.push_back(std::move(literal));
  }
  return bound;
}

bool LooksLikeNumber(std::string_view text) {
  return IsNumberLiteral(text) && text.find_first_of("eE") == std::string_view::npos;
}

bool IsNumberLiteral(std::string_view text) {
  constexpr size_t kExactDigitsMax = 38;
  const auto is_digit = [&](size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
  size_t i = text.starts_with('-') ? 1 : 0;
  const size_t first = i;
  while (is_digit(i)) ++i;
  size_t digits = i - first;
  if (digits == 0) return false;
  if (i < text.size() && text[i] == '.') {
    const size_t fraction = ++i;
    while (is_digit(i)) ++i;
    if (i == fraction) return false;
    digits += i - fraction;
  }
  if (i == text.size()) return digits <= kExactDigitsMax;
  if (text[i] != 'e' && text[i] != 'E') return false;
  ++i;
  if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
  const size_t exponent = i;
  while (is_digit(i)) ++i;
  return i > exponent && i == text.size();
}

}  // namespace freshet
