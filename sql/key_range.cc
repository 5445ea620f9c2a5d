// SPDX-License-Identifier: Apache-2.0
#include "sql/key_range.h"

#include <charconv>

#include "storage/key_codec.h"

namespace freshet {

namespace {

struct Bound {
  size_t column;      // index into the schema
  std::string op;     // = < <= > >=
  std::string value;  // literal's text
  bool negative = false;
  bool is_text = false;
};

constexpr std::string_view kClauseEnds[] = {"GROUP", "ORDER", "LIMIT", "HAVING", "WINDOW", "QUALIFY"};

bool IsClauseEnd(const Token& token) {
  for (std::string_view word : kClauseEnds) {
    if (token.Is(word)) return true;
  }
  return token.kind == TokenKind::kEnd;
}

// [WHERE + 1, end) when the query is one plain SELECT over one table; nullopt otherwise.
std::optional<std::pair<size_t, size_t>> WhereRange(const std::vector<Token>& tokens) {
  size_t where = 0;
  size_t from = 0;
  for (size_t i = 0; i < tokens.size(); ++i) {
    for (const char* word : {"JOIN", "UNION", "INTERSECT", "EXCEPT", "WITH", "OR", "XOR", "NOT", "CASE", "LATERAL",
                             "VALUES", "RECURSIVE"}) {
      if (tokens[i].Is(word)) return std::nullopt;
    }
    if (tokens[i].Is("SELECT") && i > 0) return std::nullopt;
    if (tokens[i].IsSymbol("||") || tokens[i].IsSymbol("^") || tokens[i].IsSymbol("!")) return std::nullopt;
    if (tokens[i].Is("FROM")) {
      if (from != 0) return std::nullopt;
      from = i;
    }
    if (tokens[i].Is("WHERE")) {
      if (where != 0 || from == 0) return std::nullopt;
      where = i;
    }
    if (from != 0 && where == 0 && tokens[i].IsSymbol(",")) return std::nullopt;
  }
  if (!tokens[0].Is("SELECT") || where == 0) return std::nullopt;
  size_t end = where + 1;
  while (!IsClauseEnd(tokens[end])) ++end;
  return std::pair(where + 1, end);
}

// One conjunct [begin, end): column op literal.
std::optional<Bound> ReadBound(const std::vector<Token>& tokens, size_t begin, size_t end, const TableSchema& schema) {
  size_t at = begin;
  if (at >= end || !tokens[at].IsIdentifier()) return std::nullopt;
  while (at + 2 < end && tokens[at + 1].IsSymbol(".") && tokens[at + 2].IsIdentifier()) at += 2;
  // A name that fits two columns (they differ in case) is ambiguous.
  std::optional<uint32_t> column;
  for (uint32_t i = 0; i < schema.columns.size(); ++i) {
    if (!EqualsIgnoreCase(schema.columns[i].name, tokens[at].value)) continue;
    if (column) return std::nullopt;
    column = i;
  }
  if (!column || at + 2 >= end || tokens[at + 1].kind != TokenKind::kSymbol) return std::nullopt;
  Bound bound{*column, tokens[at + 1].value};
  if (bound.op != "=" && bound.op != "<" && bound.op != "<=" && bound.op != ">" && bound.op != ">=")
    return std::nullopt;
  at += 2;
  if (tokens[at].IsSymbol("-") && at + 1 < end) {
    bound.negative = true;
    ++at;
  }
  if (at + 1 != end) return std::nullopt;
  bound.is_text = tokens[at].kind == TokenKind::kString;
  if (!bound.is_text && tokens[at].kind != TokenKind::kNumber) return std::nullopt;
  bound.value = tokens[at].value;
  return bound;
}

template <typename Int>
std::optional<Int> ParseInt(std::string_view text) {
  Int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Appends the literal as key bytes; false when it is not surely a value of the column's type.
bool AppendLiteral(const Column& column, const Bound& bound, std::string& key) {
  Cell cell;
  std::string arena;
  switch (column.type.kind) {
    case TypeKind::kInt8:
    case TypeKind::kInt16:
    case TypeKind::kInt32:
    case TypeKind::kInt64: {
      const int bits = column.type.kind == TypeKind::kInt8    ? 8
                       : column.type.kind == TypeKind::kInt16 ? 16
                       : column.type.kind == TypeKind::kInt32 ? 32
                                                              : 64;
      const auto value = ParseInt<int64_t>((bound.negative ? "-" : "") + bound.value);
      if (bound.is_text || !value || *value < INT64_MIN >> (64 - bits) || *value > INT64_MAX >> (64 - bits))
        return false;
      cell = Cell::Int(*value);
      break;
    }
    case TypeKind::kUint8:
    case TypeKind::kUint16:
    case TypeKind::kUint32:
    case TypeKind::kUint64: {
      const int bits = column.type.kind == TypeKind::kUint8    ? 8
                       : column.type.kind == TypeKind::kUint16 ? 16
                       : column.type.kind == TypeKind::kUint32 ? 32
                                                               : 64;
      const auto value = ParseInt<uint64_t>(bound.value);
      if (bound.is_text || bound.negative || !value || *value > UINT64_MAX >> (64 - bits)) return false;
      cell = Cell::Uint(*value);
      break;
    }
    case TypeKind::kString:
      if (!bound.is_text || bound.negative) return false;
      arena = bound.value;
      cell = Cell{0, static_cast<uint32_t>(arena.size()), CellKind::kBytes};
      break;
    default: return false;
  }
  return AppendKeyColumn(column.type, cell, arena, key).ok();
}

std::vector<Bound> ReadBounds(const std::vector<Token>& tokens, size_t begin, size_t end, const TableSchema& schema) {
  std::vector<Bound> bounds;
  int depth = 0;
  size_t conjunct = begin;
  bool between = false;
  for (size_t i = begin; i <= end; ++i) {
    if (i < end && tokens[i].IsSymbol("(")) ++depth;
    if (i < end && tokens[i].IsSymbol(")")) --depth;
    if (i < end && tokens[i].Is("BETWEEN")) between = true;
    const bool ends = i == end || (depth == 0 && (tokens[i].Is("AND") || tokens[i].IsSymbol("&&")));
    if (!ends) continue;
    // The AND of a BETWEEN joins no conjuncts; what stands around it is skipped.
    if (between && i < end) {
      between = false;
      while (i + 1 < end && !tokens[i + 1].Is("AND") && !tokens[i + 1].IsSymbol("&&")) ++i;
      conjunct = i + 2;
      ++i;
      continue;
    }
    if (const auto bound = ReadBound(tokens, conjunct, i, schema)) bounds.push_back(*bound);
    conjunct = i + 1;
  }
  return bounds;
}

}  // namespace

std::string AfterPrefix(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xFF) prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

std::optional<KeyRange> FindKeyRange(const std::vector<Token>& tokens, const StoredTable& table) {
  const auto where = WhereRange(tokens);
  if (!where) return std::nullopt;
  const std::vector<Bound> bounds = ReadBounds(tokens, where->first, where->second, *table.schema);
  std::string prefix;
  AppendTablePrefix(table.id, prefix);
  const std::string table_prefix = prefix;
  KeyRange range;
  for (const uint32_t key : table.schema->key_columns) {
    const Column& column = table.schema->columns[key];
    bool equal = false;
    for (const Bound& bound : bounds) {
      std::string extended = prefix;
      if (bound.column != key || !AppendLiteral(column, bound, extended)) continue;
      if (bound.op == "=") {
        prefix = extended;
        equal = true;
        break;
      }
      if (bound.op == ">") range.from = std::max(range.from, AfterPrefix(extended));
      if (bound.op == ">=") range.from = std::max(range.from, extended);
      const std::string to = bound.op == "<" ? extended : bound.op == "<=" ? AfterPrefix(extended) : "";
      if (!to.empty() && (range.to.empty() || to < range.to)) range.to = to;
    }
    if (!equal) break;
    range = {prefix, AfterPrefix(prefix)};
  }
  if (range.from.empty() && range.to.empty()) return std::nullopt;
  if (range.from.empty()) range.from = prefix;
  if (range.to.empty()) range.to = AfterPrefix(prefix);
  return range;
}

}  // namespace freshet
