// SPDX-License-Identifier: Apache-2.0
// DuckEngine and DuckSession: the implementation of SqlEngine and SqlSession. Split over engine.cc (set-up,
// views), session.cc (queries), session_show.cc (SHOW, DESC), session_catalog.cc (variables, databases), table_ddl.cc
// and table_write.cc (users' own tables).
#pragma once

#include <atomic>
#include <map>
#include <set>
#include <span>

#include "base/mutex.h"
#include "sql/dialect.h"
#include "sql/duckdb_cursor.h"
#include "sql/duckdb_handle.h"
#include "sql/engine.h"
#include "sql/literal_fit.h"
#include "sql/query_context.h"
#include "sql/table_load.h"
#include "sql/table_query.h"

namespace freshet {

class DuckEngine final : public SqlEngine {
 public:
  DuckEngine(Store& store, const SqlEngineOptions& options) : store_(store), options_(options) {}

  Status Open();
  void RegisterSystemTable(const std::string& name, SystemTable table) override;
  void RegisterFileFunction(const std::string& name, FileFunction function) override {
    file_functions_[name] = std::move(function);
  }
  void RegisterStreamFunction(const std::string& name, StreamFunction function) override {
    stream_functions_[name] = std::move(function);
  }
  std::unique_ptr<SqlSession> NewSession(const std::string& user, uint32_t connection_id) override;

  // Planning is serialised: the views that a statement names must stay as they are until it is bound. Taken
  // for the milliseconds of planning, never while rows are read.
  Mutex& planning() THREAD_ANNOTATION(lock_returned(planning_)) { return planning_; }
  // Makes DuckDB's views equal to the picture in `context` for the tables that `candidates` may mean. A name
  // that means two tables (they differ in case only) is kUnsupported. `found` gets the tables.
  static LiteralColumn LiteralColumnOf(std::string name, duckdb_logical_type type);
  // The columns of the tables that a statement may name, as DuckDB types them.
  static Result<std::vector<LiteralColumn>> ColumnsOf(const std::set<TableReference>& candidates,
                                                      const std::string& database, const ReadView& view);
  Status DefineViews(const std::set<TableReference>& candidates, const std::string& database,
                     const std::shared_ptr<const QueryContext>& context, std::vector<StoredTablePtr>& found)
      REQUIRES_LOCK(planning_);
  Status DefineSchema(const std::string& database) REQUIRES_LOCK(planning_);

  Store& store() { return store_; }
  duckdb_database database() const { return database_.get(); }
  // Reads files of the readable directories; sessions have no connection to it, so that no SQL of a user reaches a
  // file by a function or a name. Null without such directories.
  duckdb_database files() const { return files_.get(); }
  QueryContexts& contexts() { return contexts_; }
  const SqlEngineOptions& options() const { return options_; }
  std::set<std::string, std::less<>> system_table_names() const;
  std::set<std::string, std::less<>> file_function_names() const;
  // "job orders", or "job 12" when nobody tells its name.
  std::string JobNameOf(JobId job) const;
  const FileFunction& file_function(const std::string& name) const { return file_functions_.at(name); }
  const std::map<std::string, StreamFunction>& stream_functions() const { return stream_functions_; }

 private:
  Status DefineFacts();
  Status RefuseExternalAccess();
  Status OpenFiles();

  Store& store_;
  const SqlEngineOptions options_;
  QueryContexts contexts_;                                             // before the database: its functions point here
  std::map<std::string, std::unique_ptr<SystemTable>> system_tables_;  // set before the first session
  std::map<std::string, FileFunction> file_functions_;                 // set before the first session
  std::map<std::string, StreamFunction> stream_functions_;             // set before the first session
  DuckDatabase files_;  // before the database: results of queries may hold rows that were read with it
  DuckDatabase database_;
  DuckConnection catalog_;  // runs CREATE VIEW, CREATE SCHEMA
  uint64_t catalog_id_ = 0;
  Mutex planning_;
  // lower(schema).lower(name) -> body of its view
  std::map<std::string, std::string> views_ GUARDED_BY(planning_);
  std::set<std::string> schemas_ GUARDED_BY(planning_);  // lower case
};

class DuckSession final : public SqlSession {
 public:
  DuckSession(DuckEngine& engine, std::string user, uint32_t connection_id);
  ~DuckSession() override;
  Status Open();

  Result<std::unique_ptr<ResultCursor>> Execute(const Statement& statement) override;
  Result<size_t> CountParameters(const std::string& sql) override;
  Result<std::vector<ResultColumn>> DescribeQuery(const std::string& sql) override;
  Result<std::unique_ptr<ResultCursor>> ExecutePrepared(const std::string& sql,
                                                        const std::vector<PreparedValue>& values) override;
  const std::string& database() const override { return database_; }
  Status UseDatabaseNamed(const std::string& name) override;
  std::string variable(std::string_view name) const override;
  StatementOutcome outcome() const override { return outcome_; }
  void Cancel() override;

 private:
  using Rows = std::vector<std::vector<std::optional<std::string>>>;
  using Cursor = std::unique_ptr<ResultCursor>;
  // What DuckDB expects in the place of a '?'.
  enum class Expected : uint8_t { kAny, kNumber, kOther };
  struct Planned {
    RunningQuery query;
    std::vector<ResultColumn> columns;
    bool resolved = true;  // false: open parameters decide the columns' types, and DuckDB tells nothing of them
    std::vector<Expected> parameters;
  };
  static Expected ExpectedOf(duckdb_type type);

