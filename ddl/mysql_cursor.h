// SPDX-License-Identifier: Apache-2.0
// MysqlCursor: one pass over a statement's tokens, for the parser's parts (mysql_parse*.cc) only. Take* move
// on only when they match; Expect* fail with the token's offset. Reading past the end yields kEnd for ever.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "ddl/mysql_statement.h"
#include "ddl/mysql_token.h"

namespace freshet {

inline bool EqualWords(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

inline std::string LowerAscii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return lower;
}

class MysqlCursor {
 public:
  // REQUIRES: the last token is kEnd.
  explicit MysqlCursor(std::vector<MysqlToken> tokens) : tokens_(std::move(tokens)) {}

  // Valid as long as the cursor.
  const MysqlToken& Peek(size_t ahead = 0) const {
    return at_ + ahead < tokens_.size() ? tokens_[at_ + ahead] : tokens_.back();
  }
  MysqlToken Take() {
    MysqlToken token = Peek();
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  size_t at() const { return at_; }
  void MoveTo(size_t at) { at_ = at; }
  bool AtEnd() const { return Peek().kind == MysqlTokenKind::kEnd; }

  bool IsWord(std::string_view word, size_t ahead = 0) const {
    return Peek(ahead).kind == MysqlTokenKind::kWord && EqualWords(Peek(ahead).text, word);
  }
  bool IsSymbol(char symbol, size_t ahead = 0) const {
    return Peek(ahead).kind == MysqlTokenKind::kSymbol && Peek(ahead).text[0] == symbol;
  }
  bool IsName(size_t ahead = 0) const {
    return Peek(ahead).kind == MysqlTokenKind::kWord || Peek(ahead).kind == MysqlTokenKind::kName;
  }
  bool TakeSymbol(char symbol) {
    if (!IsSymbol(symbol)) return false;
    Take();
    return true;
  }
  // All of them in this order, or none.
  bool TakeWords(std::initializer_list<std::string_view> words) {
    size_t ahead = 0;
    for (const std::string_view word : words) {
      if (!IsWord(word, ahead++)) return false;
    }
    for (size_t i = 0; i < words.size(); ++i) Take();
    return true;
  }
  bool TakeWord(std::string_view word) { return TakeWords({word}); }
  bool TakeAnyWord(std::initializer_list<std::string_view> words) {
    for (const std::string_view word : words) {
      if (TakeWord(word)) return true;
    }
    return false;
  }

  Status Unexpected() const {
    return Status(Code::kInvalid, "statement not understood at offset " + std::to_string(Peek().begin));
  }
  Result<std::string> ExpectName() {
    if (!IsName()) return Unexpected();
    return Take().text;
  }
  Status ExpectSymbol(char symbol) { return TakeSymbol(symbol) ? Status::Ok() : Unexpected(); }
  // name | schema.name | .name
  Result<MysqlObjectName> ExpectObjectName() {
    TakeSymbol('.');
    MysqlObjectName object;
    ASSIGN_OR_RETURN(object.name, ExpectName());
    if (TakeSymbol('.')) {
      object.schema = std::move(object.name);
      ASSIGN_OR_RETURN(object.name, ExpectName());
    }
    return object;
  }
  // At "(": past the matching ")". Parentheses inside literals are not symbols, so counting is exact.
  Status SkipParentheses() {
    TRY(ExpectSymbol('('));
    for (size_t depth = 1; depth > 0;) {
      if (AtEnd()) return Unexpected();
      const MysqlToken token = Take();
      if (token.kind != MysqlTokenKind::kSymbol) continue;
      if (token.text == "(") ++depth;
      if (token.text == ")") --depth;
    }
    return Status::Ok();
  }

 private:
  std::vector<MysqlToken> tokens_;
  size_t at_ = 0;
};

// mysql_parse_type.cc: at a data type; after it with its attributes UNSIGNED, CHARACTER SET, ...
Result<MysqlTypeSpec> ParseTypeSpec(MysqlCursor& cursor);
// mysql_parse_column.cc
Result<MysqlColumnDefinition> ParseColumnDefinition(MysqlCursor& cursor);
Result<MysqlDefault> ParseDefaultValue(MysqlCursor& cursor);
bool AtIndexDefinition(
    const MysqlCursor& cursor);  // [CONSTRAINT ..] PRIMARY KEY, UNIQUE, INDEX, KEY, FOREIGN KEY, CHECK, ...
Result<MysqlIndex> ParseIndexDefinition(MysqlCursor& cursor);
Result<std::vector<MysqlKeyPart>> ParseKeyParts(MysqlCursor& cursor);
// mysql_parse_alter.cc: ALTER TABLE after the table's name.
Result<std::vector<MysqlAlterClause>> ParseAlterClauses(MysqlCursor& cursor);
// CHARACTER SET, COLLATE, COMMENT are noted, any other `name [=] value` is passed over. False: not at an option.
Result<bool> ParseTableOption(MysqlCursor& cursor, MysqlTableOptions& options);

}  // namespace freshet
