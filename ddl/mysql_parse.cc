// SPDX-License-Identifier: Apache-2.0
#include "ddl/mysql_parse.h"

#include <utility>
#include <vector>

#include "ddl/mysql_cursor.h"

namespace freshet {
namespace {

constexpr size_t kNamesMax = 100'000;  // definitions or names in one statement; max_allowed_packet is 1 GiB

// SET STATEMENT name = value, .. FOR statement (MariaDB).
Status SkipSetStatement(MysqlCursor& cursor) {
  if (!cursor.TakeWords({"set", "statement"})) return Status::Ok();
  while (!cursor.AtEnd()) {
    if (cursor.IsSymbol('(')) {
      TRY(cursor.SkipParentheses());
    } else if (cursor.TakeWord("for")) {
      return Status::Ok();
    } else {
      cursor.Take();
    }
  }
  return cursor.Unexpected();
}

Status ExpectEnd(MysqlCursor& cursor) {
  while (cursor.TakeSymbol(';')) continue;
  return cursor.AtEnd() ? Status::Ok() : cursor.Unexpected();
}

Status ParseDefinitions(MysqlCursor& cursor, MysqlCreateTable& create) {
  TRY(cursor.ExpectSymbol('('));
  do {
    if (create.columns.size() + create.indexes.size() >= kNamesMax) return cursor.Unexpected();
    if (cursor.IsWord("period")) return cursor.Unexpected();  // system versioning
    if (AtIndexDefinition(cursor)) {
      ASSIGN_OR_RETURN(MysqlIndex index, ParseIndexDefinition(cursor));
      create.indexes.push_back(std::move(index));
    } else {
      ASSIGN_OR_RETURN(MysqlColumnDefinition column, ParseColumnDefinition(cursor));
      create.columns.push_back(std::move(column));
    }
  } while (cursor.TakeSymbol(','));
  return cursor.ExpectSymbol(')');
}

bool AtSelect(const MysqlCursor& cursor) {
  for (const std::string_view word : {"as", "select", "with", "values", "table", "ignore", "replace"}) {
    if (cursor.IsWord(word)) return !(word == "with" && cursor.IsWord("system", 1));
  }
  return cursor.IsSymbol('(');
}

Status ParseCreateTail(MysqlCursor& cursor, MysqlCreateTable& create) {
  while (!cursor.AtEnd() && !cursor.IsSymbol(';')) {
    if (AtSelect(cursor)) {
      create.as_select = true;
      while (!cursor.AtEnd()) cursor.Take();
    } else if (cursor.TakeWords({"partition", "by"})) {
      // Partitions hold the same rows; only a SELECT behind them would matter.
      while (!cursor.AtEnd() && !cursor.IsSymbol(';') && !cursor.IsWord("select") && !cursor.IsWord("as")) {
        if (cursor.IsSymbol('(')) {
          TRY(cursor.SkipParentheses());
        } else {
          cursor.Take();
        }
      }
    } else {
      ASSIGN_OR_RETURN(const bool option, ParseTableOption(cursor, create.options));
      if (!option) return cursor.Unexpected();
      cursor.TakeSymbol(',');
    }
  }
  return ExpectEnd(cursor);
}

// After CREATE [OR REPLACE] [TEMPORARY] TABLE.
Result<MysqlStatement> ParseCreateTable(MysqlCursor& cursor, MysqlCreateTable create) {
  create.if_not_exists = cursor.TakeWords({"if", "not", "exists"});
  ASSIGN_OR_RETURN(create.name, cursor.ExpectObjectName());
  const bool wrapped_like = cursor.IsSymbol('(') && cursor.IsWord("like", 1);
  if (wrapped_like) cursor.Take();
  if (cursor.TakeWord("like")) {
    ASSIGN_OR_RETURN(create.like, cursor.ExpectObjectName());
    if (wrapped_like) TRY(cursor.ExpectSymbol(')'));
    TRY(ExpectEnd(cursor));
    return MysqlStatement(std::move(create));
  }
  const bool query = cursor.IsSymbol('(') && (cursor.IsWord("select", 1) || cursor.IsSymbol('(', 1));
  if (cursor.IsSymbol('(') && !query) TRY(ParseDefinitions(cursor, create));
  TRY(ParseCreateTail(cursor, create));
  return MysqlStatement(std::move(create));
}

// CREATE [UNIQUE ..] INDEX i ON t (..): an ALTER TABLE by another name.
Result<MysqlStatement> ParseCreateIndex(MysqlCursor& cursor, MysqlIndex index) {
  cursor.TakeWords({"if", "not", "exists"});
  ASSIGN_OR_RETURN(index.name, cursor.ExpectName());
  if (cursor.TakeAnyWord({"using", "type"})) cursor.Take();
  if (!cursor.TakeWord("on")) return cursor.Unexpected();
  MysqlAlterTable alter;
  ASSIGN_OR_RETURN(alter.name, cursor.ExpectObjectName());
  ASSIGN_OR_RETURN(index.parts, ParseKeyParts(cursor));
  alter.clauses.push_back(alter::AddIndex{std::move(index)});
  return MysqlStatement(std::move(alter));  // index options that follow change nothing
}

Result<MysqlStatement> ParseCreate(MysqlCursor& cursor) {
  MysqlCreateTable create;
  create.or_replace = cursor.TakeWords({"or", "replace"});
  create.temporary = cursor.TakeWord("temporary");
  if (cursor.TakeWord("table")) return ParseCreateTable(cursor, std::move(create));
  MysqlIndex index;
  cursor.TakeAnyWord({"online", "offline"});
  if (cursor.TakeWord("unique")) index.kind = MysqlIndex::Kind::kUnique;
  cursor.TakeAnyWord({"fulltext", "spatial", "vector"});
  if (cursor.TakeWord("index")) return ParseCreateIndex(cursor, std::move(index));
  return MysqlStatement(MysqlOther{});
}

Result<MysqlStatement> ParseDrop(MysqlCursor& cursor) {
  if (cursor.TakeAnyWord({"database", "schema"})) {
    cursor.TakeWords({"if", "exists"});
    MysqlDropDatabase drop;
    ASSIGN_OR_RETURN(drop.name, cursor.ExpectName());
    return MysqlStatement(std::move(drop));
  }
  if (cursor.TakeWord("index")) {
    cursor.TakeWords({"if", "exists"});
    alter::DropIndex drop;
    ASSIGN_OR_RETURN(drop.index, cursor.ExpectName());
    if (!cursor.TakeWord("on")) return cursor.Unexpected();
    MysqlAlterTable alter;
    ASSIGN_OR_RETURN(alter.name, cursor.ExpectObjectName());
    alter.clauses.push_back(std::move(drop));
    return MysqlStatement(std::move(alter));
  }
  MysqlDropTable drop;
  drop.temporary = cursor.TakeWord("temporary");
  if (!cursor.TakeAnyWord({"table", "tables"})) return MysqlStatement(MysqlOther{});
  cursor.TakeWords({"if", "exists"});
  do {
    if (drop.names.size() >= kNamesMax) return cursor.Unexpected();
    ASSIGN_OR_RETURN(MysqlObjectName name, cursor.ExpectObjectName());
    drop.names.push_back(std::move(name));
  } while (cursor.TakeSymbol(','));
  if (cursor.TakeWord("wait")) cursor.Take();
  cursor.TakeAnyWord({"nowait", "restrict", "cascade"});
  TRY(ExpectEnd(cursor));
  return MysqlStatement(std::move(drop));
}

Result<MysqlStatement> ParseAlter(MysqlCursor& cursor) {
  cursor.TakeAnyWord({"online", "offline"});
  const bool ignore = cursor.TakeWord("ignore");
  if (!cursor.TakeWord("table")) return MysqlStatement(MysqlOther{});
  cursor.TakeWords({"if", "exists"});
  MysqlAlterTable alter;
  ASSIGN_OR_RETURN(alter.name, cursor.ExpectObjectName());
  ASSIGN_OR_RETURN(alter.clauses, ParseAlterClauses(cursor));
  // IGNORE drops rows that break a new unique index and mends values that do not fit.
  if (ignore) alter.clauses.push_back(alter::RemoveRows{"IGNORE"});
  TRY(ExpectEnd(cursor));
  return MysqlStatement(std::move(alter));
}

Result<MysqlStatement> ParseRename(MysqlCursor& cursor) {
  if (!cursor.TakeAnyWord({"table", "tables"})) return MysqlStatement(MysqlOther{});
  cursor.TakeWords({"if", "exists"});
  MysqlRenameTable rename;
  do {
    if (rename.pairs.size() >= kNamesMax) return cursor.Unexpected();
    MysqlRenameTable::Pair pair;
    ASSIGN_OR_RETURN(pair.from, cursor.ExpectObjectName());
    if (cursor.TakeWord("wait")) cursor.Take();
    cursor.TakeWord("nowait");
    if (!cursor.TakeWord("to")) return cursor.Unexpected();
    ASSIGN_OR_RETURN(pair.to, cursor.ExpectObjectName());
    rename.pairs.push_back(std::move(pair));
  } while (cursor.TakeSymbol(','));
  TRY(ExpectEnd(cursor));
  return MysqlStatement(std::move(rename));
}

Result<MysqlStatement> ParseTruncate(MysqlCursor& cursor) {
  cursor.TakeWord("table");
  MysqlTruncateTable truncate;
  ASSIGN_OR_RETURN(truncate.name, cursor.ExpectObjectName());
  return MysqlStatement(std::move(truncate));
}

Result<MysqlStatement> Parse(MysqlCursor& cursor) {
  TRY(SkipSetStatement(cursor));
  if (cursor.TakeWord("create")) return ParseCreate(cursor);
  if (cursor.TakeWord("alter")) return ParseAlter(cursor);
  if (cursor.TakeWord("drop")) return ParseDrop(cursor);
  if (cursor.TakeWord("rename")) return ParseRename(cursor);
  if (cursor.TakeWord("truncate")) return ParseTruncate(cursor);
  return MysqlStatement(MysqlOther{});
}

// Rows changed by a statement instead of row events (binlog_format other than ROW).
bool ChangesRows(const MysqlCursor& cursor) {
  for (const std::string_view word : {"insert", "update", "delete", "replace", "load", "with"}) {
    if (cursor.IsWord(word)) return true;
  }
  return false;
}

// Names where a table's name can stand: what is not understood must stop each table it may be about, but a
// column that happens to have a table's name must not. In lists and row statements every name counts.
std::vector<MysqlObjectName> CandidateTables(MysqlCursor& cursor) {
  cursor.MoveTo(0);
  const bool anywhere = ChangesRows(cursor) || cursor.IsWord("drop") || cursor.IsWord("rename");
  std::vector<MysqlObjectName> names;
  std::string before;
  while (!cursor.AtEnd()) {
    if (!cursor.IsName()) {
      before = cursor.Take().text;
      continue;
    }
    MysqlObjectName object{"", cursor.Take().text};
    const std::string first = object.name;
    if (cursor.IsSymbol('.') && cursor.IsName(1)) {
      cursor.Take();
      object = {object.name, cursor.Take().text};
    }
    bool position = anywhere;
    for (const std::string_view word :
         {"table", "tables", "exists", "truncate", "on", "to", "as", "like", "rename", "with"}) {
      position |= EqualWords(before, word);
    }
    if (position) names.push_back(std::move(object));
    before = first;
  }
  return names;
}

}  // namespace

MysqlStatement ParseMysqlStatement(std::string_view sql, const MysqlLexOptions& options) {
  auto tokens = TokenizeMysql(sql, options);
  if (!tokens.ok()) return MysqlUnparsed{{}, tokens.status().message(), 0};
  MysqlCursor cursor(std::move(tokens).value());
  auto statement = Parse(cursor);
  if (statement.ok() && !ChangesRows(cursor)) return std::move(statement).value();
  const size_t offset = cursor.Peek().begin;
  if (statement.ok()) {
    return MysqlUnparsed{CandidateTables(cursor), "it changes rows without row events (binlog_format is not ROW)", 0};
  }
  return MysqlUnparsed{CandidateTables(cursor), statement.status().message(), offset};
}

}  // namespace freshet
