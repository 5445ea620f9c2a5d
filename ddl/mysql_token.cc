// SPDX-License-Identifier: Apache-2.0
#include "ddl/mysql_token.h"

#include <algorithm>
#include <optional>

namespace freshet {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsBlank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
bool IsNameByte(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
         static_cast<uint8_t>(c) >= 0x80;
}
int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::optional<std::string> HexBytes(std::string_view digits) {
  std::string bytes;
  int high = digits.size() % 2 == 1 ? 0 : -1;  // 0xABC is 0x0ABC
  for (const char c : digits) {
    const int digit = HexDigit(c);
    if (digit < 0) return std::nullopt;
    if (high < 0) {
      high = digit;
    } else {
      bytes += static_cast<char>(high << 4 | digit);
      high = -1;
    }
  }
  return bytes;
}

std::optional<std::string> BitBytes(std::string_view digits) {
  std::string bytes((digits.size() + 7) / 8, '\0');
  for (size_t i = 0; i < digits.size(); ++i) {
    if (digits[i] != '0' && digits[i] != '1') return std::nullopt;
    const size_t bit = digits.size() - 1 - i;
    if (digits[i] == '1') bytes[bytes.size() - 1 - bit / 8] |= static_cast<char>(1 << (bit % 8));
  }
  return bytes;
}

char Unescape(char c) {
  switch (c) {
    case '0': return '\0';
    case 'b': return '\b';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'Z': return '\x1a';
    default: return c;
  }
}

class Lexer {
 public:
  Lexer(std::string_view sql, const MysqlLexOptions& options) : sql_(sql), options_(options) {}

  Result<std::vector<MysqlToken>> Run() {
    for (;;) {
      TRY(SkipBlanksAndComments());
      if (at_ == sql_.size()) break;
      TRY(Take());
    }
    Push(MysqlTokenKind::kEnd, "", at_);
    return std::move(tokens_);
  }

