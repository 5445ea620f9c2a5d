// SPDX-License-Identifier: Apache-2.0
// Tokenizer of MySQL's lexical grammar: words, `names`, 'strings', "strings", numbers, @variables, ?, symbols.
// Comments vanish, but for the inside of versioned ones (/*!40101 .. */), which is code. Used by the statement
// parser and the dialect bridge; pure functions, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace freshet {

enum class TokenKind : unsigned char {
  kWord,       // keyword or bare identifier; value as written
  kName,       // `backticked`; value unescaped. "quoted" too when ansi_quotes
  kString,     // 'x' or "x"; value unescaped (adjacent strings are joined)
  kNumber,     // value as written: 12, 1.5, .5e3
  kHexString,  // x'4142', 0x4142: value is the bytes
  kBitString,  // b'0101': value is the digits
  kVariable,   // @x, @@x, @@session.x: value with the @ signs, unquoted
  kParameter,  // ?
  kSymbol,     // operators and punctuation, longest match
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string value;
  size_t begin = 0;  // byte offsets into the text
  size_t end = 0;

  // ASCII case-insensitive comparison of a bare word.
  bool Is(std::string_view word) const;
  bool IsSymbol(std::string_view symbol) const { return kind == TokenKind::kSymbol && value == symbol; }
  bool IsIdentifier() const { return kind == TokenKind::kWord || kind == TokenKind::kName; }
};

// Always ends with a kEnd token. kInvalid with line and column: unterminated string, name or comment, a byte
// that starts no token.
Result<std::vector<Token>> Tokenize(std::string_view sql, bool ansi_quotes = false);

// "syntax error at line 1, column 8 near 'JBO': expected JOB"
Status SyntaxErrorAt(std::string_view sql, size_t offset, std::string_view expected);

bool EqualsIgnoreCase(std::string_view a, std::string_view b);
std::string ToLower(std::string_view text);       // ASCII only
std::string QuoteSqlName(std::string_view name);  // "a""b"
std::string QuoteLiteral(std::string_view text);  // 'a''b'

}  // namespace freshet
