// SPDX-License-Identifier: Apache-2.0
// DDL of users' own tables:
//   create   := CREATE TABLE [IF NOT EXISTS] name ("(" definition ("," definition)* ")" clause* | LIKE name)
//   clause   := (UNIQUE | PRIMARY) KEY "(" column ("," column)* ")" | COMMENT ["="] text | physical
//   physical := ENGINE ["="] word | PARTITION BY .. | DISTRIBUTED BY (HASH "(" .. ")" | RANDOM) [BUCKETS n|AUTO]
//             | PROPERTIES "(" .. ")" | CLUSTER BY "(" .. ")" | ROLLUP "(" .. ")" | [DEFAULT] option ["="] value
//   alter    := ALTER TABLE name clause ("," clause)*           (MySQL's; Doris' RENAME new_name)
//   rename   := RENAME TABLE name TO name ("," name TO name)*
//   truncate := TRUNCATE [TABLE] name
// Definitions and ALTER's clauses are MySQL's (ddl/mysql_parse) with Doris' type names.
#include "ddl/mysql_parse.h"
#include "sql/statement_parser.h"
#include "sql/table_dialect.h"

namespace freshet {

namespace {

// The parsed form of `head` and a list in MySQL's grammar; kInvalid shows where in the user's statement it stumbled.
template <typename Wanted>
Result<Wanted> ParseAsMysql(const std::string& head, const MysqlText& list, const TokenReader& reader) {
  MysqlStatement parsed = ParseMysqlStatement(head + list.text, MysqlLexOptions{});
  if (auto* wanted = std::get_if<Wanted>(&parsed)) return std::move(*wanted);
  size_t at = reader.sql().size();
  if (const auto* unparsed = std::get_if<MysqlUnparsed>(&parsed)) {
    const size_t offset = unparsed->offset < head.size() ? 0 : unparsed->offset - head.size();
    for (auto place = list.places.rbegin(); place != list.places.rend(); ++place) {
      if (place->first < offset) break;
      at = place->second;
    }
  }
  return SyntaxErrorAt(reader.sql(), at, "a type, an attribute or a clause that is known");
}

Status RefuseColumn(const MysqlColumnDefinition& column) {
  const char* what = column.auto_increment ? "AUTO_INCREMENT"
                     : column.generated    ? "generated columns"
                     : column.unique_key   ? "UNIQUE (the primary key is the only one)"
                     : column.on_update    ? "ON UPDATE"
                                           : nullptr;
  if (what == nullptr) return Status::Ok();
  return Status(Code::kUnsupported, "column " + column.name + ": not supported: " + what);
}

}  // namespace

Result<Statement> ParseCreateTable(TokenReader& reader) {
  CreateTable create;
  create.if_not_exists = reader.AcceptAll({"IF", "NOT", "EXISTS"});
  ASSIGN_OR_RETURN(QualifiedName name, ParseQualifiedName(reader, "the table's name"));
  create.database = std::move(name.database);
  create.name = std::move(name.name);
  if (reader.Accept("LIKE")) {
    ASSIGN_OR_RETURN(QualifiedName like, ParseQualifiedName(reader, "the table's name"));
    create.like = MysqlObjectName{std::move(like.database), std::move(like.name)};
    TRY(reader.ExpectEnd());
    return Statement(std::move(create));
  }
  if (reader.Peek().Is("AS") || reader.Peek().Is("SELECT")) return ParseTableClauses(reader).status();
  ASSIGN_OR_RETURN(const MysqlText list, TranslateColumnList(reader, create.extras));
  ASSIGN_OR_RETURN(TableClauses clauses, ParseTableClauses(reader));
  create.unique_key = std::move(clauses.unique_key);
  create.comment = clauses.comment.value_or("");
  create.options = std::move(clauses.options);
  ASSIGN_OR_RETURN(create.definition, ParseAsMysql<MysqlCreateTable>("CREATE TABLE t ", list, reader));
  for (const MysqlColumnDefinition& column : create.definition.columns) TRY(RefuseColumn(column));
  for (const MysqlIndex& index : create.definition.indexes) {
    if (index.kind != MysqlIndex::Kind::kUnique) continue;
    return Status(Code::kUnsupported, "not supported: a UNIQUE index beside the primary key");
  }
  return Statement(std::move(create));
}

Result<Statement> ParseAlterTable(TokenReader& reader) {
  AlterTable alter;
  ASSIGN_OR_RETURN(QualifiedName name, ParseQualifiedName(reader, "the table's name"));
  alter.database = std::move(name.database);
  alter.name = std::move(name.name);
  // Doris: RENAME new_name.
  const bool renames =
      reader.Peek().Is("RENAME") && reader.Peek(1).IsIdentifier() && reader.Peek(2).kind == TokenKind::kEnd;
  if (renames) {
    reader.Take();
    alter.clauses.push_back(alter::RenameTable{{"", reader.Take().value}});
    return Statement(std::move(alter));
  }
  ASSIGN_OR_RETURN(const MysqlText clauses, TranslateAlterClauses(reader, alter.extras));
  ASSIGN_OR_RETURN(MysqlAlterTable parsed, ParseAsMysql<MysqlAlterTable>("ALTER TABLE t ", clauses, reader));
  alter.clauses = std::move(parsed.clauses);
  for (const MysqlAlterClause& clause : alter.clauses) {
    if (const auto* add = std::get_if<alter::AddColumn>(&clause)) TRY(RefuseColumn(add->column));
    if (const auto* change = std::get_if<alter::ChangeColumn>(&clause)) TRY(RefuseColumn(change->definition));
  }
  return Statement(std::move(alter));
}

Result<Statement> ParseRenameTables(TokenReader& reader) {
  RenameTables rename;
  do {
    ASSIGN_OR_RETURN(QualifiedName from, ParseQualifiedName(reader, "the table's name"));
    TRY(reader.Expect("TO"));
    ASSIGN_OR_RETURN(QualifiedName to, ParseQualifiedName(reader, "the table's new name"));
    rename.pairs.push_back(
        {{std::move(from.database), std::move(from.name)}, {std::move(to.database), std::move(to.name)}});
  } while (reader.AcceptSymbol(","));
  TRY(reader.ExpectEnd());
  return Statement(std::move(rename));
}

Result<Statement> ParseTruncateTable(TokenReader& reader) {
  reader.Accept("TABLE");
  ASSIGN_OR_RETURN(QualifiedName name, ParseQualifiedName(reader, "the table's name"));
  TRY(reader.ExpectEnd());
  return Statement(TruncateTable{std::move(name.database), std::move(name.name)});
}

}  // namespace freshet
