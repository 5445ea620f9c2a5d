// SPDX-License-Identifier: Apache-2.0
// A parsed MySQL or MariaDB DDL statement as data: what it says, before the catalog is asked what it means.
// Names are as written; an empty schema stands for the session's default database.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace freshet {

struct MysqlObjectName {
  std::string schema;
  std::string name;
};

// A column's data type as written. `name` is lower case and without synonyms: integer is int, numeric is
// decimal, bool is tinyint(1), national and long forms are resolved.
struct MysqlTypeSpec {
  std::string name;
  std::vector<uint32_t> arguments;  // (10,2)
  std::vector<std::string> labels;  // enum, set
  bool is_unsigned = false;
  std::string charset;    // explicit, lower case; "" inherits
  std::string collation;  // explicit, lower case
};

struct MysqlDefault {
  // Persisted nowhere. kNone: no DEFAULT clause.
  enum class Kind : uint8_t { kNone, kNull, kString, kNumber, kBinary, kExpression };
  Kind kind = Kind::kNone;
  std::string text;        // kNumber with its sign; kBinary: the bytes
  std::string introducer;  // kString: character set it was marked with
};

struct MysqlColumnDefinition {
  std::string name;
  MysqlTypeSpec type;
  std::optional<bool> nullable;  // nullopt: not said
  MysqlDefault default_value;
  bool on_update = false;
  bool generated = false;
  bool auto_increment = false;
  bool primary_key = false;
  bool unique_key = false;
  bool cascades = false;  // REFERENCES .. ON DELETE | UPDATE CASCADE, SET NULL, SET DEFAULT
  std::string comment;
};

struct MysqlKeyPart {
  std::string column;  // "" for an expression
};

struct MysqlIndex {
  enum class Kind : uint8_t { kPrimary, kUnique, kOther };
  Kind kind = Kind::kOther;
  std::string name;  // "" unnamed
  std::vector<MysqlKeyPart> parts;
  bool cascades = false;  // a foreign key with such an action; kind is kOther
};

struct MysqlPlace {
  enum class Kind : uint8_t { kUnsaid, kFirst, kAfter };
  Kind kind = Kind::kUnsaid;
  std::string after;
};

struct MysqlTableOptions {
  std::string charset;
  std::string collation;
  std::optional<std::string> comment;
};

namespace alter {
struct AddColumn {
  MysqlColumnDefinition column;
  MysqlPlace place;
  bool if_not_exists = false;
};
struct DropColumn {
  std::string column;
  bool if_exists = false;
};
struct ChangeColumn {  // MODIFY: the same name
  std::string column;
  MysqlColumnDefinition definition;
  MysqlPlace place;
  bool if_exists = false;
};
struct RenameColumn {
  std::string from;
  std::string to;
  bool if_exists = false;
};
struct SetDefault {  // kNone: DROP DEFAULT
  std::string column;
  MysqlDefault value;
  bool if_exists = false;
};
struct AddIndex {
  MysqlIndex index;
};
struct DropIndex {  // "PRIMARY" for the primary key
  std::string index;
};
struct RenameIndex {
  std::string from;
  std::string to;
};
struct RenameTable {
  MysqlObjectName to;
};
struct ConvertCharset {};
struct Options {
  MysqlTableOptions options;
};
struct RemoveRows {  // partitions dropped, truncated or exchanged; tablespace swapped
  std::string clause;
};
struct NoEffect {};  // nothing about rows or columns
}  // namespace alter

using MysqlAlterClause =
    std::variant<alter::AddColumn, alter::DropColumn, alter::ChangeColumn, alter::RenameColumn, alter::SetDefault,
                 alter::AddIndex, alter::DropIndex, alter::RenameIndex, alter::RenameTable, alter::ConvertCharset,
                 alter::Options, alter::RemoveRows, alter::NoEffect>;

struct MysqlCreateTable {
  MysqlObjectName name;
  bool temporary = false;
  bool or_replace = false;
  bool if_not_exists = false;
  bool as_select = false;
  std::optional<MysqlObjectName> like;
  std::vector<MysqlColumnDefinition> columns;
  std::vector<MysqlIndex> indexes;
  MysqlTableOptions options;
};
struct MysqlAlterTable {
  MysqlObjectName name;
  std::vector<MysqlAlterClause> clauses;
};
struct MysqlRenameTable {
  struct Pair {
    MysqlObjectName from;
    MysqlObjectName to;
  };
  std::vector<Pair> pairs;
};
struct MysqlDropTable {
  std::vector<MysqlObjectName> names;
  bool temporary = false;
};
struct MysqlTruncateTable {
  MysqlObjectName name;
};
struct MysqlDropDatabase {
  std::string name;
};
struct MysqlOther {};  // touches no table's shape or rows: views, grants, CREATE DATABASE, transactions, rows
// It is about these tables, but it is not understood.
struct MysqlUnparsed {
  std::vector<MysqlObjectName> tables;
  std::string problem;  // with an offset, without the statement's text
  size_t offset = 0;    // of what was not understood
};

using MysqlStatement = std::variant<MysqlOther, MysqlCreateTable, MysqlAlterTable, MysqlRenameTable, MysqlDropTable,
                                    MysqlTruncateTable, MysqlDropDatabase, MysqlUnparsed>;

}  // namespace freshet
