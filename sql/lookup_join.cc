// SPDX-License-Identifier: Apache-2.0
#include "sql/lookup_join.h"

#include <algorithm>
#include <array>
#include <set>

#include "sql/key_range.h"
#include "storage/key_codec.h"

namespace freshet {

namespace {

// Going to one key costs as much as reading so many rows in order.
constexpr uint64_t kRowsPerSeek = 40;

bool IsOneOf(const Token& token, std::span<const std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return token.Is(word); });
}

// Ends an ON condition or stands in place of an alias.
bool EndsJoin(const Token& token) {
  static constexpr std::array<std::string_view, 14> kWords = {"WHERE", "JOIN",       "LEFT",  "RIGHT", "INNER",
                                                              "CROSS", "NATURAL",    "FULL",  "SEMI",  "ANTI",
                                                              "ASOF",  "POSITIONAL", "USING", "ON"};
  return IsOneOf(token, kWords) || token.IsSymbol(",") || token.IsSymbol(")") || token.kind == TokenKind::kEnd;
}

// What makes a condition more than a row of conjuncts.
bool IsNotConjunction(const Token& token) {
  static constexpr std::array<std::string_view, 7> kWords = {"OR", "XOR", "NOT", "BETWEEN", "CASE", "SELECT", "END"};
  return IsOneOf(token, kWords) || token.IsSymbol("||") || token.IsSymbol("!");
}

// Reads the tokens from a JOIN on.
class JoinReader {
 public:
  JoinReader(const std::vector<Token>& tokens, std::string_view source) : tokens_(tokens), source_(source) {}

  // `at`: the token JOIN. nullopt: not of the simple kind.
  std::optional<LookupJoin> Read(size_t at) {
    if (tokens_[at - 1].Is("SEMI") || tokens_[at - 1].Is("ANTI") || tokens_[at - 1].Is("ASOF")) return std::nullopt;
    ++at;
    LookupJoin join;
    if (!tokens_[at].IsIdentifier()) return std::nullopt;
    join.table = tokens_[at++].value;
    if (tokens_[at].IsSymbol(".") && tokens_[at + 1].IsIdentifier()) {
      join.database = std::exchange(join.table, tokens_[at + 1].value);
      at += 2;
    }
    std::string alias = join.table;
    if (tokens_[at].Is("AS")) ++at;
    if (tokens_[at].IsIdentifier() && !EndsJoin(tokens_[at])) alias = tokens_[at++].value;
    if (!tokens_[at].Is("ON") || EqualsIgnoreCase(alias, source_)) return std::nullopt;
    if (!ReadCondition(at + 1, alias, join) || join.equalities.empty()) return std::nullopt;
    return join;
  }

 private:
  bool ReadCondition(size_t at, const std::string& alias, LookupJoin& join) const {
    int depth = 0;
    size_t conjunct = at;
    for (;; ++at) {
      if (IsNotConjunction(tokens_[at])) return false;
      const bool ends = depth == 0 && EndsJoin(tokens_[at]);
      if (ends || (depth == 0 && (tokens_[at].Is("AND") || tokens_[at].IsSymbol("&&")))) {
        AddEquality(conjunct, at, alias, join);
        conjunct = at + 1;
      }
      if (ends) return true;
      if (tokens_[at].IsSymbol("(")) ++depth;
      if (tokens_[at].IsSymbol(")")) --depth;
    }
  }

  // a.x = b.y, one of them of the table and the other of the source.
  void AddEquality(size_t begin, size_t end, const std::string& alias, LookupJoin& join) const {
    if (end - begin != 7 || !tokens_[begin + 3].IsSymbol("=")) return;
    for (const size_t side : {begin, begin + 4}) {
      if (!tokens_[side].IsIdentifier() || !tokens_[side + 1].IsSymbol(".") || !tokens_[side + 2].IsIdentifier())
        return;
    }
    for (const auto& [ours, theirs] : {std::pair(begin, begin + 4), std::pair(begin + 4, begin)}) {
      if (!EqualsIgnoreCase(tokens_[ours].value, alias) || !EqualsIgnoreCase(tokens_[theirs].value, source_)) continue;
      join.equalities.push_back({tokens_[ours + 2].value, tokens_[theirs + 2].value});
    }
  }

  const std::vector<Token>& tokens_;
  const std::string_view source_;
};

bool IsInteger(TypeKind kind) {
  return kind >= TypeKind::kInt8 && kind <= TypeKind::kUint64;
}

// The bits of an integer type, and whether it has a sign.
std::pair<int, bool> WidthOf(TypeKind kind) {
  const bool is_signed = kind <= TypeKind::kInt64;
  const int step = static_cast<int>(kind) - static_cast<int>(is_signed ? TypeKind::kInt8 : TypeKind::kUint8);
  return {8 << step, is_signed};
}

