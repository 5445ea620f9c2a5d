// SPDX-License-Identifier: Apache-2.0
#include "sql/statement.h"

#include "sql/statement_parser.h"

namespace freshet {

namespace {

struct Branch {
  std::string_view first;
  std::string_view second;  // "" any
  Result<Statement> (*parse)(TokenReader&);
};

constexpr Branch kBranches[] = {
    {"CREATE", "JOB", ParseCreateJob},
    {"ALTER", "JOB", ParseAlterJob},
    {"PAUSE", "JOB", ParsePauseJob},
    {"RESUME", "JOB", ParseResumeJob},
    {"DROP", "JOB", ParseDropJob},
    {"SYNC", "JOB", ParseSyncJob},
    {"VERIFY", "JOB", ParseVerifyJob},
    {"CANCEL", "TASK", ParseCancelTask},
    {"REPLAY", "QUARANTINE", ParseReplayQuarantine},
    {"CREATE", "DATABASE", ParseCreateDatabase},
    {"CREATE", "SCHEMA", ParseCreateDatabase},
    {"DROP", "DATABASE", ParseDropDatabase},
    {"DROP", "SCHEMA", ParseDropDatabase},
    {"DROP", "TABLE", ParseDropTable},
    {"CREATE", "TABLE", ParseCreateTable},
    {"ALTER", "TABLE", ParseAlterTable},
    {"RENAME", "TABLE", ParseRenameTables},
    {"TRUNCATE", "", ParseTruncateTable},
    {"INSERT", "", ParseInsertRows},
    {"REPLACE", "", ParseInsertRows},
    {"UPDATE", "", ParseUpdateRows},
    {"DELETE", "", ParseDeleteRows},
    {"SET", "", ParseSet},
    {"USE", "", ParseUse},
    {"SHOW", "", ParseShow},
    {"DESC", "", ParseDescribe},
    {"DESCRIBE", "", ParseDescribe},
};

bool IsTransactionControl(const TokenReader& reader) {
  const Token& first = reader.Peek();
  for (const char* word : {"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT"}) {
    if (first.Is(word)) return true;
  }
  return (first.Is("START") && reader.Peek(1).Is("TRANSACTION")) ||
         (first.Is("RELEASE") && reader.Peek(1).Is("SAVEPOINT")) ||
         ((first.Is("LOCK") || first.Is("UNLOCK")) && reader.Peek(1).Is("TABLES"));
}

// First words whose second one decides and is always one of ours.
Status ExpectJobWord(const TokenReader& reader) {
  for (const char* word : {"PAUSE", "RESUME", "SYNC", "VERIFY"}) {
    if (reader.Peek().Is(word)) return SyntaxErrorAt(reader.sql(), reader.Peek(1).begin, "JOB");
  }
  if (reader.Peek().Is("CREATE") || reader.Peek().Is("ALTER") || reader.Peek().Is("DROP")) {
    // What DuckDB or MySQL know is refused later, with a reason; anything else is a slip of the pen.
    for (const char* word :
         {"TABLE",    "VIEW",   "OR",       "TEMPORARY", "TEMP",    "INDEX",    "UNIQUE",    "MACRO",
          "FUNCTION", "TYPE",   "SEQUENCE", "SECRET",    "USER",    "TRIGGER",  "PROCEDURE", "EVENT",
          "ROLE",     "SERVER", "DATABASE", "SCHEMA",    "DEFINER", "FULLTEXT", "SPATIAL",   "PERSISTENT"}) {
      if (reader.Peek(1).Is(word)) return Status::Ok();
    }
    return SyntaxErrorAt(reader.sql(), reader.Peek(1).begin, "JOB, DATABASE or TABLE");
  }
  if (reader.Peek().Is("REPLAY")) return SyntaxErrorAt(reader.sql(), reader.Peek(1).begin, "QUARANTINE");
  if (reader.Peek().Is("CANCEL")) return SyntaxErrorAt(reader.sql(), reader.Peek(1).begin, "TASK");
  return Status::Ok();
}

Status ExpectKnownFirstWord(const TokenReader& reader) {
  static constexpr std::string_view kFirstWords[] = {
      "SELECT",  "WITH",      "VALUES", "FROM",    "EXPLAIN", "TABLE",    "INSERT",     "UPDATE",  "DELETE",
      "REPLACE", "MERGE",     "CREATE", "ALTER",   "DROP",    "COPY",     "ATTACH",     "DETACH",  "INSTALL",
      "LOAD",    "PRAGMA",    "CALL",   "EXPORT",  "IMPORT",  "VACUUM",   "CHECKPOINT", "ANALYZE", "TRUNCATE",
      "RENAME",  "SUMMARIZE", "PIVOT",  "UNPIVOT", "FORCE",   "COMMENT",  "PREPARE",    "EXECUTE", "DEALLOCATE",
      "GRANT",   "REVOKE",    "KILL",   "FLUSH",   "RESET",   "OPTIMIZE", "HANDLER",    "DO"};
  if (reader.Peek().IsSymbol("(")) return Status::Ok();
  for (std::string_view word : kFirstWords) {
    if (reader.Peek().Is(word)) return Status::Ok();
  }
  return reader.Unexpected("a statement (SELECT, SHOW, CREATE JOB, ..)");
}

}  // namespace

Result<Statement> ParseStatement(std::string_view sql) {
  ASSIGN_OR_RETURN(std::vector<Token> tokens, Tokenize(sql));
  // Trailing ';' are dropped; one inside the text means that the caller did not split.
  while (tokens.size() >= 2 && tokens[tokens.size() - 2].IsSymbol(";")) tokens.erase(tokens.end() - 2);
  for (const Token& token : tokens) {
    if (token.IsSymbol(";")) return SyntaxErrorAt(sql, token.end, "one statement at a time");
  }
  TokenReader reader(sql, tokens);
  if (reader.AtEnd()) return reader.Unexpected("a statement");
  if (IsTransactionControl(reader)) return Statement(TransactionControl{});
  for (const Branch& branch : kBranches) {
    if (!reader.Peek().Is(branch.first)) continue;
    if (!branch.second.empty() && !reader.Peek(1).Is(branch.second)) continue;
    reader.Take();
    if (!branch.second.empty()) reader.Take();
    return branch.parse(reader);
  }
  TRY(ExpectJobWord(reader));
  TRY(ExpectKnownFirstWord(reader));
  return Statement(Query{std::string(sql)});
}

std::vector<std::string_view> SplitStatements(std::string_view sql) {
  Result<std::vector<Token>> tokens = Tokenize(sql);
  if (!tokens.ok()) return {sql};  // ParseStatement reports the error with its position
  std::vector<std::string_view> statements;
  size_t begin = 0;
  bool empty = true;
  for (const Token& token : *tokens) {
    if (token.IsSymbol(";") || token.kind == TokenKind::kEnd) {
      if (!empty) statements.push_back(sql.substr(begin, token.begin - begin));
      begin = token.end;
      empty = true;
    } else {
      empty = false;
    }
  }
  return statements;
}

}  // namespace freshet
