// SPDX-License-Identifier: Apache-2.0
// Session and catalog statements:
//   set      := SET setting ("," setting)* | SET [SESSION|GLOBAL|LOCAL] TRANSACTION mode ("," mode)*
//   setting  := [SESSION|GLOBAL|LOCAL|PERSIST] name ("=" | ":=") value
//             | NAMES charset [COLLATE name] | (CHARACTER SET | CHARSET) charset
//   mode     := ISOLATION LEVEL (READ UNCOMMITTED | READ COMMITTED | REPEATABLE READ | SERIALIZABLE)
//             | READ (ONLY | WRITE)
//   use      := USE name
//   database := CREATE (DATABASE|SCHEMA) [IF NOT EXISTS] name [options] | DROP (DATABASE|SCHEMA) [IF EXISTS] name
//   drop     := DROP TABLE [IF EXISTS] [name "."] name
#include "sql/statement_parser.h"

namespace freshet {

Result<QualifiedName> ParseQualifiedName(TokenReader& reader, std::string_view what) {
  QualifiedName name;
  ASSIGN_OR_RETURN(name.name, reader.ExpectIdentifier(what));
  if (reader.AcceptSymbol(".")) {
    name.database = std::move(name.name);
    ASSIGN_OR_RETURN(name.name, reader.ExpectIdentifier(what));
  }
  return name;
}

namespace {

// The value's text up to the next top-level comma: a lone literal or word is unquoted, an expression is kept
// as it was written.
Result<std::string> ParseSetValue(TokenReader& reader) {
  const size_t begin = reader.Peek().begin;
  size_t end = begin;
  size_t tokens = 0;
  int depth = 0;
  std::string single;
  while (!reader.AtEnd() && !(depth == 0 && reader.Peek().IsSymbol(","))) {
    const Token& token = reader.Take();
    if (token.IsSymbol("(")) ++depth;
    if (token.IsSymbol(")")) --depth;
    single = token.value;
    end = token.end;
    ++tokens;
  }
  if (tokens == 0) return reader.Unexpected("a value");
  return tokens == 1 ? single : std::string(reader.sql().substr(begin, end - begin));
}

// Lower case without scope: "@@session.SQL_mode" is "sql_mode"; "@x" stays a user variable.
std::string VariableName(const Token& token) {
  std::string name = ToLower(token.value);
  if (name.starts_with("@@")) name.erase(0, 2);
  for (std::string_view scope : {"session.", "global.", "local.", "persist."}) {
    if (name.starts_with(scope)) return name.substr(scope.size());
  }
  return name;
}

Status ParseNames(TokenReader& reader, SetVariables& set) {
  const Token& charset = reader.Peek();
  if (!charset.IsIdentifier() && charset.kind != TokenKind::kString) return reader.Unexpected("a character set");
  const std::string name = ToLower(reader.Take().value);
  for (const char* variable : {"character_set_client", "character_set_connection", "character_set_results"}) {
    set.assignments.emplace_back(variable, name);
  }
  if (reader.Accept("COLLATE")) {
    if (!reader.Peek().IsIdentifier() && reader.Peek().kind != TokenKind::kString) {
      return reader.Unexpected("a collation");
    }
    set.assignments.emplace_back("collation_connection", ToLower(reader.Take().value));
  }
  return Status::Ok();
}

// Every query reads one snapshot, so the modes change nothing; drivers ask for what they set.
Status ParseTransactionModes(TokenReader& reader, SetVariables& set) {
  const auto assign = [&](std::string_view variable, std::string_view old_name, std::string_view value) {
    set.assignments.emplace_back(variable, value);
    set.assignments.emplace_back(old_name, value);
  };
  do {
    if (reader.AcceptAll({"READ", "ONLY"})) {
      assign("transaction_read_only", "tx_read_only", "1");
    } else if (reader.AcceptAll({"READ", "WRITE"})) {
      assign("transaction_read_only", "tx_read_only", "0");
    } else if (!reader.AcceptAll({"ISOLATION", "LEVEL"})) {
      return reader.Unexpected("ISOLATION LEVEL, READ ONLY or READ WRITE");
    } else if (reader.AcceptAll({"READ", "UNCOMMITTED"})) {
      assign("transaction_isolation", "tx_isolation", "READ-UNCOMMITTED");
    } else if (reader.AcceptAll({"READ", "COMMITTED"})) {
      assign("transaction_isolation", "tx_isolation", "READ-COMMITTED");
    } else if (reader.AcceptAll({"REPEATABLE", "READ"})) {
      assign("transaction_isolation", "tx_isolation", "REPEATABLE-READ");
    } else if (reader.Accept("SERIALIZABLE")) {
      assign("transaction_isolation", "tx_isolation", "SERIALIZABLE");
    } else {
      return reader.Unexpected("an isolation level");
    }
  } while (reader.AcceptSymbol(","));
  return Status::Ok();
}

Status ParseAssignment(TokenReader& reader, SetVariables& set) {
  for (const char* scope : {"SESSION", "GLOBAL", "LOCAL", "PERSIST"}) {
    if (reader.Peek(1).IsIdentifier() && reader.Accept(scope)) break;
  }
  const Token& token = reader.Peek();
  if (!token.IsIdentifier() && token.kind != TokenKind::kVariable) return reader.Unexpected("a variable's name");
  std::string name = VariableName(reader.Take());
  if ((name == "session" || name == "global") && reader.AcceptSymbol(".")) {
    ASSIGN_OR_RETURN(name, reader.ExpectIdentifier("a variable's name"));
    name = ToLower(name);
  }
  if (!reader.AcceptSymbol(":=")) TRY(reader.ExpectSymbol("="));
  ASSIGN_OR_RETURN(std::string value, ParseSetValue(reader));
  set.assignments.emplace_back(std::move(name), std::move(value));
  return Status::Ok();
}

}  // namespace

Result<Statement> ParseSet(TokenReader& reader) {
  SetVariables set;
  const bool scoped = reader.Peek(1).Is("TRANSACTION");
  if (scoped || reader.Peek().Is("TRANSACTION")) {
    for (int words = scoped ? 2 : 1; words > 0; --words) reader.Take();
    TRY(ParseTransactionModes(reader, set));
    TRY(reader.ExpectEnd());
    return Statement(std::move(set));
  }
  do {
    if (reader.Accept("NAMES") || reader.AcceptAll({"CHARACTER", "SET"}) || reader.Accept("CHARSET")) {
      TRY(ParseNames(reader, set));
    } else {
      TRY(ParseAssignment(reader, set));
    }
  } while (reader.AcceptSymbol(","));
  TRY(reader.ExpectEnd());
  return Statement(std::move(set));
}

Result<Statement> ParseUse(TokenReader& reader) {
  UseDatabase use;
  ASSIGN_OR_RETURN(use.name, reader.ExpectIdentifier("a database's name"));
  TRY(reader.ExpectEnd());
  return Statement(std::move(use));
}

Result<Statement> ParseCreateDatabase(TokenReader& reader) {
  CreateDatabase create;
  create.if_not_exists = reader.AcceptAll({"IF", "NOT", "EXISTS"});
  ASSIGN_OR_RETURN(create.name, reader.ExpectIdentifier("the database's name"));
  // Character set and collation options are accepted: text is UTF-8 here whatever they say.
  while (!reader.AtEnd()) {
    reader.Accept("DEFAULT");
    if (!reader.AcceptAll({"CHARACTER", "SET"}) && !reader.Accept("CHARSET") && !reader.Accept("COLLATE")) {
      return reader.Unexpected("CHARACTER SET, COLLATE or the end of the statement");
    }
    reader.AcceptSymbol("=");
    if (!reader.Peek().IsIdentifier() && reader.Peek().kind != TokenKind::kString) {
      return reader.Unexpected("a character set or collation");
    }
    reader.Take();
  }
  return Statement(std::move(create));
}

Result<Statement> ParseDropDatabase(TokenReader& reader) {
  DropDatabase drop;
  drop.if_exists = reader.AcceptAll({"IF", "EXISTS"});
  ASSIGN_OR_RETURN(drop.name, reader.ExpectIdentifier("the database's name"));
  TRY(reader.ExpectEnd());
  return Statement(std::move(drop));
}

Result<Statement> ParseDropTable(TokenReader& reader) {
  DropTable drop;
  drop.if_exists = reader.AcceptAll({"IF", "EXISTS"});
  ASSIGN_OR_RETURN(QualifiedName name, ParseQualifiedName(reader, "the table's name"));
  drop.database = std::move(name.database);
  drop.name = std::move(name.name);
  TRY(reader.ExpectEnd());
  return Statement(std::move(drop));
}

}  // namespace freshet