// The source's number as the key column's; nullopt: no value of that type, so no row has it.
std::optional<Cell> AsKeyCell(const Cell& cell, TypeKind kind) {
  const auto [bits, is_signed] = WidthOf(kind);
  const bool negative = cell.kind == CellKind::kInt && cell.AsInt() < 0;
  if (is_signed) {
    if (!negative && cell.bits > static_cast<uint64_t>(INT64_MAX)) return std::nullopt;
    const int64_t value = cell.AsInt();
    if (value < INT64_MIN >> (64 - bits) || value > INT64_MAX >> (64 - bits)) return std::nullopt;
    return Cell::Int(value);
  }
  if (negative || cell.bits > UINT64_MAX >> (64 - bits)) return std::nullopt;
  return Cell::Uint(cell.bits);
}

enum class Appended : uint8_t { kYes, kNoSuchKey, kUnknown };

Appended AppendLookupColumn(const Column& column, const Cell& cell, std::string_view arena, std::string& key) {
  if (cell.kind == CellKind::kNull) return Appended::kNoSuchKey;
  Cell of_key = cell;
  if (IsInteger(column.type.kind)) {
    if (cell.kind != CellKind::kInt && cell.kind != CellKind::kUint) return Appended::kUnknown;
    const std::optional<Cell> converted = AsKeyCell(cell, column.type.kind);
    if (!converted) return Appended::kNoSuchKey;
    of_key = *converted;
  } else if (cell.kind != CellKind::kBytes) {
    return Appended::kUnknown;
  }
  return AppendKeyColumn(column.type, of_key, arena, key).ok() ? Appended::kYes : Appended::kUnknown;
}

}  // namespace

std::vector<LookupJoin> FindLookupJoins(const std::vector<Token>& tokens, std::string_view source) {
  std::vector<LookupJoin> joins;
  JoinReader reader(tokens, source);
  int depth = 0;
  for (size_t i = 1; i + 1 < tokens.size(); ++i) {
    if (tokens[i].IsSymbol("(")) ++depth;
    if (tokens[i].IsSymbol(")")) --depth;
    if (depth != 0 || !tokens[i].Is("JOIN") || tokens[i - 1].IsSymbol(".") || tokens[i - 1].Is("AS")) continue;
    if (std::optional<LookupJoin> join = reader.Read(i)) joins.push_back(*std::move(join));
  }
  // A table that is named again, in a subquery or under another alias, is read in other ways too.
  std::erase_if(joins, [&](const LookupJoin& join) {
    size_t named = 0;
    for (size_t i = 0; i + 1 < tokens.size(); ++i) {
      const bool qualifies = tokens[i + 1].IsSymbol(".") && !(i > 0 && tokens[i - 1].IsSymbol("."));
      if (!qualifies && tokens[i].IsIdentifier() && EqualsIgnoreCase(tokens[i].value, join.table)) ++named;
    }
    return named != 1;
  });
  return joins;
}

std::optional<LookupKey> KeyOfLookup(const LookupJoin& join, const TableSchema& table, const TableSchema& source,
                                     std::span<const std::string> source_names, std::span<const uint32_t> indexes) {
  LookupKey found;
  for (const uint32_t key : table.key_columns) {
    const Column& column = table.columns[key];
    std::optional<uint32_t> from;
    for (const LookupJoin::Equality& equality : join.equalities) {
      if (!EqualsIgnoreCase(equality.column, column.name)) continue;
      for (size_t i = 0; i < source_names.size(); ++i) {
        if (EqualsIgnoreCase(equality.source_column, source_names[i])) from = indexes[i];
      }
    }
    if (!from) break;
    const TypeKind kind = source.columns[*from].type.kind;
    const bool alike = (IsInteger(kind) && IsInteger(column.type.kind)) ||
                       (kind == TypeKind::kString && column.type.kind == TypeKind::kString);
    if (!alike) break;
    found.source_columns.push_back(*from);
  }
  if (found.source_columns.empty()) return std::nullopt;
  return found;
}

std::optional<std::vector<KeyRange>> RangesOfLookup(const LookupKey& key, const StoredTable& table, uint64_t table_rows,
                                                    const RowBatch& source, std::span<const uint32_t> images) {
  const size_t keys_max = table_rows / kRowsPerSeek;
  std::set<std::string> keys;
  for (const uint32_t number : images) {
    const std::span<const Cell> image = source.Image(number);
    std::string encoded;
    AppendTablePrefix(table.id, encoded);
    Appended appended = Appended::kYes;
    for (size_t i = 0; appended == Appended::kYes && i < key.source_columns.size(); ++i) {
      appended = AppendLookupColumn(table.schema->columns[table.schema->key_columns[i]], image[key.source_columns[i]],
                                    source.arena, encoded);
    }
    if (appended == Appended::kUnknown) return std::nullopt;
    if (appended == Appended::kYes) keys.insert(std::move(encoded));
    if (keys.size() > keys_max) return std::nullopt;
  }
  std::vector<KeyRange> ranges;
  ranges.reserve(keys.size());
  for (const std::string& from : keys) ranges.push_back({from, AfterPrefix(from)});
  return ranges;
}

}  // namespace freshet
