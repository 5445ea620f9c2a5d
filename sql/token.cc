// SPDX-License-Identifier: Apache-2.0
#include "sql/token.h"

#include <array>

namespace freshet {

namespace {

// What is quoted of the offending text in a syntax error: enough to find it, never a whole literal.
constexpr size_t kNearBytesMax = 24;

constexpr std::array<std::string_view, 2> kSymbols3 = {"<=>", "->>"};
constexpr std::array<std::string_view, 14> kSymbols2 = {"<=", ">=", "<>", "!=", ":=", "||", "&&",
                                                        "<<", ">>", "->", "::", "=>", "==", "//"};

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsHexDigit(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool IsSpace(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
bool IsWordByte(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}
int HexValue(char c) {
  return IsDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

class Tokenizer {
 public:
  Tokenizer(std::string_view sql, bool ansi_quotes) : sql_(sql), ansi_quotes_(ansi_quotes) {}

  Result<std::vector<Token>> Run() {
    while (true) {
      TRY(SkipBlanks());
      if (at_ >= sql_.size()) break;
      TRY(ReadToken());
    }
    if (in_versioned_) return SyntaxErrorAt(sql_, sql_.size(), "'*/' at the end of the comment");
    tokens_.push_back({TokenKind::kEnd, "", sql_.size(), sql_.size()});
    return std::move(tokens_);
  }

 private:
  char At(size_t i) const { return i < sql_.size() ? sql_[i] : '\0'; }
  bool Starts(std::string_view text) const { return sql_.substr(at_, text.size()) == text; }

  Status SkipBlanks() {
    while (at_ < sql_.size()) {
      if (IsSpace(sql_[at_])) {
        ++at_;
      } else if (sql_[at_] == '#' ||
                 (Starts("--") && (at_ + 2 >= sql_.size() || static_cast<unsigned char>(sql_[at_ + 2]) <= ' '))) {
        while (at_ < sql_.size() && sql_[at_] != '\n') ++at_;
      } else if (Starts("/*!")) {
        if (in_versioned_) return SyntaxErrorAt(sql_, at_, "no comment within a versioned comment");
        in_versioned_ = true;
        at_ += 3;
        while (IsDigit(At(at_))) ++at_;
      } else if (in_versioned_ && Starts("*/")) {
        in_versioned_ = false;
        at_ += 2;
      } else if (Starts("/*")) {
        const size_t close = sql_.find("*/", at_ + 2);
        if (close == std::string_view::npos) return SyntaxErrorAt(sql_, at_, "'*/' at the end of the comment");
        at_ = close + 2;
      } else {
        break;
      }
    }
    return Status::Ok();
  }

  Status ReadToken() {
    const char c = sql_[at_];
    const char next = At(at_ + 1);
    if (c == '\'') return ReadString(at_);
    if (c == '"') return ansi_quotes_ ? ReadName('"') : ReadString(at_);
    if (c == '`') return ReadName('`');
    if ((c == 'x' || c == 'X') && next == '\'') return ReadHexQuoted();
    if ((c == 'b' || c == 'B') && next == '\'') return ReadBits();
    if ((c == 'n' || c == 'N') && next == '\'') return ReadString(at_ + 1);
    if (c == '0' && next == 'x' && IsHexDigit(At(at_ + 2)) && ReadHexNumber()) return Status::Ok();
    if (c == '@') return ReadVariable();
    if (IsDigit(c) || (c == '.' && IsDigit(next) && !AfterIdentifier())) return ReadNumber();
    if (IsWordByte(c)) return ReadWord();
    return ReadSymbol();
  }

  // `t.1a` after a name is a qualified name, not a fraction.
  bool AfterIdentifier() const {
    return !tokens_.empty() && tokens_.back().IsIdentifier() && tokens_.back().end == at_;
  }

  void Push(TokenKind kind, std::string value, size_t begin) {
    tokens_.push_back({kind, std::move(value), begin, at_});
  }

  static void AppendEscape(char c, std::string& out) {
    switch (c) {
      case '0': out += '\0'; return;
      case 'b': out += '\b'; return;
      case 'n': out += '\n'; return;
      case 'r': out += '\r'; return;
      case 't': out += '\t'; return;
      case 'Z': out += '\x1a'; return;
      case '%':
      case '_':  // kept for LIKE, as in MySQL
        out += '\\';
        out += c;
        return;
      default: out += c;
    }
  }

  Status ReadString(size_t quote_at) {
    const size_t begin = at_;
    const char quote = sql_[quote_at];
    std::string value;
    at_ = quote_at + 1;
    while (true) {
      if (at_ >= sql_.size()) return SyntaxErrorAt(sql_, begin, "a closing quote");
      const char c = sql_[at_++];
      if (c == '\\' && at_ < sql_.size()) {
        AppendEscape(sql_[at_++], value);
      } else if (c != quote) {
        value += c;
      } else if (At(at_) == quote && at_ < sql_.size()) {
        value += quote;
        ++at_;
      } else {
        break;
      }
    }
    // An introducer (_utf8mb4'x') says nothing that we do not know: text is UTF-8 here.
    if (!tokens_.empty() && tokens_.back().kind == TokenKind::kWord && tokens_.back().value[0] == '_' &&
        (tokens_.back().Is("_utf8mb4") || tokens_.back().Is("_utf8") || tokens_.back().Is("_utf8mb3") ||
         tokens_.back().Is("_latin1") || tokens_.back().Is("_binary"))) {
      tokens_.pop_back();
    }
    if (!tokens_.empty() && tokens_.back().kind == TokenKind::kString) {
      tokens_.back().value += value;
      tokens_.back().end = at_;
      return Status::Ok();
    }
    Push(TokenKind::kString, std::move(value), begin);
    return Status::Ok();
  }

  Status ReadName(char quote) {
    const size_t begin = at_++;
    std::string value;
    while (true) {
      if (at_ >= sql_.size()) return SyntaxErrorAt(sql_, begin, "a closing quote");
      const char c = sql_[at_++];
      if (c != quote) {
        value += c;
      } else if (at_ < sql_.size() && sql_[at_] == quote) {
        value += quote;
        ++at_;
      } else {
        break;
      }
    }
    if (value.empty()) return SyntaxErrorAt(sql_, begin, "a name that is not empty");
    Push(TokenKind::kName, std::move(value), begin);
    return Status::Ok();
  }

  static std::string BytesOfHex(std::string_view digits) {
    std::string padded = digits.size() % 2 == 0 ? std::string(digits) : "0" + std::string(digits);
    std::string bytes;
    for (size_t i = 0; i < padded.size(); i += 2) {
      bytes += static_cast<char>(HexValue(padded[i]) << 4 | HexValue(padded[i + 1]));
    }
    return bytes;
  }

  Status ReadHexQuoted() {
    const size_t begin = at_;
    at_ += 2;
    const size_t digits = at_;
    while (IsHexDigit(At(at_))) ++at_;
    if (At(at_) != '\'' || (at_ - digits) % 2 != 0) return SyntaxErrorAt(sql_, begin, "pairs of hex digits in x'..'");
    std::string bytes = BytesOfHex(sql_.substr(digits, at_ - digits));
    ++at_;
    Push(TokenKind::kHexString, std::move(bytes), begin);
    return Status::Ok();
  }

  bool ReadHexNumber() {
    size_t end = at_ + 2;
    while (IsHexDigit(At(end))) ++end;
    if (IsWordByte(At(end))) return false;  // a name such as 0xyz
    const size_t begin = at_;
    at_ = end;
    Push(TokenKind::kHexString, BytesOfHex(sql_.substr(begin + 2, end - begin - 2)), begin);
    return true;
  }

  Status ReadBits() {
    const size_t begin = at_;
    at_ += 2;
    const size_t digits = at_;
    while (At(at_) == '0' || At(at_) == '1') ++at_;
    if (At(at_) != '\'' || at_ - digits > 64) return SyntaxErrorAt(sql_, begin, "at most 64 bits in b'..'");
    std::string value(sql_.substr(digits, at_ - digits));
    ++at_;
    Push(TokenKind::kBitString, std::move(value), begin);
    return Status::Ok();
  }

  Status ReadVariable() {
    const size_t begin = at_;
    std::string value;
    while (At(at_) == '@' && value.size() < 2) {
      value += '@';
      ++at_;
    }
    const char quote = At(at_);
    if (quote == '`' || quote == '\'' || quote == '"') {
      const size_t close = sql_.find(quote, at_ + 1);
      if (close == std::string_view::npos) return SyntaxErrorAt(sql_, begin, "a closing quote");
      value += sql_.substr(at_ + 1, close - at_ - 1);
      at_ = close + 1;
    } else {
      const size_t name = at_;
      while (IsWordByte(At(at_)) || (At(at_) == '.' && IsWordByte(At(at_ + 1)))) ++at_;
      value += sql_.substr(name, at_ - name);
      if (at_ > name && sql_[at_ - 1] != '.' && At(at_) == '.' && At(at_ + 1) == '`') {
        const size_t close = sql_.find('`', at_ + 2);
        if (close == std::string_view::npos) return SyntaxErrorAt(sql_, begin, "a closing quote");
        value += "." + std::string(sql_.substr(at_ + 2, close - at_ - 2));
        at_ = close + 1;
      }
    }
    if (value.find_first_not_of('@') == std::string::npos) return SyntaxErrorAt(sql_, begin, "a variable name");
    Push(TokenKind::kVariable, std::move(value), begin);
    return Status::Ok();
  }

  Status ReadNumber() {
    const size_t begin = at_;
    while (IsDigit(At(at_))) ++at_;
    if (At(at_) == '.' && !(tokens_.size() >= 2 && tokens_.back().IsSymbol(".") && tokens_.back().end == begin)) {
      ++at_;
      while (IsDigit(At(at_))) ++at_;
    }
    if (At(at_) == 'e' || At(at_) == 'E') {
      size_t exponent = at_ + 1;
      if (At(exponent) == '+' || At(exponent) == '-') ++exponent;
      if (IsDigit(At(exponent))) {
        while (IsDigit(At(exponent))) ++exponent;
        if (!IsWordByte(At(exponent))) at_ = exponent;
      }
    }
    // MySQL names may start with digits: 2fa_tokens.
    if (IsWordByte(At(at_)) && sql_.substr(begin, at_ - begin).find('.') == std::string_view::npos) {
      at_ = begin;
      return ReadWord();
    }
    Push(TokenKind::kNumber, std::string(sql_.substr(begin, at_ - begin)), begin);
    return Status::Ok();
  }

  Status ReadWord() {
    const size_t begin = at_;
    while (IsWordByte(At(at_))) ++at_;
    Push(TokenKind::kWord, std::string(sql_.substr(begin, at_ - begin)), begin);
    return Status::Ok();
  }

  Status ReadSymbol() {
    const size_t begin = at_;
    size_t size = 1;
    for (std::string_view symbol : kSymbols2) {
      if (Starts(symbol)) size = 2;
    }
    for (std::string_view symbol : kSymbols3) {
      if (Starts(symbol)) size = 3;
    }
    if (size == 1 && std::string_view("().,;=<>+-*/%!~^&|:[]{}?").find(sql_[at_]) == std::string_view::npos) {
      return SyntaxErrorAt(sql_, at_, "a word, a name, a number, a string or an operator");
    }
    at_ += size;
    const std::string value(sql_.substr(begin, size));
    Push(value == "?" ? TokenKind::kParameter : TokenKind::kSymbol, value, begin);
    return Status::Ok();
  }

  const std::string_view sql_;
  const bool ansi_quotes_;
  size_t at_ = 0;
  bool in_versioned_ = false;
  std::vector<Token> tokens_;
};

}  // namespace

bool Token::Is(std::string_view word) const {
  return kind == TokenKind::kWord && EqualsIgnoreCase(value, word);
}

Result<std::vector<Token>> Tokenize(std::string_view sql, bool ansi_quotes) {
  return Tokenizer(sql, ansi_quotes).Run();
}

Status SyntaxErrorAt(std::string_view sql, size_t offset, std::string_view expected) {
  size_t line = 1;
  size_t column = 1;
  for (size_t i = 0; i < offset && i < sql.size(); ++i) {
    if (sql[i] == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(sql[i]) & 0xC0) != 0x80) {
      ++column;  // columns count characters, not bytes
    }
  }
  std::string near = "end of statement";
  if (offset < sql.size()) {
    size_t end = offset + 1;
    while (end < sql.size() && end - offset < kNearBytesMax && IsWordByte(sql[offset]) && IsWordByte(sql[end])) ++end;
    while (end < sql.size() && (static_cast<unsigned char>(sql[end]) & 0xC0) == 0x80) ++end;
    near = "'" + std::string(sql.substr(offset, end - offset)) + "'";
  }
  return Status(Code::kInvalid, "syntax error at line " + std::to_string(line) + ", column " + std::to_string(column) +
                                    " near " + near + ": expected " + std::string(expected));
}

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    const char x = a[i] >= 'A' && a[i] <= 'Z' ? static_cast<char>(a[i] | 0x20) : a[i];
    const char y = b[i] >= 'A' && b[i] <= 'Z' ? static_cast<char>(b[i] | 0x20) : b[i];
    if (x != y) return false;
  }
  return true;
}

std::string ToLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return lower;
}

namespace {
std::string Quote(std::string_view text, char quote) {
  std::string quoted(1, quote);
  for (char c : text) {
    quoted += c;
    if (c == quote) quoted += quote;
  }
  return quoted + quote;
}
}  // namespace

std::string QuoteSqlName(std::string_view name) {
  return Quote(name, '"');
}
std::string QuoteLiteral(std::string_view text) {
  return Quote(text, '\'');
}

}  // namespace freshet
