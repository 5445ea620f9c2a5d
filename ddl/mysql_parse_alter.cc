// SPDX-License-Identifier: Apache-2.0
// ALTER TABLE: every clause of both dialects is classified; one that is not known fails the statement.
#include "ddl/mysql_cursor.h"

namespace freshet {
namespace {

constexpr size_t kClausesMax = 10'000;  // more than the columns and indexes a table can have

Result<MysqlPlace> ParsePlace(MysqlCursor& cursor) {
  MysqlPlace place;
  if (cursor.TakeWord("first")) {
    place.kind = MysqlPlace::Kind::kFirst;
  } else if (cursor.TakeWord("after")) {
    place.kind = MysqlPlace::Kind::kAfter;
    ASSIGN_OR_RETURN(place.after, cursor.ExpectName());
  }
  return place;
}

// Partition clauses end the statement; what they list is passed over.
MysqlAlterClause RestOfPartitionClause(MysqlCursor& cursor, MysqlAlterClause clause) {
  while (!cursor.AtEnd() && !cursor.IsSymbol(';')) cursor.Take();
  return clause;
}

Result<MysqlAlterClause> ParseAdd(MysqlCursor& cursor, std::vector<MysqlAlterClause>& clauses) {
  if (cursor.TakeWord("partition")) return RestOfPartitionClause(cursor, alter::NoEffect{});
  if (cursor.IsWord("period") || cursor.IsWord("system")) return cursor.Unexpected();
  if (AtIndexDefinition(cursor)) {
    ASSIGN_OR_RETURN(MysqlIndex index, ParseIndexDefinition(cursor));
    return MysqlAlterClause(alter::AddIndex{std::move(index)});
  }
  cursor.TakeWord("column");
  alter::AddColumn add;
  add.if_not_exists = cursor.TakeWords({"if", "not", "exists"});
  if (cursor.TakeSymbol('(')) {
    do {
      if (AtIndexDefinition(cursor)) {
        ASSIGN_OR_RETURN(MysqlIndex index, ParseIndexDefinition(cursor));
        clauses.push_back(alter::AddIndex{std::move(index)});
      } else {
        ASSIGN_OR_RETURN(add.column, ParseColumnDefinition(cursor));
        clauses.push_back(add);
      }
    } while (cursor.TakeSymbol(','));
    TRY(cursor.ExpectSymbol(')'));
    return MysqlAlterClause(alter::NoEffect{});
  }
  ASSIGN_OR_RETURN(add.column, ParseColumnDefinition(cursor));
  ASSIGN_OR_RETURN(add.place, ParsePlace(cursor));
  return MysqlAlterClause(std::move(add));
}

Result<MysqlAlterClause> ParseDrop(MysqlCursor& cursor) {
  if (cursor.TakeWord("partition")) return RestOfPartitionClause(cursor, alter::RemoveRows{"DROP PARTITION"});
  if (cursor.IsWord("period") || cursor.IsWord("system")) return cursor.Unexpected();
  if (cursor.TakeWords({"primary", "key"})) return MysqlAlterClause(alter::DropIndex{"PRIMARY"});
  if (cursor.TakeAnyWord({"index", "key", "constraint"})) {  // a constraint's name can be a unique index's
    cursor.TakeWords({"if", "exists"});
    alter::DropIndex drop;
    ASSIGN_OR_RETURN(drop.index, cursor.ExpectName());
    return MysqlAlterClause(std::move(drop));
  }
  if (cursor.TakeWords({"foreign", "key"}) || cursor.TakeWord("check")) {
    cursor.TakeWords({"if", "exists"});
    TRY(cursor.ExpectName().status());
    return MysqlAlterClause(alter::NoEffect{});
  }
  cursor.TakeWord("column");
  alter::DropColumn drop;
  drop.if_exists = cursor.TakeWords({"if", "exists"});
  ASSIGN_OR_RETURN(drop.column, cursor.ExpectName());
  cursor.TakeAnyWord({"restrict", "cascade"});
  return MysqlAlterClause(std::move(drop));
}

Result<MysqlAlterClause> ParseAlterColumn(MysqlCursor& cursor) {
  if (cursor.TakeAnyWord({"index", "key", "constraint", "check"})) {  // visibility, enforcement
    cursor.TakeWords({"if", "exists"});
    TRY(cursor.ExpectName().status());
    cursor.TakeWord("not");
    if (!cursor.TakeAnyWord({"visible", "invisible", "ignored", "enforced"})) return cursor.Unexpected();
    return MysqlAlterClause(alter::NoEffect{});
  }
  cursor.TakeWord("column");
  alter::SetDefault set;
  set.if_exists = cursor.TakeWords({"if", "exists"});
  ASSIGN_OR_RETURN(set.column, cursor.ExpectName());
  if (cursor.TakeWords({"set", "default"})) {
    ASSIGN_OR_RETURN(set.value, ParseDefaultValue(cursor));
    return MysqlAlterClause(std::move(set));
  }
  if (cursor.TakeWords({"set", "visible"}) || cursor.TakeWords({"set", "invisible"})) {
    return MysqlAlterClause(alter::NoEffect{});
  }
  if (!cursor.TakeWords({"drop", "default"})) return cursor.Unexpected();
  return MysqlAlterClause(std::move(set));
}

Result<MysqlAlterClause> ParseRename(MysqlCursor& cursor) {
  if (cursor.TakeAnyWord({"index", "key"})) {
    alter::RenameIndex rename;
    cursor.TakeWords({"if", "exists"});
    ASSIGN_OR_RETURN(rename.from, cursor.ExpectName());
    if (!cursor.TakeWord("to")) return cursor.Unexpected();
    ASSIGN_OR_RETURN(rename.to, cursor.ExpectName());
    return MysqlAlterClause(std::move(rename));
  }
  if (cursor.TakeWord("column")) {
    alter::RenameColumn rename;
    rename.if_exists = cursor.TakeWords({"if", "exists"});
    ASSIGN_OR_RETURN(rename.from, cursor.ExpectName());
    if (!cursor.TakeWord("to")) return cursor.Unexpected();
    ASSIGN_OR_RETURN(rename.to, cursor.ExpectName());
    return MysqlAlterClause(std::move(rename));
  }
  if (!cursor.TakeWord("to") && !cursor.TakeWord("as")) cursor.TakeSymbol('=');
  alter::RenameTable rename;
  ASSIGN_OR_RETURN(rename.to, cursor.ExpectObjectName());
  return MysqlAlterClause(std::move(rename));
}

Result<MysqlAlterClause> ParseChange(MysqlCursor& cursor, bool renames) {
  cursor.TakeWord("column");
  alter::ChangeColumn change;
  change.if_exists = cursor.TakeWords({"if", "exists"});
  if (renames) {
    ASSIGN_OR_RETURN(change.column, cursor.ExpectName());
  }
  ASSIGN_OR_RETURN(change.definition, ParseColumnDefinition(cursor));
  if (!renames) change.column = change.definition.name;
  ASSIGN_OR_RETURN(change.place, ParsePlace(cursor));
  return MysqlAlterClause(std::move(change));
}

// Clauses about partitions that keep their rows, in any later token.
bool TakePartitionUpkeep(MysqlCursor& cursor) {
  return cursor.TakeWords({"coalesce", "partition"}) || cursor.TakeWords({"reorganize", "partition"}) ||
         cursor.TakeWords({"optimize", "partition"}) || cursor.TakeWords({"rebuild", "partition"}) ||
         cursor.TakeWords({"check", "partition"}) || cursor.TakeWords({"analyze", "partition"}) ||
         cursor.TakeWords({"partition", "by"}) || cursor.TakeWords({"remove", "partitioning"});
}

Result<MysqlAlterClause> ParseClause(MysqlCursor& cursor, std::vector<MysqlAlterClause>& clauses) {
  for (const std::string_view verb : {"TRUNCATE", "EXCHANGE", "DISCARD", "IMPORT", "REPAIR", "CONVERT"}) {
    if (!cursor.IsWord(verb) || !cursor.IsWord("partition", 1)) continue;
    return RestOfPartitionClause(cursor, alter::RemoveRows{std::string(verb) + " PARTITION"});
  }
  if (cursor.TakeWords({"discard", "tablespace"})) return MysqlAlterClause(alter::RemoveRows{"DISCARD TABLESPACE"});
  if (cursor.TakeWords({"import", "tablespace"})) return MysqlAlterClause(alter::RemoveRows{"IMPORT TABLESPACE"});
  if (cursor.IsWord("convert") && (cursor.IsWord("table", 1))) {  // MariaDB: a table's rows become a partition
    return RestOfPartitionClause(cursor, alter::RemoveRows{"CONVERT TABLE"});
  }
  if (TakePartitionUpkeep(cursor)) return RestOfPartitionClause(cursor, alter::NoEffect{});
  if (cursor.TakeWord("add")) return ParseAdd(cursor, clauses);
  if (cursor.TakeWord("drop")) return ParseDrop(cursor);
  if (cursor.TakeWord("alter")) return ParseAlterColumn(cursor);
  if (cursor.TakeWord("rename")) return ParseRename(cursor);
  if (cursor.TakeWord("change")) return ParseChange(cursor, true);
  if (cursor.TakeWord("modify")) return ParseChange(cursor, false);
  if (cursor.TakeWord("convert")) {
    if (!cursor.TakeWords({"to", "character", "set"}) && !cursor.TakeWords({"to", "charset"}) &&
        !cursor.TakeWords({"to", "char", "set"}))
      return cursor.Unexpected();
    cursor.Take();
    if (cursor.TakeWord("collate")) cursor.Take();
    return MysqlAlterClause(alter::ConvertCharset{});
  }
  if (cursor.TakeWords({"order", "by"})) {
    // A list of names with commas; the next clause cannot be told from it, and none may follow.
    return RestOfPartitionClause(cursor, alter::NoEffect{});
  }
  if (cursor.TakeWords({"enable", "keys"}) || cursor.TakeWords({"disable", "keys"}) || cursor.TakeWord("force") ||
      cursor.TakeWords({"with", "validation"}) || cursor.TakeWords({"without", "validation"}) ||
      cursor.TakeAnyWord({"secondary_load", "secondary_unload"})) {
    return MysqlAlterClause(alter::NoEffect{});
  }
  alter::Options options;
  ASSIGN_OR_RETURN(const bool option, ParseTableOption(cursor, options.options));
  if (!option) return cursor.Unexpected();
  return MysqlAlterClause(std::move(options));
}

// Options whose value does not matter here.
constexpr std::string_view kOtherOptions[] = {"algorithm",
                                              "lock",
                                              "engine",
                                              "type",
                                              "auto_increment",
                                              "autoextend_size",
                                              "avg_row_length",
                                              "checksum",
                                              "page_checksum",
                                              "compression",
                                              "connection",
                                              "delay_key_write",
                                              "encryption",
                                              "engine_attribute",
                                              "secondary_engine",
                                              "secondary_engine_attribute",
                                              "insert_method",
                                              "key_block_size",
                                              "max_rows",
                                              "min_rows",
                                              "pack_keys",
                                              "password",
                                              "row_format",
                                              "stats_auto_recalc",
                                              "stats_persistent",
                                              "stats_sample_pages",
                                              "tablespace",
                                              "table_checksum",
                                              "union",
                                              "transactional",
                                              "page_compressed",
                                              "page_compression_level",
                                              "encrypted",
                                              "encryption_key_id",
                                              "ietf_quotes",
                                              "itef_quotes",
                                              "storage",
                                              "nowait",
                                              "wait"};

}  // namespace

Result<bool> ParseTableOption(MysqlCursor& cursor, MysqlTableOptions& options) {
  const size_t begin = cursor.at();
  cursor.TakeWord("default");
  std::string* text = nullptr;
  if (cursor.TakeWords({"character", "set"}) || cursor.TakeWords({"char", "set"}) || cursor.TakeWord("charset")) {
    text = &options.charset;
  } else if (cursor.TakeWord("collate")) {
    text = &options.collation;
  }
  if (text != nullptr) {
    cursor.TakeSymbol('=');
    if (!cursor.IsName() && cursor.Peek().kind != MysqlTokenKind::kString) return cursor.Unexpected();
    *text = LowerAscii(cursor.Take().text);
    return true;
  }
  cursor.MoveTo(begin);
  if (cursor.TakeWord("comment")) {
    cursor.TakeSymbol('=');
    if (cursor.Peek().kind != MysqlTokenKind::kString) return cursor.Unexpected();
    options.comment = cursor.Take().text;
    return true;
  }
  if (cursor.TakeWords({"start", "transaction"})) return true;  // CREATE TABLE .. SELECT as MySQL 8 logs it
  if (cursor.TakeWords({"data", "directory"}) || cursor.TakeWords({"index", "directory"})) {
    cursor.TakeSymbol('=');
    cursor.Take();
    return true;
  }
  for (const std::string_view known : kOtherOptions) {
    if (!cursor.TakeWord(known)) continue;
    cursor.TakeSymbol('=');
    if (cursor.IsSymbol('(')) {
      TRY(cursor.SkipParentheses());
    } else if (known != "nowait") {
      cursor.Take();
    }
    return true;
  }
  return false;
}

Result<std::vector<MysqlAlterClause>> ParseAlterClauses(MysqlCursor& cursor) {
  std::vector<MysqlAlterClause> clauses;
  // MariaDB: ALTER TABLE t WAIT 5 .., NOWAIT ..
  if (cursor.TakeWord("wait")) {
    cursor.Take();
  } else {
    cursor.TakeWord("nowait");
  }
  while (!cursor.AtEnd() && !cursor.IsSymbol(';')) {
    if (clauses.size() >= kClausesMax) return cursor.Unexpected();
    ASSIGN_OR_RETURN(MysqlAlterClause clause, ParseClause(cursor, clauses));
    clauses.push_back(std::move(clause));
    cursor.TakeSymbol(',');  // table options need none between them
  }
  return clauses;
}

}  // namespace freshet
