// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/statement_words.h"

#include <cctype>

#include <algorithm>

namespace freshet {
namespace {

bool IsWordByte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || static_cast<uint8_t>(c) >= 0x80;
}

std::string Upper(std::string_view word) {
  std::string upper(word);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return upper;
}

// Walks a statement, stepping over comments. Versioned comments (/*! .. */, /*M! .. */) are read as text.
class Words {
 public:
  explicit Words(std::string_view sql) : sql_(sql) {}

  // Next word or quoted name, "" at the end; string literals in single quotes are stepped over.
  std::string Next() {
    while (at_ < sql_.size()) {
      const char c = sql_[at_];
      if (c == '`' || c == '"') return Quoted(c);
      if (c == '\'') {
        (void)Quoted(c);
      } else if (c == '#' || sql_.substr(at_, 3) == "-- ") {
        SkipTo("\n");
      } else if (sql_.substr(at_, 2) == "/*" && !IsVersioned()) {
        SkipTo("*/");
      } else if (IsWordByte(c)) {
        const size_t begin = at_;
        while (at_ < sql_.size() && IsWordByte(sql_[at_])) ++at_;
        if (!versioned_ || !std::isdigit(static_cast<unsigned char>(sql_[begin]))) {
          versioned_ = false;
          return std::string(sql_.substr(begin, at_ - begin));
        }
        versioned_ = false;
      } else {
        ++at_;
      }
    }
    return "";
  }

 private:
  bool IsVersioned() {
    if (sql_.substr(at_, 3) == "/*!") {
      at_ += 3;
    } else if (sql_.substr(at_, 4) == "/*M!") {
      at_ += 4;
    } else {
      return false;
    }
    versioned_ = true;
    return true;
  }
  void SkipTo(std::string_view end) {
    const size_t found = sql_.find(end, at_ + 1);
    at_ = found == std::string_view::npos ? sql_.size() : found + end.size();
  }
  std::string Quoted(char quote) {
    std::string name;
    for (++at_; at_ < sql_.size(); ++at_) {
      if (quote != '`' && sql_[at_] == '\\' && at_ + 1 < sql_.size()) {
        ++at_;
      } else if (sql_[at_] == quote) {
        if (at_ + 1 >= sql_.size() || sql_[at_ + 1] != quote) break;
        ++at_;
      }
      name += sql_[at_];
    }
    at_ = std::min(at_ + 1, sql_.size());
    return name.empty() ? std::string(1, ' ') : name;
  }

  std::string_view sql_;
  size_t at_ = 0;
  bool versioned_ = false;  // a version number may follow
};

}  // namespace

StatementClass ClassifyStatement(std::string_view sql) {
  Words words(sql);
  const std::string first = Upper(words.Next());
  if (first == "BEGIN") return StatementClass::kBegin;
  if (first == "COMMIT") return StatementClass::kCommit;
  if (first == "SAVEPOINT" || first == "RELEASE") return StatementClass::kSavepoint;
  if (first == "ROLLBACK") {
    for (std::string word = words.Next(); !word.empty(); word = words.Next()) {
      if (Upper(word) == "TO") return StatementClass::kRollbackToSavepoint;
    }
    return StatementClass::kRollback;
  }
  if (first == "XA") {
    const std::string second = Upper(words.Next());
    if (second == "START" || second == "BEGIN") return StatementClass::kXaStart;
    if (second == "END") return StatementClass::kXaEnd;
    if (second == "COMMIT") return StatementClass::kXaCommit;
    if (second == "ROLLBACK") return StatementClass::kXaRollback;
    return StatementClass::kOther;
  }
  static constexpr std::string_view kRowVerbs[] = {"INSERT", "UPDATE", "DELETE", "REPLACE", "LOAD",
                                                   "WITH",   "CALL",   "DO",     "SELECT",  "IMPORT"};
  const bool changes_rows = std::find(std::begin(kRowVerbs), std::end(kRowVerbs), first) != std::end(kRowVerbs);
  return changes_rows ? StatementClass::kChangesRows : StatementClass::kOther;
}

std::vector<std::string> StatementNames(std::string_view sql) {
  std::vector<std::string> names;
  Words words(sql);
  for (std::string word = words.Next(); !word.empty(); word = words.Next()) names.push_back(std::move(word));
  return names;
}

bool CutStartTransaction(std::string& sql) {
  static constexpr std::string_view kSuffix = "START TRANSACTION";
  if (sql.size() <= kSuffix.size() || Upper(std::string_view(sql).substr(sql.size() - kSuffix.size())) != kSuffix) {
    return false;
  }
  if (Upper(Words(sql).Next()) != "CREATE") return false;
  sql.resize(sql.size() - kSuffix.size());
  return true;
}

}  // namespace freshet
