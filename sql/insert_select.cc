// SPDX-License-Identifier: Apache-2.0
// Grammar:
//   insert   := [DO] INSERT INTO [TABLE] [name "."] name ["(" name ("," name)* ")"] select
//   select   := SELECT .. with exactly one call of a source function, as a table of its outermost FROM
//   source   := (cdc_stream | s3) "(" [pair ("," pair)*] ")"          pair := string "=" string
#include "sql/insert_select.h"

#include <algorithm>
#include <array>
#include <optional>

#include "sql/statement_parser.h"

namespace freshet {

namespace {

constexpr std::array<std::string_view, 2> kSourceFunctions = {"cdc_stream", "s3"};

// Endings of property names, lower case: s3.secret_key, AWS_SECRET_KEY, iam.session_token, ..
constexpr std::array<std::string_view, 8> kSecretEndings = {
    "password", "passwd", "secret_key", "access_key", "access_key_id", "secret_access_key", "token", "secret"};
constexpr std::string_view kMask = "******";

// "text (at line 1, column 8 near 'x')"
Status RefuseAt(const TokenReader& reader, size_t offset, Code code, std::string_view text) {
  const std::string place = SyntaxErrorAt(reader.sql(), offset, "").message();
  const size_t begin = std::string_view("syntax error ").size();
  return Status(code, std::string(text) + " (" + place.substr(begin, place.rfind(": expected") - begin) + ")");
}

bool IsSourceFunction(const Token& token) {
  return token.IsIdentifier() &&
         std::find(kSourceFunctions.begin(), kSourceFunctions.end(), ToLower(token.value)) != kSourceFunctions.end();
}

// A source function's call, as found in the tokens behind SELECT.
struct SourceCall {
  size_t name = 0;  // tokens ahead of the reader
};

bool StartsTable(const Token& token) {
  return token.Is("FROM") || token.Is("JOIN");
}

// Looks through the SELECT that the reader stands at.
Result<SourceCall> FindSource(const TokenReader& reader) {
  std::optional<SourceCall> source;
  int depth = 0;
  bool in_from = false;
  for (size_t i = 0; reader.Peek(i).kind != TokenKind::kEnd; ++i) {
    const Token& token = reader.Peek(i);
    if (token.IsSymbol("(")) ++depth;
    if (token.IsSymbol(")")) --depth;
    if (depth == 0 && token.Is("FROM")) in_from = true;
    if (depth == 0 && (token.Is("WHERE") || token.Is("GROUP") || token.Is("ORDER"))) in_from = false;
    if (token.IsIdentifier() && EqualsIgnoreCase(token.value, kSourceTable)) {
      return RefuseAt(reader, token.begin, Code::kInvalid, "a name is reserved");
    }
    if (i == 0 || !token.IsIdentifier() || !reader.Peek(i + 1).IsSymbol("(")) continue;
    const Token& before = reader.Peek(i - 1);
    const bool is_table = depth == 0 && in_from && (StartsTable(before) || before.IsSymbol(","));
    if (IsSourceFunction(token)) {
      if (source) {
        return RefuseAt(reader, token.begin, Code::kUnsupported, "Only support one source in insert streaming job");
      }
      if (!is_table) {
        return RefuseAt(reader, token.begin, Code::kUnsupported,
                        "the source must be a table of the outermost FROM, not of a subquery");
      }
      source = SourceCall{i};
    } else if (is_table) {
      return RefuseAt(
          reader, token.begin, Code::kUnsupported,
          "unknown source function '" + token.value + "'; a streaming job reads from cdc_stream(..) or s3(..)");
    }
  }
  if (source) return *source;
  return RefuseAt(reader, reader.Peek().begin, Code::kInvalid,
                  "no source: a streaming job reads FROM cdc_stream(..) or s3(..) in the SELECT");
}

Result<std::vector<std::string>> ParseColumns(TokenReader& reader) {
  std::vector<std::string> columns;
  TRY(reader.ExpectSymbol("("));
  do {
    const size_t at = reader.Peek().begin;
    ASSIGN_OR_RETURN(std::string column, reader.ExpectIdentifier("a column name"));
    for (const std::string& other : columns) {
      if (!EqualsIgnoreCase(other, column)) continue;
      return RefuseAt(reader, at, Code::kInvalid, "column '" + column + "' is specified twice");
    }
    columns.push_back(std::move(column));
  } while (reader.AcceptSymbol(","));
  TRY(reader.ExpectSymbol(")"));
  return columns;
}

// Reads the SELECT: its text with the call replaced, and the call's arguments.
Status ParseSelect(TokenReader& reader, InsertSelect& insert) {
  if (!reader.Peek().Is("SELECT")) {
    if (reader.Peek().Is("VALUES") || reader.Peek().Is("WITH") || reader.Peek().IsSymbol("(")) {
      return RefuseAt(reader, reader.Peek().begin, Code::kUnsupported,
                      "a streaming job inserts the rows of a plain SELECT");
    }
    return reader.Unexpected(insert.columns.empty() ? "(columns) or SELECT" : "SELECT");
  }
  ASSIGN_OR_RETURN(const SourceCall call, FindSource(reader));
  const size_t begin = reader.Peek().begin;
  const size_t name = reader.at() + call.name;
  while (reader.at() < name) reader.Take();
  insert.select = std::string(reader.sql().substr(begin, reader.Peek().begin - begin)) + kSourceTable;
  insert.function = ToLower(reader.Take().value);
  ASSIGN_OR_RETURN(insert.arguments, ParsePropertyList(reader));
  if (reader.AtEnd()) return Status::Ok();
  // The call's end touches what follows only where that is a symbol: names stay apart.
  const Token& rest = reader.Peek();
  insert.select += rest.kind == TokenKind::kSymbol ? "" : " ";
  size_t end = rest.end;
  const size_t rest_begin = rest.begin;
  while (!reader.AtEnd()) end = reader.Take().end;
  insert.select += reader.sql().substr(rest_begin, end - rest_begin);
  return Status::Ok();
}

std::string QuoteName(std::string_view name) {
  std::string quoted = "`";
  for (const char c : name) {
    if (c == '`') quoted += '`';
    quoted += c;
  }
  return quoted + "`";
}

std::string QuoteProperty(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

// URLs may carry secrets under any name: "jdbc:mysql://user:x@h/db?password=y", presigned "https://h/k?X-Signature=z".
// The question mark of s3:// is part of a glob.
std::string ShowUrl(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos || url.starts_with("s3") || url.starts_with("file")) return std::string(url);
  const size_t host = scheme + 3;
  const size_t at = url.rfind('@');  // a password may hold '/' and '@'
  const size_t colon = url.find(':', host);
  const size_t query = url.find('?', host);
  const bool has_password = at != std::string_view::npos && colon < at;
  std::string shown(url);
  if (query != std::string_view::npos && (at == std::string_view::npos || query < at)) {
    // Which of both an '@' behind the question mark belongs to is not told apart: all of it goes.
    return shown.replace(has_password && colon < query ? colon + 1 : query + 1, std::string::npos, kMask);
  }
  if (query != std::string_view::npos) shown.replace(query + 1, std::string::npos, kMask);
  if (has_password) shown.replace(colon + 1, at - colon - 1, kMask);
  return shown;
}

}  // namespace

Result<InsertSelect> ParseInsertSelect(TokenReader& reader) {
  InsertSelect insert;
  reader.Accept("DO");
  const Token& first = reader.Peek();
  if (first.Is("UPDATE") || first.Is("DELETE") || first.Is("MERGE") || first.Is("REPLACE") || first.Is("TRUNCATE") ||
      first.Is("SELECT")) {
    return RefuseAt(reader, first.begin, Code::kUnsupported, "Streaming jobs only support INSERT statements");
  }
  TRY(reader.Expect("INSERT"));
  if (reader.Peek().Is("OVERWRITE")) {
    return RefuseAt(reader, reader.Peek().begin, Code::kUnsupported,
                    "Streaming jobs only support INSERT statements that add rows: INSERT INTO");
  }
  TRY(reader.Expect("INTO"));
  reader.Accept("TABLE");
  ASSIGN_OR_RETURN(QualifiedName target, ParseQualifiedName(reader, "the target table's name"));
  insert.database = std::move(target.database);
  insert.table = std::move(target.name);
  if (reader.Peek().IsSymbol("(") && !reader.Peek(1).Is("SELECT")) {
    ASSIGN_OR_RETURN(insert.columns, ParseColumns(reader));
  }
  TRY(ParseSelect(reader, insert));
  return insert;
}

bool IsSecretProperty(std::string_view key) {
  const std::string lower = ToLower(key);
  return std::any_of(kSecretEndings.begin(), kSecretEndings.end(),
                     [&](std::string_view ending) { return lower.ends_with(ending); });
}

std::string ShowInsert(const InsertSelect& insert) {
  std::string text = "INSERT INTO ";
  if (!insert.database.empty()) text += QuoteName(insert.database) + ".";
  text += QuoteName(insert.table);
  for (size_t i = 0; i < insert.columns.size(); ++i) text += (i == 0 ? " (" : ", ") + QuoteName(insert.columns[i]);
  text += insert.columns.empty() ? " " : ") ";
  std::string call = insert.function + "(";
  for (size_t i = 0; i < insert.arguments.size(); ++i) {
    const auto& [key, value] = insert.arguments[i];
    call += (i == 0 ? "" : ", ") + QuoteProperty(key) + " = ";
    call += IsSecretProperty(key) ? QuoteProperty(kMask) : QuoteProperty(ShowUrl(value));
  }
  call += ")";
  const Result<std::vector<Token>> tokens = Tokenize(insert.select);
  if (!tokens.ok()) return text + "..";  // a record of another version: show nothing that may be secret
  for (const Token& token : *tokens) {
    if (!token.IsIdentifier() || token.value != kSourceTable) continue;
    return text + insert.select.substr(0, token.begin) + call + insert.select.substr(token.end);
  }
  return text + insert.select;
}

}  // namespace freshet
