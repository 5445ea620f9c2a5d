// SPDX-License-Identifier: Apache-2.0
// SqlEngine and SqlSession: SQL over the store, run by DuckDB, with the MySQL dialect bridged; statements that write
// users' own tables as well.
// One engine per process, one session per client connection, used by that connection's thread. Nothing of
// DuckDB leaks through these types. Job statements are not for here: server/ routes them to sync/.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/stop.h"
#include "cdc/change/row_batch.h"
#include "sql/file_format.h"
#include "sql/statement.h"
#include "storage/store.h"

namespace freshet {

// Wire-level column types of results, named after the MySQL protocol's (the server maps them to codes).
enum class ResultType : uint8_t {
  kTiny,
  kShort,
  kLong,
  kLongLong,
  kFloat,
  kDouble,
  kDecimal,
  kDate,
  kTime,
  kDateTime,
  kTimestamp,
  kString,
  kBlob,
  kJson,
  kNull
};

struct ResultColumn {
  std::string name;
  std::string table;     // "" for expressions
  std::string database;  // "" for expressions
  ResultType type = ResultType::kString;
  bool is_unsigned = false;
  bool is_binary = false;
  uint32_t length = 0;  // display length in bytes, 0 unknown
  uint8_t decimals = 0;
};

// Rows one by one, as MySQL text-protocol values. Lives at most as long as its session.
class ResultCursor {
 public:
  virtual ~ResultCursor() = default;
  virtual const std::vector<ResultColumn>& columns() const = 0;
  // False at the end. Views of the row live until the next call.
  virtual Result<bool> Next(std::vector<std::optional<std::string_view>>& row) = 0;
};

// A materialised result for SHOW and system tables.
std::unique_ptr<ResultCursor> MakeRowsCursor(std::vector<ResultColumn> columns,
                                             std::vector<std::vector<std::optional<std::string>>> rows);

// A table function or information_schema-like table whose rows the program itself makes: jobs(), tasks(),
// job_tables(). All columns are strings.
struct SystemTable {
  std::vector<std::string> columns;
  // Arguments as written: {"type": "insert"}. kInvalid is shown to the user.
  using Rows = std::vector<std::vector<std::optional<std::string>>>;
  std::function<Result<Rows>(const std::map<std::string, std::string>& arguments)> read;
};

// s3(..) in a plain SELECT: local copies of the matching files, made before the query is planned.
struct LocalFiles {
  std::vector<std::string> paths;  // below readable_directories
  std::vector<std::string> shown_names;
  FileFormat format;
  std::shared_ptr<void> held;  // removes the copies with the last owner
};
using FileFunction = std::function<Result<LocalFiles>(const Properties& arguments, StopToken stop)>;

// cdc_stream(..) in a plain SELECT: rows of one source table up to a bound.
class RowStream {
 public:
  virtual ~RowStream() = default;
  virtual SchemaPtr schema() const = 0;
  // Whole kInsert rows; an empty batch ends the stream.
  virtual Result<RowBatch> Next() = 0;
};
using StreamFunction = std::function<Result<std::unique_ptr<RowStream>>(const Properties& arguments, StopToken stop)>;

struct SqlEngineOptions {
  size_t memory_bytes = 256u << 20;  // DuckDB's limit
  int threads = 2;
  std::string temporary_directory;  // spill files; made when missing
  // What DuckDB may read files from: the spool of fetched objects, the directory of file: paths.
  std::vector<std::string> readable_directories;
};

// A value for a '?'. Text however the client sent it; `is_number`: sent as a number, which decides where the
// statement itself does not say what it compares the value with.
struct PreparedValue {
  std::optional<std::string> text;  // nullopt: NULL
  bool is_number = false;
};

// What the last statement without rows did.
struct StatementOutcome {
  uint64_t affected_rows = 0;
  std::string info;  // what MySQL clients print: "Rows matched: 1  Changed: 0  Warnings: 0"; "" nothing
};

class SqlSession {
 public:
  virtual ~SqlSession() = default;
  // Runs one non-job statement (ParseStatement's result). nullptr cursor: an OK without rows.
  // Errors: kInvalid with DuckDB's text and position, kNotFound (database, table), kConflict (table not
  // ready, read-only), kCancelled.
  virtual Result<std::unique_ptr<ResultCursor>> Execute(const Statement& statement) = 0;
  // Prepared statements: '?' markers, one value for each, in order.
  virtual Result<size_t> CountParameters(const std::string& sql) = 0;
  virtual Result<std::vector<ResultColumn>> DescribeQuery(const std::string& sql) = 0;  // empty: no result set
  virtual Result<std::unique_ptr<ResultCursor>> ExecutePrepared(const std::string& sql,
                                                                const std::vector<PreparedValue>& values) = 0;

  virtual const std::string& database() const = 0;
  virtual Status UseDatabaseNamed(const std::string& name) = 0;
  virtual std::string variable(std::string_view name) const = 0;
  // Of the last Execute or ExecutePrepared that gave no cursor.
  virtual StatementOutcome outcome() const { return {}; }
  // From another thread: the running statement ends with kCancelled.
  virtual void Cancel() = 0;
};

class SqlEngine {
 public:
  virtual ~SqlEngine() = default;
  static Result<std::unique_ptr<SqlEngine>> Make(Store& store, const SqlEngineOptions& options);
  // Before the first session.
  virtual void RegisterSystemTable(const std::string& name, SystemTable table) = 0;
  virtual void RegisterFileFunction(const std::string& name, FileFunction function) = 0;
  virtual void RegisterStreamFunction(const std::string& name, StreamFunction function) = 0;
  virtual std::unique_ptr<SqlSession> NewSession(const std::string& user, uint32_t connection_id) = 0;
};

}  // namespace freshet
