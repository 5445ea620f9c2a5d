// SPDX-License-Identifier: Apache-2.0
#include "sql/engine.h"

#include <filesystem>

#include "base/log.h"
#include "sql/facts.h"
#include "sql/file_function.h"
#include "sql/mapping_input.h"
#include "sql/row_function.h"
#include "sql/session.h"
#include "sql/stream_scan.h"
#include "sql/table_scan.h"
#include "sql/text_function.h"

namespace freshet {

namespace {

// Names of the catalog's macros start with "freshet_" so that they hide nothing of DuckDB's.
constexpr const char* kMacros[] = {
    "CREATE MACRO main.freshet_div(a, b) AS CASE WHEN a = trunc(a) AND b = trunc(b) THEN "
    "CAST(a AS HUGEINT) // CAST(b AS HUGEINT) ELSE CAST(trunc(a / b) AS HUGEINT) END",
    // A string's offset from UTC counts.
    "CREATE MACRO main.freshet_timestamp(x) AS CASE typeof(x) "
    "WHEN 'VARCHAR' THEN CAST(freshet_moment(CAST(x AS VARCHAR)) AS TIMESTAMP) "
    "WHEN 'JSON' THEN CAST(freshet_moment(json_extract_string(CAST(x AS VARCHAR), '$')) AS TIMESTAMP) "
    "ELSE CAST(x AS TIMESTAMP) END",
    "CREATE MACRO main.freshet_date(x) AS CASE typeof(x) "
    "WHEN 'VARCHAR' THEN CAST(freshet_moment(CAST(x AS VARCHAR)) AS DATE) "
    "WHEN 'JSON' THEN CAST(freshet_moment(json_extract_string(CAST(x AS VARCHAR), '$')) AS DATE) "
    "ELSE CAST(x AS DATE) END",
    "CREATE MACRO main.freshet_try_timestamp(x) AS CASE typeof(x) "
    "WHEN 'VARCHAR' THEN TRY_CAST(freshet_moment(CAST(x AS VARCHAR)) AS TIMESTAMP) "
    "WHEN 'JSON' THEN TRY_CAST(freshet_moment(json_extract_string(CAST(x AS VARCHAR), '$')) AS TIMESTAMP) "
    "ELSE TRY_CAST(x AS TIMESTAMP) END",
    "CREATE MACRO main.freshet_try_date(x) AS CASE typeof(x) "
    "WHEN 'VARCHAR' THEN TRY_CAST(freshet_moment(CAST(x AS VARCHAR)) AS DATE) "
    "WHEN 'JSON' THEN TRY_CAST(freshet_moment(json_extract_string(CAST(x AS VARCHAR), '$')) AS DATE) "
    "ELSE TRY_CAST(x AS DATE) END",
    // Complete months from a to b.
    "CREATE MACRO main.freshet_months(a, b) AS (year(b) - year(a)) * 12 + month(b) - month(a) - "
    "CASE WHEN b >= a AND (b - date_trunc('month', b)) < (a - date_trunc('month', a)) THEN 1 "
    "WHEN b < a AND (b - date_trunc('month', b)) > (a - date_trunc('month', a)) THEN -1 ELSE 0 END",
    "CREATE MACRO main.freshet_bytes(x) AS CASE WHEN typeof(x) = 'BLOB' THEN octet_length(TRY_CAST(x AS BLOB)) "
    "ELSE strlen(CAST(x AS VARCHAR)) END",
    "CREATE MACRO main.freshet_letters(x) AS CASE WHEN typeof(x) = 'BLOB' THEN octet_length(TRY_CAST(x AS BLOB)) "
    "ELSE length(CAST(x AS VARCHAR)) END",
    "CREATE MACRO main.freshet_json_unquote(x) AS CASE WHEN x LIKE '\"%' AND json_valid(x) "
    "THEN json_extract_string(x, '$') ELSE x END",
    "CREATE MACRO main.freshet_json_length(x) AS CASE json_type(x) WHEN 'ARRAY' THEN json_array_length(x) "
    "WHEN 'OBJECT' THEN len(json_keys(x)) ELSE CASE WHEN x IS NOT NULL THEN 1 END END",
    "CREATE MACRO main.freshet_substring_index(s, d, n) AS CASE WHEN s IS NULL OR d IS NULL OR n IS NULL THEN NULL "
    "WHEN n = 0 THEN '' WHEN n > 0 THEN array_to_string(string_split(s, d)[1:n], d) "
    "WHEN -n >= len(string_split(s, d)) THEN s "
    "ELSE array_to_string(string_split(s, d)[len(string_split(s, d)) + n + 1:], d) END",
};

// One per line: name, value. MySQL's NULL order and division by zero; UTC as everywhere in the program.
constexpr std::pair<const char*, const char*> kSettings[] = {
    {"TimeZone", "'UTC'"},
    {"default_null_order", "'nulls_first_on_asc_last_on_desc'"},
    {"ieee_floating_point_ops", "false"},
};

const std::set<std::string, std::less<>> kCaselessFacts = {
    "COLUMN_KEY", "CONSTRAINT_TYPE", "DATA_TYPE", "ENGINE", "EXTRA", "INDEX_TYPE", "IS_NULLABLE", "TABLE_TYPE"};

uint64_t ConnectionId(duckdb_connection connection) {
  DuckContext context;
  duckdb_connection_get_client_context(connection, context.out());
  return duckdb_client_context_get_connection_id(context.get());
}

}  // namespace

Result<std::unique_ptr<SqlEngine>> SqlEngine::Make(Store& store, const SqlEngineOptions& options) {
  auto engine = std::make_unique<DuckEngine>(store, options);
  TRY(engine->Open());
  return std::unique_ptr<SqlEngine>(std::move(engine));
}

Status DuckEngine::Open() {
  DuckConfig config;
  if (duckdb_create_config(config.out()) != DuckDBSuccess) return Status(Code::kInvalid, "cannot configure DuckDB");
  const std::pair<const char*, std::string> options[] = {
      {"memory_limit", std::to_string(options_.memory_bytes) + "B"},
      {"threads", std::to_string(std::max(1, options_.threads))},
      {"autoload_known_extensions", "false"},
      {"autoinstall_known_extensions", "false"},
      {"allow_unsigned_extensions", "false"},
  };
  for (const auto& [name, value] : options) {
    if (duckdb_set_config(config.get(), name, value.c_str()) != DuckDBSuccess) {
      return Status(Code::kInvalid, std::string("DuckDB does not know the option ") + name);
    }
  }
  char* text = nullptr;
  if (duckdb_open_ext(nullptr, database_.out(), config.get(), &text) != DuckDBSuccess) {
    Status status(Code::kInvalid, std::string("open DuckDB: ") + (text == nullptr ? "failed" : text));
    duckdb_free(text);
    return status;
  }
  if (duckdb_connect(database_.get(), catalog_.out()) != DuckDBSuccess) {
    return Status(Code::kInvalid, "cannot connect to DuckDB");
  }
  catalog_id_ = ConnectionId(catalog_.get());
  TRY(RefuseExternalAccess());
  TRY(OpenFiles());
  TRY(RegisterTableScan(catalog_.get(), contexts_));
  TRY(RegisterMappingInput(catalog_.get(), contexts_));
  TRY(RegisterFacts(catalog_.get(), contexts_));
  TRY(RegisterFileScan(catalog_.get(), *this));
  TRY(RegisterStreamScan(catalog_.get(), *this));
  TRY(DefineFacts());
  TRY(RegisterTextFunctions(catalog_.get()));
  for (const char* macro : kMacros) TRY(RunSql(catalog_.get(), macro));
  for (const auto& [name, value] : kSettings) {
    TRY(RunSql(catalog_.get(), std::string("SET GLOBAL ") + name + " = " + value));
  }
  return RunSql(catalog_.get(), "SET GLOBAL lock_configuration = true");
}

// Nothing outside may be read or written by SQL, but for the spill files of large queries.
Status DuckEngine::RefuseExternalAccess() {
  if (!options_.temporary_directory.empty()) {
    std::error_code error;
    const std::filesystem::path directory = std::filesystem::absolute(options_.temporary_directory, error);
    if (!error) std::filesystem::create_directories(directory, error);
    if (error) return Status(Code::kLocalIo, "cannot make the directory for spill files: " + error.message());
    const std::string name = QuoteLiteral(directory.lexically_normal().string());
    TRY(RunSql(catalog_.get(), "SET GLOBAL temp_directory = " + name));
    TRY(RunSql(catalog_.get(), "SET GLOBAL allowed_directories = [" + name + "]"));
  }
  return RunSql(catalog_.get(), "SET GLOBAL enable_external_access = false");
}

Status DuckEngine::OpenFiles() {
  if (options_.readable_directories.empty()) return Status::Ok();
  DuckConfig config;
  if (duckdb_create_config(config.out()) != DuckDBSuccess) return Status(Code::kInvalid, "cannot configure DuckDB");
  const std::pair<const char*, std::string> options[] = {
      {"memory_limit", std::to_string(options_.memory_bytes) + "B"},
      {"threads", "1"},  // rows come in file order, and one row group is in memory at a time
      {"autoload_known_extensions", "false"},
      {"autoinstall_known_extensions", "false"},
  };
  for (const auto& [name, value] : options)
    CHECK(duckdb_set_config(config.get(), name, value.c_str()) == DuckDBSuccess);
  char* text = nullptr;
  if (duckdb_open_ext(nullptr, files_.out(), config.get(), &text) != DuckDBSuccess) {
    Status status(Code::kInvalid, std::string("open DuckDB: ") + (text == nullptr ? "failed" : text));
    duckdb_free(text);
    return status;
  }
  DuckConnection connection;
  if (duckdb_connect(files_.get(), connection.out()) != DuckDBSuccess) {
    return Status(Code::kInvalid, "cannot connect to DuckDB");
  }
  std::string directories;
  for (const std::string& directory : options_.readable_directories) {
    directories += (directories.empty() ? "" : ", ") + QuoteLiteral(directory);
  }
  TRY(RunSql(connection.get(), "SET GLOBAL allowed_directories = [" + directories + "]"));
  TRY(RunSql(connection.get(), "SET GLOBAL enable_external_access = false"));
  TRY(RunSql(connection.get(), "SET GLOBAL TimeZone = 'UTC'"));
  return RunSql(connection.get(), "SET GLOBAL lock_configuration = true");
}

Status DuckEngine::DefineFacts() {
  contexts_.Set(catalog_id_, std::make_shared<QueryContext>());
  for (const char* schema : {"information_schema", "performance_schema"}) {
    TRY(RunSql(catalog_.get(), "CREATE SCHEMA " + QuoteSqlName(SchemaOfDatabase(schema))));
  }
  for (const FactTable& table : FactTables()) {
    // Clients compare these words without regard to case, as MySQL's own collation does.
    std::string words;
    for (const FactColumn& column : table.columns) {
      if (!kCaselessFacts.contains(column.name)) continue;
      const std::string name = QuoteSqlName(column.name);
      words += (words.empty() ? " REPLACE (" : ", ") + name + " COLLATE NOCASE AS " + name;
    }
    if (!words.empty()) words += ")";
    TRY(RunSql(catalog_.get(), "CREATE VIEW " + QuoteSqlName(SchemaOfDatabase(table.schema)) + "." +
                                   QuoteSqlName(table.name) + " AS SELECT *" + words + " FROM freshet_facts(" +
                                   QuoteLiteral(table.schema + "." + table.name) + ")"));
  }
  return Status::Ok();
}

void DuckEngine::RegisterSystemTable(const std::string& name, SystemTable table) {
  const std::string key = ToLower(name);
  const auto [place, added] = system_tables_.emplace(key, std::make_unique<SystemTable>(std::move(table)));
  CHECK(added);
  const Status status = freshet::RegisterSystemTable(catalog_.get(), key, *place->second, contexts_);
  CHECK(status.ok());
}

std::set<std::string, std::less<>> DuckEngine::system_table_names() const {
  std::set<std::string, std::less<>> names;
  for (const auto& [name, table] : system_tables_) names.insert(name);
  return names;
}

std::set<std::string, std::less<>> DuckEngine::file_function_names() const {
  std::set<std::string, std::less<>> names;
  for (const auto& [name, function] : file_functions_) names.insert(name);
  return names;
}

std::unique_ptr<SqlSession> DuckEngine::NewSession(const std::string& user, uint32_t connection_id) {
  auto session = std::make_unique<DuckSession>(*this, user, connection_id);
  const Status status = session->Open();
  CHECK(status.ok());  // an in-memory database refuses no connection
  return session;
}

Status DuckEngine::DefineSchema(const std::string& database) {
  const std::string schema = SchemaOfDatabase(database);
  if (!schemas_.insert(ToLower(schema)).second) return Status::Ok();
  return RunSql(catalog_.get(), "CREATE SCHEMA IF NOT EXISTS " + QuoteSqlName(schema));
}

namespace {

// Exact name first, else the one that differs in case only. Two such: kUnsupported.
Result<StoredTablePtr> Resolve(const ReadView& view, const std::string& database, const std::string& name) {
  if (StoredTablePtr table = view.FindTable(database, name)) return table;
  StoredTablePtr match;
  for (const std::string& candidate : view.Databases()) {
    if (!EqualsIgnoreCase(candidate, database)) continue;
    for (const StoredTablePtr& table : view.Tables(candidate)) {
      if (!EqualsIgnoreCase(table->name, name)) continue;
      if (match != nullptr) {
        return Status(Code::kUnsupported,
                      "name " + database + "." + name + " is ambiguous: several tables differ from it in case only");
      }
      match = table;
    }
  }
  return match;
}

}  // namespace

LiteralColumn DuckEngine::LiteralColumnOf(std::string name, duckdb_logical_type type) {
  using Kind = LiteralColumn::Kind;
  switch (duckdb_get_type_id(type)) {
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER:
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_UHUGEINT: return {std::move(name), Kind::kInteger, 0};
    case DUCKDB_TYPE_DECIMAL: return {std::move(name), Kind::kDecimal, duckdb_decimal_scale(type)};
    case DUCKDB_TYPE_DATE: return {std::move(name), Kind::kDate, 0};
    default: return {std::move(name), Kind::kOther, 0};
  }
}

Result<std::vector<LiteralColumn>> DuckEngine::ColumnsOf(const std::set<TableReference>& candidates,
                                                         const std::string& database, const ReadView& view) {
  std::vector<LiteralColumn> columns;
  for (const TableReference& candidate : candidates) {
    const std::string& of = candidate.database.empty() ? database : candidate.database;
    if (of.empty()) continue;
    ASSIGN_OR_RETURN(const StoredTablePtr table, Resolve(view, of, candidate.name));
    if (table == nullptr) continue;
    for (const Column& column : table->schema->columns) {
      const DuckType type = SqlTypeOf(column.type);
      columns.push_back(LiteralColumnOf(column.name, type.get()));
    }
  }
  return columns;
}

Status DuckEngine::DefineViews(const std::set<TableReference>& candidates, const std::string& database,
                               const std::shared_ptr<const QueryContext>& context, std::vector<StoredTablePtr>& found) {
  auto defining = std::make_shared<QueryContext>(*context);
  defining->defining_views = true;
  defining->files.clear();  // the catalog's context stays until the next statement; files go with theirs
  defining->streams.clear();
  contexts_.Set(catalog_id_, defining);
  std::map<std::string, StoredTablePtr> named;
  for (const TableReference& candidate : candidates) {
    const std::string& of = candidate.database.empty() ? database : candidate.database;
    if (of.empty()) continue;
    ASSIGN_OR_RETURN(const StoredTablePtr table, Resolve(*context->View(), of, candidate.name));
    if (table == nullptr) continue;
    const std::string schema = SchemaOfDatabase(table->database);
    const std::string key = ToLower(QuoteSqlName(schema) + "." + QuoteSqlName(table->name));
    const auto [other, added] = named.emplace(key, table);
    if (!added && other->second->id != table->id) {
      return Status(Code::kUnsupported, "tables " + table->database + "." + table->name + " and " +
                                            other->second->database + "." + other->second->name +
                                            " differ in case only and cannot be in one query");
    }
    if (!added) continue;
    found.push_back(table);
    const std::string body = TableScanCall(*table);
    if (views_[key] == body) continue;
    TRY(DefineSchema(table->database));
    TRY(RunSql(catalog_.get(), "CREATE OR REPLACE VIEW " + QuoteSqlName(schema) + "." + QuoteSqlName(table->name) +
                                   " AS SELECT * FROM " + body));
    views_[key] = body;
  }
  return Status::Ok();
}

}  // namespace freshet