  // session.cc
  Result<Cursor> RunQuery(const std::string& sql, std::vector<ParameterValue> parameters);
  // A statement in DuckDB's SQL, with the picture that it reads.
  struct Bridged {
    std::string sql;
    std::vector<Token> tokens;
    std::vector<ParameterValue> parameters;
    std::shared_ptr<QueryContext> context;
  };
  Result<Bridged> Bridge(const std::string& sql, std::vector<ParameterValue> parameters);
  // Makes the connection ready to prepare it.
  Status Enter(const Bridged& bridged) REQUIRES_LOCK(engine_.planning());
  // Plans, and starts when `start`. Without parameter values '?' stay open.
  Result<Planned> Plan(const std::string& sql, std::vector<ParameterValue> parameters, bool start);
  Result<Planned> Prepare(const std::string& sql, const std::shared_ptr<const QueryContext>& context);
  std::shared_ptr<QueryContext> MakeContext(std::shared_ptr<const ReadView> view) const;
  DialectContext MakeDialect() const;
  Status RefuseWrites(const std::vector<Token>& tokens) const;
  bool ansi_quotes() const;
  // The statement with values in the places of '?', in MySQL's quoting. REQUIRES: one per '?'.
  Result<std::string> WithLiterals(const std::string& sql, const std::vector<PreparedValue>& values) const;

  // Fetches and opens the files of the statement's s3(..) calls, before anything is planned.
  struct FileCall {
    std::string function;
    Properties arguments;
    bool operator==(const FileCall&) const = default;
  };
  // Fetches the files and opens the streams that a statement's calls name.
  Status OpenCalls(std::vector<FileCall> files, std::vector<FileCall> streams, QueryContext& context);

  // session_catalog.cc
  Status Assign(const SetVariables& set);
  Status CreateDatabaseNamed(const CreateDatabase& statement);
  Status DropDatabaseNamed(const DropDatabase& statement);
  Result<std::string> DatabaseOr(const std::string& given) const;  // kInvalid when none is selected
  Result<StoredTablePtr> FindTable(const ReadView& view, const std::string& database, const std::string& name) const;

  // table_ddl.cc: users' own tables
  Status Run(const CreateTable& statement);
  Status Run(const AlterTable& statement);
  Status Run(const RenameTables& statement);
  Status Run(const TruncateTable& statement);
  Status Run(const DropTable& statement);
  // The table, when users may write it. kConflict names the job that owns it.
  Result<StoredTablePtr> FindWritable(const ReadView& view, const std::string& database, const std::string& name) const;
  // kConflict for the program's own databases.
  Status CheckDatabase(const std::string& database) const;
  Result<std::unique_ptr<TableLoad>> OpenLoad(const std::string& database, const std::string& name);

  // table_write.cc
  Status Run(const InsertRows& statement);
  Status Run(const UpdateRows& statement);
  Status Run(const DeleteRows& statement);
  Status InsertSelected(const std::string& select, const std::vector<uint32_t>& targets, TableLoad& load);
  Status InsertValues(std::vector<std::vector<WrittenValue>> rows, const std::vector<uint32_t>& targets,
                      TableLoad& load);
  Status InsertPlainRows(std::span<const std::vector<WrittenValue>> rows, const std::vector<uint32_t>& targets,
                         uint64_t first_row, TableLoad& load);
  Status InsertMixedRow(const std::vector<WrittenValue>& row, const std::vector<uint32_t>& targets, uint64_t number,
                        TableLoad& load);
  // Cells of one row's literals and DEFAULTs; `targets` gets the others, `expressions` what they are written as.
  Result<FixedCells> ComputeLiterals(const std::vector<WrittenValue>& row, const SchemaPtr& schema, uint64_t number,
                                     std::vector<uint32_t>& targets, std::string& expressions);
  // A query in MySQL's dialect, or literals, whose columns go into `targets`.
  Result<TableQuery> StartInto(const std::string& sql, const SchemaPtr& schema, std::vector<uint32_t> targets,
                               uint64_t first_row);
  Result<TableQuery> StartLiterals(CastedQuery casted, const SchemaPtr& schema, std::vector<uint32_t> targets,
                                   uint64_t first_row);
  StopToken BeginWrite();

  // session_show.cc
  Result<Cursor> Show(const ShowDatabases& show);
  Result<Cursor> Show(const ShowTables& show);
  Result<Cursor> Show(const DescribeTable& show);
  Result<Cursor> Show(const ShowCreateTable& show);
  Result<Cursor> Show(const ShowCreateDatabase& show);
  Result<Cursor> Show(const ShowVariables& show);
  Result<Cursor> Show(const ShowOther& show);
  Result<Cursor> ShowIndex(const ShowOther& show);
  Result<Cursor> ShowTableStatus(const ShowOther& show);
  friend struct StatementRunner;

  DuckEngine& engine_;
  const std::string user_;
  const uint32_t connection_id_;
  DuckConnection connection_;
  uint64_t duckdb_id_ = 0;
  std::string database_;
  std::string search_path_;  // database that DuckDB's search path was set to
  std::map<std::string, std::string> variables_;
  Mutex fetch_mutex_;
  std::optional<StopSource> fetch_ GUARDED_BY(fetch_mutex_);  // of the running statement's files
  StopSource write_ GUARDED_BY(fetch_mutex_);                 // of the running statement that writes
  StatementOutcome outcome_;
};

// SQL LIKE with % and _ and \ as escape, ASCII case-insensitive, for SHOW .. LIKE. "" matches all.
bool MatchesLike(std::string_view text, std::string_view pattern);
// Default values of system variables, by lower-case name.
const std::map<std::string, std::string>& DefaultVariables();

}  // namespace freshet