 private:
  char Peek(size_t ahead = 0) const { return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0'; }
  Status Unclosed(std::string_view what) const {
    return Status(Code::kInvalid, std::string(what) + " is not closed at offset " + std::to_string(at_));
  }
  void Push(MysqlTokenKind kind, std::string text, size_t begin) {
    tokens_.push_back({kind, std::move(text), "", begin, at_});
  }

  Status SkipBlanksAndComments() {
    while (at_ < sql_.size()) {
      const std::string_view rest = sql_.substr(at_);
      if (IsBlank(rest[0])) {
        ++at_;
      } else if (rest[0] == '#' || (rest.starts_with("--") && (rest.size() == 2 || IsBlank(rest[2])))) {
        at_ = std::min(sql_.find('\n', at_), sql_.size());
      } else if (rest.starts_with("/*")) {
        TRY(EnterOrSkipComment());
      } else if (open_comment_ && rest.starts_with("*/")) {
        open_comment_ = false;
        at_ += 2;
      } else {
        break;
      }
    }
    return at_ == sql_.size() && open_comment_ ? Unclosed("comment") : Status::Ok();
  }

  Status EnterOrSkipComment() {
    const bool mariadb = options_.flavour == MysqlFlavour::kMariadb;
    size_t prefix = 0;
    if (Peek(2) == '!') prefix = 3;
    if (Peek(2) == 'M' && Peek(3) == '!' && mariadb) prefix = 4;
    uint32_t version = 0;
    size_t digits = 0;
    while (prefix != 0 && digits < 6 && IsDigit(Peek(prefix + digits))) {
      version = version * 10 + static_cast<uint32_t>(Peek(prefix + digits++) - '0');
    }
    // MariaDB passes over comments for MySQL versions that it is no successor of.
    const bool foreign = mariadb && prefix == 3 && digits > 0 && version >= 50700 && version <= 99999;
    const bool newer = options_.server_version != 0 && version > options_.server_version;
    if (prefix != 0 && !foreign && !newer && !open_comment_) {
      open_comment_ = true;
      at_ += prefix + digits;
      return Status::Ok();
    }
    const size_t end = sql_.find("*/", at_ + 2);
    if (end == std::string_view::npos) return Unclosed("comment");
    at_ = end + 2;
    return Status::Ok();
  }

  Status Take() {
    const char c = Peek();
    if (c == '\'' || (c == '"' && !options_.ansi_quotes)) return TakeString("");
    if (c == '`' || c == '"') return TakeQuotedName(c);
    const bool after_dot = !tokens_.empty() && tokens_.back().kind == MysqlTokenKind::kSymbol &&
                           tokens_.back().text == "." && tokens_.size() > 1 && IsNameToken(tokens_[tokens_.size() - 2]);
    if (c == '.' && IsDigit(Peek(1)) && !(!tokens_.empty() && IsNameToken(tokens_.back()))) return TakeNumber();
    if (IsDigit(c) && !after_dot) return TakeNumberOrWord();
    if (IsNameByte(c)) return TakeWord();
    ++at_;
    Push(MysqlTokenKind::kSymbol, std::string(1, c), at_ - 1);
    return Status::Ok();
  }

  static bool IsNameToken(const MysqlToken& token) {
    return token.kind == MysqlTokenKind::kWord || token.kind == MysqlTokenKind::kName;
  }

  // At a quote. Doubled quotes stand for one; backslash escapes unless the session turned them off.
  Status TakeQuoted(char quote, bool escapes, std::string& text) {
    ++at_;
    while (at_ < sql_.size()) {
      const char c = sql_[at_++];
      if (c == quote) {
        if (Peek() != quote || at_ >= sql_.size()) return Status::Ok();
        text += quote;
        ++at_;
      } else if (c == '\\' && escapes && at_ < sql_.size()) {
        const char escaped = sql_[at_++];
        if (escaped == '%' || escaped == '_') text += '\\';  // kept for LIKE
        text += Unescape(escaped);
      } else {
        text += c;
      }
    }
    return Unclosed("quote");
  }

  Status TakeString(std::string introducer) {
    const size_t begin = at_;
    std::string text;
    TRY(TakeQuoted(Peek(), !options_.no_backslash_escapes, text));
    const bool joins = introducer.empty() && !tokens_.empty() && tokens_.back().kind == MysqlTokenKind::kString;
    if (joins) {
      tokens_.back().text += text;
      tokens_.back().end = at_;
      return Status::Ok();
    }
    Push(MysqlTokenKind::kString, std::move(text), begin);
    tokens_.back().introducer = std::move(introducer);
    return Status::Ok();
  }

  Status TakeQuotedName(char quote) {
    const size_t begin = at_;
    std::string text;
    TRY(TakeQuoted(quote, /*escapes=*/false, text));
    Push(MysqlTokenKind::kName, std::move(text), begin);
    return Status::Ok();
  }

  Status TakeNumber() {
    const size_t begin = at_;
    while (IsDigit(Peek())) ++at_;
    if (Peek() == '.') {
      ++at_;
      while (IsDigit(Peek())) ++at_;
    }
    const size_t sign = Peek(1) == '+' || Peek(1) == '-' ? 1 : 0;
    if ((Peek() == 'e' || Peek() == 'E') && IsDigit(Peek(1 + sign))) {
      at_ += 1 + sign;
      while (IsDigit(Peek())) ++at_;
    }
    Push(MysqlTokenKind::kNumber, std::string(sql_.substr(begin, at_ - begin)), begin);
    return Status::Ok();
  }

  // Digits, 0x.., 0b.., or a name that begins with a digit.
  Status TakeNumberOrWord() {
    size_t size = 0;
    while (IsNameByte(Peek(size))) ++size;
    const std::string_view word = sql_.substr(at_, size);
    std::optional<std::string> bytes;
    if (word.size() > 2 && word.starts_with("0x")) bytes = HexBytes(word.substr(2));
    if (word.size() > 2 && word.starts_with("0b")) bytes = BitBytes(word.substr(2));
    if (bytes) {
      at_ += size;
      Push(MysqlTokenKind::kBinary, *std::move(bytes), at_ - size);
      return Status::Ok();
    }
    const size_t other = word.find_first_not_of("0123456789");
    const bool exponent = other != std::string_view::npos && (word[other] | 0x20) == 'e' &&
                          word.find_first_not_of("0123456789", other + 1) == std::string_view::npos &&
                          (other + 1 < word.size() || Peek(size) == '+' || Peek(size) == '-');
    return other == std::string_view::npos || exponent ? TakeNumber() : TakeWord();
  }

  Status TakeWord() {
    const size_t begin = at_;
    while (IsNameByte(Peek())) ++at_;
    std::string word(sql_.substr(begin, at_ - begin));
    if (Peek() == '\'' && word.size() == 1) {
      const char kind = static_cast<char>(word[0] | 0x20);
      if (kind == 'n') return TakeString("utf8");
      if (kind == 'x' || kind == 'b') return TakeBinary(kind, begin);
    }
    Push(MysqlTokenKind::kWord, std::move(word), begin);
    return tokens_.back().text.front() == '_' ? TakeIntroduced() : Status::Ok();
  }

  Status TakeBinary(char kind, size_t begin) {
    std::string digits;
    TRY(TakeQuoted('\'', /*escapes=*/false, digits));
    auto bytes = kind == 'x' ? HexBytes(digits) : BitBytes(digits);
    if (!bytes) return Status(Code::kInvalid, "malformed literal at offset " + std::to_string(begin));
    Push(MysqlTokenKind::kBinary, *std::move(bytes), begin);
    return Status::Ok();
  }

  // `_latin1 'x'`: the word just taken is a character set when a string follows; else it is a name.
  Status TakeIntroduced() {
    TRY(SkipBlanksAndComments());
    if (Peek() != '\'' && (Peek() != '"' || options_.ansi_quotes)) return Status::Ok();
    std::string charset = tokens_.back().text.substr(1);
    std::transform(charset.begin(), charset.end(), charset.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    tokens_.pop_back();
    return TakeString(std::move(charset));
  }

  const std::string_view sql_;
  const MysqlLexOptions options_;
  size_t at_ = 0;
  bool open_comment_ = false;  // inside /*! .. */, whose text counts
  std::vector<MysqlToken> tokens_;
};

}  // namespace

Result<std::vector<MysqlToken>> TokenizeMysql(std::string_view sql, const MysqlLexOptions& options) {
  return Lexer(sql, options).Run();
}

}  // namespace freshet
