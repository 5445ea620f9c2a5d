// SPDX-License-Identifier: Apache-2.0
// TokenReader: a place in a statement's tokens, with the accept/expect steps of a recursive descent parser.
// Internal to the statement parser; one per parse.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "sql/token.h"

namespace freshet {

class TokenReader {
 public:
  TokenReader(std::string_view sql, const std::vector<Token>& tokens) : sql_(sql), tokens_(tokens) {}

  const Token& Peek(size_t ahead = 0) const {
    return at_ + ahead < tokens_.size() ? tokens_[at_ + ahead] : tokens_.back();
  }
  const Token& Take() {
    const Token& token = Peek();
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  bool AtEnd() const { return Peek().kind == TokenKind::kEnd; }
  size_t at() const { return at_; }
  void Rewind(size_t at) { at_ = at; }
  std::string_view sql() const { return sql_; }

  bool Accept(std::string_view word) {
    if (!Peek().Is(word)) return false;
    Take();
    return true;
  }
  // All words in this order, or none.
  bool AcceptAll(std::initializer_list<std::string_view> words) {
    size_t ahead = 0;
    for (std::string_view word : words) {
      if (!Peek(ahead++).Is(word)) return false;
    }
    for (size_t i = 0; i < ahead; ++i) Take();
    return true;
  }
  bool AcceptSymbol(std::string_view symbol) {
    if (!Peek().IsSymbol(symbol)) return false;
    Take();
    return true;
  }
  Status Expect(std::string_view word) { return Accept(word) ? Status::Ok() : Unexpected(word); }
  Status ExpectSymbol(std::string_view symbol) {
    return AcceptSymbol(symbol) ? Status::Ok() : Unexpected("'" + std::string(symbol) + "'");
  }
  Result<std::string> ExpectIdentifier(std::string_view what) {
    if (!Peek().IsIdentifier()) return Unexpected(what);
    return Take().value;
  }
  Result<std::string> ExpectString(std::string_view what) {
    if (Peek().kind != TokenKind::kString) return Unexpected(what);
    return Take().value;
  }
  Status ExpectEnd() { return AtEnd() ? Status::Ok() : Unexpected("the end of the statement"); }
  Status Unexpected(std::string_view expected) const { return SyntaxErrorAt(sql_, Peek().begin, expected); }

 private:
  const std::string_view sql_;
  const std::vector<Token>& tokens_;
  size_t at_ = 0;
};

}  // namespace freshet
