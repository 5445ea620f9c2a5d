// SPDX-License-Identifier: Apache-2.0
// Tokens of a MySQL or MariaDB statement as the log carries it. Comments are dropped, those that the server
// would execute (/*! .. */, /*M! .. */) are opened. No keywords here: the parser knows them by place.
// Called by the statement parser and the type mapping, from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace freshet {

enum class MysqlFlavour : uint8_t { kMysql, kMariadb };

struct MysqlLexOptions {
  MysqlFlavour flavour = MysqlFlavour::kMysql;
  // 80036 or 101106: versioned comments for newer servers are dropped. 0 unknown: all are opened.
  uint32_t server_version = 0;
  // Of the session that ran the statement (sql_mode in the log's query event).
  bool ansi_quotes = false;
  bool no_backslash_escapes = false;
};

enum class MysqlTokenKind : uint8_t {
  kEnd,     // one, last
  kWord,    // unquoted name or keyword, as written
  kName,    // `quoted`, or "quoted" under ANSI_QUOTES; unescaped
  kString,  // 'x' or "x", unescaped; neighbours are joined
  kNumber,  // unsigned, as written
  kBinary,  // x'41', 0x41, b'01', 0b01: the bytes
  kSymbol,  // one byte
};

struct MysqlToken {
  MysqlTokenKind kind = MysqlTokenKind::kEnd;
  std::string text;
  std::string introducer;  // kString, kBinary: character set of `_latin1'x'`, lower case; else ""
  size_t begin = 0;        // offset in the statement
  size_t end = 0;          // one past it
};

// The last token is kEnd. kInvalid when a quote or comment is not closed; the message has the offset only.
Result<std::vector<MysqlToken>> TokenizeMysql(std::string_view sql, const MysqlLexOptions& options);

}  // namespace freshet
