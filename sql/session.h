// SPDX-License-Identifier: Apache-2.0
// DuckEngine and DuckSession: the implementation of SqlEngine and SqlSession. Split over engine.cc (set-up,
// views), session.cc (queries), session_show.cc (SHOW, DESC) and session_catalog.cc (variables, databases).
#pragma once

#include <atomic>
#include <map>
#include <set>

#include "base/mutex.h"
#include "sql/dialect.h"
#include "sql/duckdb_cursor.h"
#include "sql/duckdb_handle.h"
#include "sql/engine.h"
#include "sql/query_context.h"

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
  const FileFunction& file_function(const std::string& name) const { return file_functions_.at(name); }

 private:
  Status DefineFacts();
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
  // Plans, and starts when `start`. Without parameter values '?' stay open.
  Result<Planned> Plan(const std::string& sql, std::vector<ParameterValue> parameters, bool start);
  Result<Planned> Prepare(const std::string& sql, const std::shared_ptr<const QueryContext>& context);
  std::shared_ptr<QueryContext> MakeContext(std::shared_ptr<const ReadView> view) const;
  DialectContext MakeDialect() const;
  Status RefuseWrites(const std::vector<Token>& tokens, const ReadView& view) const;
  bool ansi_quotes() const;

  // Fetches and opens the files of the statement's s3(..) calls, before anything is planned.
  struct FileCall {
    std::string function;
    Properties arguments;
    bool operator==(const FileCall&) const = default;
  };
  Status OpenFileSets(std::vector<FileCall> calls, QueryContext& context);

  // session_catalog.cc
  Status Assign(const SetVariables& set);
  Status CreateDatabaseNamed(const CreateDatabase& statement);
  Status DropDatabaseNamed(const DropDatabase& statement);
  Status DropTableNamed(const DropTable& statement);
  Result<std::string> DatabaseOr(const std::string& given) const;  // kInvalid when none is selected
  Result<StoredTablePtr> FindTable(const ReadView& view, const std::string& database, const std::string& name) const;

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
};

// SQL LIKE with % and _ and \ as escape, ASCII case-insensitive, for SHOW .. LIKE. "" matches all.
bool MatchesLike(std::string_view text, std::string_view pattern);
// Default values of system variables, by lower-case name.
const std::map<std::string, std::string>& DefaultVariables();

}  // namespace freshet
