// SPDX-License-Identifier: Apache-2.0
// SHOW and DESC. A SHOW .. WHERE condition becomes a Query over information_schema or performance_schema, so
// that the condition is evaluated by the same engine as any other.
//   show := SHOW (DATABASES|SCHEMAS) [filter] | SHOW [FULL] TABLES [(FROM|IN) db] [filter]
//         | SHOW [FULL] (COLUMNS|FIELDS) (FROM|IN) table [(FROM|IN) db] [filter]
//         | SHOW CREATE (TABLE|VIEW) table | SHOW CREATE (DATABASE|SCHEMA) [IF NOT EXISTS] db
//         | SHOW [SESSION|GLOBAL] (VARIABLES|STATUS) [filter] | SHOW what [name] [filter]
//   filter := LIKE string | WHERE condition
#include <array>

#include "sql/statement_parser.h"

namespace freshet {

namespace {

std::string Text(const TokenReader& reader, size_t begin) {
  return std::string(reader.sql().substr(begin));
}

// WHERE to the end, without a trailing ';'.
std::string TakeCondition(TokenReader& reader) {
  const size_t begin = reader.Peek().begin;
  size_t end = begin;
  while (!reader.AtEnd()) {
    if (!reader.Peek().IsSymbol(";")) end = reader.Peek().end;
    reader.Take();
  }
  return Text(reader, begin).substr(0, end - begin);
}

Result<std::string> ParseLike(TokenReader& reader) {
  if (!reader.Accept("LIKE")) return std::string();
  return reader.ExpectString("a pattern in quotes");
}

Result<std::string> ParseFromDatabase(TokenReader& reader) {
  if (!reader.Accept("FROM") && !reader.Accept("IN")) return std::string();
  return reader.ExpectIdentifier("a database's name");
}

std::string SchemaOf(const std::string& database) {
  return database.empty() ? "DATABASE()" : QuoteLiteral(database);
}

Statement Filtered(std::string select, TokenReader& reader) {
  return Query{"SELECT * FROM (" + select + ") AS shown " + TakeCondition(reader)};
}

std::string Backticked(const std::string& name) {
  std::string quoted = "`";
  for (char c : name) quoted += c == '`' ? std::string("``") : std::string(1, c);
  return quoted + "`";
}

Result<Statement> ParseShowDatabases(TokenReader& reader) {
  if (reader.Peek().Is("WHERE")) {
    return Filtered("SELECT SCHEMA_NAME AS `Database` FROM information_schema.SCHEMATA", reader);
  }
  ShowDatabases show;
  ASSIGN_OR_RETURN(show.like, ParseLike(reader));
  TRY(reader.ExpectEnd());
  return Statement(std::move(show));
}

Result<Statement> ParseShowTables(TokenReader& reader, bool full) {
  ShowTables show;
  show.full = full;
  ASSIGN_OR_RETURN(show.database, ParseFromDatabase(reader));
  if (reader.Peek().Is("WHERE")) {
    return Filtered("SELECT TABLE_NAME AS " + Backticked("Tables_in_" + show.database) +
                        (full ? ", TABLE_TYPE AS Table_type" : "") +
                        " FROM information_schema.TABLES WHERE TABLE_SCHEMA = " + SchemaOf(show.database),
                    reader);
  }
  ASSIGN_OR_RETURN(show.like, ParseLike(reader));
  TRY(reader.ExpectEnd());
  return Statement(std::move(show));
}

Result<Statement> ParseShowColumns(TokenReader& reader, bool full) {
  if (!reader.Accept("FROM") && !reader.Accept("IN")) return reader.Unexpected("FROM");
  ASSIGN_OR_RETURN(QualifiedName name, ParseQualifiedName(reader, "a table's name"));
  DescribeTable describe{std::move(name.database), std::move(name.name), full};
  if (reader.Peek().Is("FROM") || reader.Peek().Is("IN")) {
    ASSIGN_OR_RETURN(describe.database, ParseFromDatabase(reader));
  }
  if (reader.AtEnd()) return Statement(std::move(describe));
  // LIKE narrows by column name; DescribeTable has no pattern, so both filters go through the view.
  std::string select =
      "SELECT COLUMN_NAME AS `Field`, COLUMN_TYPE AS `Type`, IS_NULLABLE AS `Null`, COLUMN_KEY AS `Key`, "
      "COLUMN_DEFAULT AS `Default`, EXTRA AS `Extra` FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = " +
      SchemaOf(describe.database) + " AND TABLE_NAME = " + QuoteLiteral(describe.name);
  if (reader.Peek().Is("WHERE")) return Filtered(std::move(select), reader);
  ASSIGN_OR_RETURN(const std::string like, ParseLike(reader));
  TRY(reader.ExpectEnd());
  return Statement(
      Query{select + " AND LOWER(COLUMN_NAME) LIKE " + QuoteLiteral(ToLower(like)) + " ORDER BY ORDINAL_POSITION"});
}

Result<Statement> ParseShowCreate(TokenReader& reader) {
  if (reader.Accept("DATABASE") || reader.Accept("SCHEMA")) {
    reader.AcceptAll({"IF", "NOT", "EXISTS"});
    ShowCreateDatabase show;
    ASSIGN_OR_RETURN(show.name, reader.ExpectIdentifier("a database's name"));
    TRY(reader.ExpectEnd());
    return Statement(std::move(show));
  }
  if (!reader.Accept("TABLE") && !reader.Accept("VIEW")) return reader.Unexpected("TABLE or DATABASE");
  ASSIGN_OR_RETURN(QualifiedName name, ParseQualifiedName(reader, "a table's name"));
  TRY(reader.ExpectEnd());
  return Statement(ShowCreateTable{std::move(name.database), std::move(name.name)});
}

Result<Statement> ParseShowVariables(TokenReader& reader, bool status) {
  if (reader.Peek().Is("WHERE")) {
    return Filtered(std::string("SELECT VARIABLE_NAME AS Variable_name, VARIABLE_VALUE AS Value FROM "
                                "performance_schema.") +
                        (status ? "session_status" : "session_variables"),
                    reader);
  }
  ShowVariables show;
  show.status = status;
  ASSIGN_OR_RETURN(show.like, ParseLike(reader));
  TRY(reader.ExpectEnd());
  return Statement(std::move(show));
}

// The spellings of SHOW that answer from the same rows get one name.
struct OtherForm {
  std::array<std::string_view, 2> words;
  std::string_view what;
};
constexpr OtherForm kOtherForms[] = {
    {{"WARNINGS", ""}, "WARNINGS"},
    {{"ERRORS", ""}, "ERRORS"},
    {{"PROCESSLIST", ""}, "PROCESSLIST"},
    {{"ENGINES", ""}, "ENGINES"},
    {{"STORAGE", "ENGINES"}, "ENGINES"},
    {{"COLLATION", ""}, "COLLATION"},
    {{"CHARSET", ""}, "CHARSET"},
    {{"CHARACTER", "SET"}, "CHARSET"},
    {{"INDEX", ""}, "INDEX"},
    {{"INDEXES", ""}, "INDEX"},
    {{"KEYS", ""}, "INDEX"},
    {{"TABLE", "STATUS"}, "TABLE STATUS"},
    {{"GRANTS", ""}, "GRANTS"},
    {{"PRIVILEGES", ""}, "PRIVILEGES"},
    {{"PLUGINS", ""}, "PLUGINS"},
    {{"TRIGGERS", ""}, "TRIGGERS"},
    {{"EVENTS", ""}, "EVENTS"},
    {{"PROCEDURE", "STATUS"}, "PROCEDURE STATUS"},
    {{"FUNCTION", "STATUS"}, "FUNCTION STATUS"},
    {{"OPEN", "TABLES"}, "OPEN TABLES"},
    {{"MASTER", "STATUS"}, "MASTER STATUS"},
    {{"SLAVE", "STATUS"}, "SLAVE STATUS"},
    {{"REPLICA", "STATUS"}, "SLAVE STATUS"},
    {{"BINARY", "LOGS"}, "BINARY LOGS"},
};

Result<Statement> ParseShowOther(TokenReader& reader) {
  ShowOther show;
  for (const OtherForm& form : kOtherForms) {
    if (!reader.Peek().Is(form.words[0]) || (!form.words[1].empty() && !reader.Peek(1).Is(form.words[1]))) continue;
    reader.Take();
    if (!form.words[1].empty()) reader.Take();
    show.what = form.what;
    break;
  }
  if (show.what.empty()) {
    return reader.Unexpected(
        "DATABASES, TABLES, COLUMNS, CREATE TABLE, CREATE DATABASE, VARIABLES, STATUS, WARNINGS, PROCESSLIST, "
        "ENGINES, COLLATION, CHARSET, INDEX, TABLE STATUS or GRANTS");
  }
  if (show.what == "INDEX") {
    if (!reader.Accept("FROM") && !reader.Accept("IN")) return reader.Unexpected("FROM");
    ASSIGN_OR_RETURN(QualifiedName name, ParseQualifiedName(reader, "a table's name"));
    show.database = std::move(name.database);
    show.name = std::move(name.name);
  }
  if (reader.Peek().Is("FROM") || reader.Peek().Is("IN")) {
    ASSIGN_OR_RETURN(show.database, ParseFromDatabase(reader));
  }
  if (reader.Peek().Is("WHERE")) {
    if (show.what == "COLLATION") {
      return Filtered(
          "SELECT COLLATION_NAME AS `Collation`, CHARACTER_SET_NAME AS `Charset`, ID AS `Id`, "
          "IS_DEFAULT AS `Default` FROM information_schema.COLLATIONS",
          reader);
    }
    TakeCondition(reader);  // a short list: shown whole
  }
  if (reader.Accept("FOR") || reader.Accept("LIMIT")) TakeCondition(reader);  // GRANTS FOR user, WARNINGS LIMIT n
  ASSIGN_OR_RETURN(show.like, ParseLike(reader));
  TRY(reader.ExpectEnd());
  return Statement(std::move(show));
}

}  // namespace

Result<Statement> ParseShow(TokenReader& reader) {
  for (const char* scope : {"SESSION", "GLOBAL", "LOCAL"}) {
    if (reader.Accept(scope)) break;
  }
  reader.Accept("EXTENDED");
  const bool full = reader.Accept("FULL");
  if (reader.Accept("DATABASES") || reader.Accept("SCHEMAS")) return ParseShowDatabases(reader);
  if (reader.Accept("TABLES")) return ParseShowTables(reader, full);
  if (reader.Accept("COLUMNS") || reader.Accept("FIELDS")) return ParseShowColumns(reader, full);
  if (reader.Accept("CREATE")) return ParseShowCreate(reader);
  if (reader.Accept("VARIABLES")) return ParseShowVariables(reader, false);
  if (reader.Accept("STATUS")) return ParseShowVariables(reader, true);
  return ParseShowOther(reader);
}

Result<Statement> ParseDescribe(TokenReader& reader) {
  if (reader.Peek().Is("SELECT") || reader.Peek().Is("WITH")) {
    return Statement(Query{"EXPLAIN " + TakeCondition(reader)});
  }
  if (reader.Peek().Is("FUNCTION") && reader.Peek(1).IsIdentifier() && reader.Peek(2).IsSymbol("(")) {
    reader.Take();
    return Statement(
        Query{"SELECT column_name AS `Field`, column_type AS `Type`, 'YES' AS `Null`, '' AS `Key`, NULL AS `Default`, "
              "'' AS `Extra` FROM (DESCRIBE SELECT * FROM " +
              TakeCondition(reader) + ") AS columns_of_function"});
  }
  reader.Accept("TABLE");
  ASSIGN_OR_RETURN(QualifiedName name, ParseQualifiedName(reader, "a table's name"));
  TRY(reader.ExpectEnd());
  return Statement(DescribeTable{std::move(name.database), std::move(name.name), false});
}

}  // namespace freshet
