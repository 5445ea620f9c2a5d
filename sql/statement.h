// SPDX-License-Identifier: Apache-2.0
// Statement: what a client's SQL text asks for, as data. Job and catalog statements are parsed here in
// full; everything else is Query and goes to DuckDB through the dialect bridge. Grammar: docs/sql.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/status.h"
#include "ddl/mysql_statement.h"
#include "ddl/type.h"

namespace freshet {

// In the order written; keys keep their case, later duplicates are an error at parse time.
using Properties = std::vector<std::pair<std::string, std::string>>;

enum class SourceKind : uint8_t { kMysql = 1, kPostgres = 2 };  // persisted by name

// INSERT INTO db.t [(cols)] SELECT .. FROM cdc_stream("k"="v", ..) [AS] a [JOIN ..] [WHERE ..]: what a table-level
// job does. Exactly one of the SELECT's tables is a source function; parsed by sql/insert_select.
struct InsertSelect {
  std::string database;  // "" = current at CREATE JOB; filled in before it is stored
  std::string table;
  std::vector<std::string> columns;  // target columns as written; empty: all, in table order
  std::string function;              // lower case: cdc_stream, s3
  Properties arguments;              // of the function, secrets included: stored, never shown or logged
  // The SELECT as written, the function's call replaced by the identifier kSourceTable (its alias, if any, kept).
  std::string select;
};
inline constexpr const char* kSourceTable = "__freshet_source__";

// CREATE JOB n [PROPERTIES(..)] ON STREAMING [COMMENT ''] FROM MYSQL|POSTGRES (..) TO DATABASE db [(..)]
//                                                      | DO INSERT INTO .. SELECT .. FROM function(..)
struct CreateJob {
  std::string name;
  bool if_not_exists = false;
  Properties job_properties;
  std::string comment;
  SourceKind source = SourceKind::kMysql;
  Properties source_properties;
  std::string target_database;
  Properties target_properties;
  std::optional<InsertSelect> insert;  // set: table-level; source and target members are then unused
};
// ALTER JOB n [PROPERTIES(..)] [FROM MYSQL (..)] [TO DATABASE db (..)] | [PROPERTIES(..)] [DO] INSERT INTO ..
struct AlterJob {
  std::string name;
  Properties job_properties;
  std::optional<SourceKind> source;
  Properties source_properties;
  std::optional<std::string> target_database;
  Properties target_properties;
  std::optional<InsertSelect> insert;
};
// ALTER JOB n ADD TABLE a[, b] | DROP TABLE a[, b] | RESYNC TABLE a[, b]   (in any state)
struct AlterJobTables {
  enum class Action : uint8_t { kAdd, kDrop, kResync };
  std::string name;
  Action action = Action::kAdd;
  std::vector<std::string> tables;  // source names, "schema.table" or "table"
};
struct PauseJob {
  std::string name;
};
struct ResumeJob {
  std::string name;
};
struct DropJob {
  std::string name;
  bool if_exists = false;
};
// SYNC JOB WHERE jobName='..' [TIMEOUT s]
struct SyncJob {
  std::string name;
  int64_t timeout_s = 60;
};
// VERIFY JOB WHERE jobName='..' [TIMEOUT s]: source == mirror per table, by count and content hash
struct VerifyJob {
  std::string name;
  int64_t timeout_s = 600;
};
// REPLAY QUARANTINE JOB n [WHERE expr]: expr over the columns of quarantine(..), "" = all of the job's rows
struct ReplayQuarantine {
  std::string name;
  std::string where;
};
// CANCEL TASK WHERE jobName='..' AND taskId=n: refused for streaming jobs
struct CancelTask {
  std::string name;
};

struct CreateDatabase {
  std::string name;
  bool if_not_exists = false;
};
struct DropDatabase {
  std::string name;
  bool if_exists = false;
};
struct DropTable {
  std::string database;
  std::string name;
  bool if_exists = false;
};  // database "" = current

// --- users' own tables. database "" = current

// What MySQL's grammar cannot say of a column.
struct ColumnExtra {
  std::string column;               // lower case
  std::optional<LogicalType> type;  // instead of its MySQL type
  std::string type_name;            // of `type`
  bool default_now = false;         // DEFAULT CURRENT_TIMESTAMP
};
struct CreateTable {
  std::string database;
  std::string name;
  bool if_not_exists = false;
  std::optional<MysqlObjectName> like;  // CREATE TABLE .. LIKE: nothing of the following
  MysqlCreateTable definition;          // columns and indexes
  std::vector<ColumnExtra> extras;
  std::vector<std::string> unique_key;  // UNIQUE KEY(a, b) behind the column list; "" none
  std::string comment;
  std::string options;  // other clauses behind the column list, as written
};
struct AlterTable {
  std::string database;
  std::string name;
  std::vector<MysqlAlterClause> clauses;
  std::vector<ColumnExtra> extras;
};
struct RenameTables {
  std::vector<MysqlRenameTable::Pair> pairs;
};
struct TruncateTable {
  std::string database;
  std::string name;
};

// A value in VALUES or SET.
struct WrittenValue {
  enum class Kind : uint8_t { kNull, kDefault, kText, kNumber, kBytes, kExpression };
  Kind kind = Kind::kNull;
  std::string text;  // kText unescaped, kNumber with its sign, kBytes the bytes, kExpression as written
};
// INSERT [INTO] t [(columns)] VALUES (..), .. | SELECT ..; REPLACE INTO is the same: a row of the same key is replaced.
struct InsertRows {
  std::string database;
  std::string table;
  std::vector<std::string> columns;               // empty: all
  std::vector<std::vector<WrittenValue>> values;  // VALUES; empty for a SELECT
  std::string select;                             // as written
};
struct Assignment {
  std::string column;
  WrittenValue value;
};
struct UpdateRows {
  std::string database;
  std::string table;
  std::string alias;  // "" none
  std::vector<Assignment> assignments;
  std::string rest;  // WHERE, ORDER BY, LIMIT as written
};
struct DeleteRows {
  std::string database;
  std::string table;
  std::string alias;
  std::string rest;
};

struct UseDatabase {
  std::string name;
};
// SET [SESSION|GLOBAL] name = value, SET NAMES cs [COLLATE c]; several in one statement
struct SetVariables {
  std::vector<std::pair<std::string, std::string>> assignments;
};
// BEGIN, START TRANSACTION, COMMIT, ROLLBACK: accepted, reads only
struct TransactionControl {};
struct ShowDatabases {
  std::string like;
};
struct ShowTables {
  std::string database;
  std::string like;
  bool full = false;
};
struct DescribeTable {
  std::string database;
  std::string name;
  bool full = false;
};  // DESC, SHOW [FULL] COLUMNS
struct ShowCreateTable {
  std::string database;
  std::string name;
};
struct ShowCreateDatabase {
  std::string name;
};
struct ShowVariables {
  std::string like;
  bool status = false;
};  // SHOW VARIABLES, SHOW STATUS
// SHOW WARNINGS, PROCESSLIST, ENGINES, COLLATION, CHARSET, INDEX, TABLE STATUS, ... : what clients ask
struct ShowOther {
  std::string what;
  std::string database;
  std::string name;
  std::string like;
};
// SELECT and whatever DuckDB understands of it; `sql` is the text as the client wrote it
struct Query {
  std::string sql;
};

using Statement = std::variant<Query, CreateJob, AlterJob, AlterJobTables, PauseJob, ResumeJob, DropJob, SyncJob,
                               VerifyJob, ReplayQuarantine, CancelTask, CreateDatabase, DropDatabase, DropTable,
                               CreateTable, AlterTable, RenameTables, TruncateTable, InsertRows, UpdateRows, DeleteRows,
                               UseDatabase, SetVariables, TransactionControl, ShowDatabases, ShowTables, DescribeTable,
                               ShowCreateTable, ShowCreateDatabase, ShowVariables, ShowOther>;

// One statement; a trailing ';' is fine. kInvalid: "syntax error at line 1, column 8 near 'JBO': expected ..".
Result<Statement> ParseStatement(std::string_view sql);
// Splits a COM_QUERY text of several statements at top-level semicolons.
std::vector<std::string_view> SplitStatements(std::string_view sql);

}  // namespace freshet
