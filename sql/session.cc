// SPDX-License-Identifier: Apache-2.0
#include "sql/session.h"

#include <algorithm>

#include "base/version.h"
#include "sql/file_function.h"
#include "sql/key_range.h"
#include "sql/stream_scan.h"
#include "sql/token.h"

namespace freshet {

DuckSession::DuckSession(DuckEngine& engine, std::string user, uint32_t connection_id)
    : engine_(engine), user_(std::move(user)), connection_id_(connection_id) {}

DuckSession::~DuckSession() {
  engine_.contexts().Remove(duckdb_id_);
}

Status DuckSession::Open() {
  if (duckdb_connect(engine_.database(), connection_.out()) != DuckDBSuccess) {
    return Status(Code::kInvalid, "cannot connect to DuckDB");
  }
  DuckContext context;
  duckdb_connection_get_client_context(connection_.get(), context.out());
  duckdb_id_ = duckdb_client_context_get_connection_id(context.get());
  return Status::Ok();
}

// One branch per alternative of Statement; job statements never come here.
struct StatementRunner {
  using Answer = Result<std::unique_ptr<ResultCursor>>;
  DuckSession& session;

  static Answer Done(Status status) {
    TRY(std::move(status));
    return std::unique_ptr<ResultCursor>();
  }
  Answer operator()(const Query& statement) { return session.RunQuery(statement.sql, {}); }
  Answer operator()(const CreateDatabase& statement) { return Done(session.CreateDatabaseNamed(statement)); }
  Answer operator()(const DropDatabase& statement) { return Done(session.DropDatabaseNamed(statement)); }
  Answer operator()(const UseDatabase& statement) { return Done(session.UseDatabaseNamed(statement.name)); }
  Answer operator()(const SetVariables& statement) { return Done(session.Assign(statement)); }
  Answer operator()(const TransactionControl&) { return Done(Status::Ok()); }
  template <typename T>
  requires requires(DuckSession& s, const T& write) { s.Run(write); }
  Answer operator()(const T& write) { return Done(session.Run(write)); }
  template <typename T>
  requires requires(DuckSession& s, const T& show) { s.Show(show); }
  Answer operator()(const T& show) { return session.Show(show); }
  template <typename T>
  Answer operator()(const T&) {
    return Status(Code::kUnsupported, "job statements are not for this session");
  }
};

Result<std::unique_ptr<ResultCursor>> DuckSession::Execute(const Statement& statement) {
  outcome_ = {};
  return std::visit(StatementRunner{*this}, statement);
}

bool DuckSession::ansi_quotes() const {
  return variable("sql_mode").find("ANSI") != std::string::npos;
}

std::shared_ptr<QueryContext> DuckSession::MakeContext(std::shared_ptr<const ReadView> view) const {
  auto context = std::make_shared<QueryContext>();
  context->view = std::move(view);
  context->null_unrepresentable = ToLower(variable("unrepresentable_values")) == "null";
  context->threads = engine_.options().threads;
  context->user = user_;
  context->connection_id = connection_id_;
  context->variables = DefaultVariables();
  for (const auto& [name, value] : variables_) context->variables[name] = value;
  return context;
}

DialectContext DuckSession::MakeDialect() const {
  DialectContext dialect;
  dialect.database = database_;
  dialect.user = user_;
  dialect.connection_id = connection_id_;
  dialect.version = kMysqlVersion;
  dialect.system_tables = engine_.system_table_names();
  dialect.file_functions = engine_.file_function_names();
  for (const auto& [name, function] : engine_.stream_functions()) dialect.file_functions.insert(name);
  dialect.variable = [this](std::string_view name) -> std::optional<std::string> {
    const auto own = variables_.find(std::string(name));
    if (own != variables_.end()) return own->second;
    const auto found = DefaultVariables().find(std::string(name));
    return found == DefaultVariables().end() ? std::nullopt : std::optional(found->second);
  };
  return dialect;
}

DuckSession::Expected DuckSession::ExpectedOf(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_INVALID:
    case DUCKDB_TYPE_ANY:
    case DUCKDB_TYPE_SQLNULL: return Expected::kAny;
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER:
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UHUGEINT:
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
    case DUCKDB_TYPE_DECIMAL: return Expected::kNumber;
    default: return Expected::kOther;
  }
}

// Anything but a read is refused before DuckDB sees it: statements that write users' tables are our own, and those that
// reach outside (COPY, ATTACH, INSTALL, LOAD, PRAGMA) have no place here.
Status DuckSession::RefuseWrites(const std::vector<Token>& tokens) const {
  const Token& first = tokens.front();
  for (const char* read : {"SELECT", "WITH", "VALUES", "FROM", "EXPLAIN", "SUMMARIZE", "PIVOT", "UNPIVOT", "TABLE"}) {
    if (first.Is(read)) return Status::Ok();
  }
  if (first.IsSymbol("(")) return Status::Ok();
  return Status(Code::kUnsupported, "not supported: " + first.value);
}

Result<DuckSession::Planned> DuckSession::Prepare(const std::string& sql,
                                                  const std::shared_ptr<const QueryContext>& context) {
  Planned planned;
  planned.query.context = context;
  if (duckdb_prepare(connection_.get(), sql.c_str(), planned.query.prepared.out()) != DuckDBSuccess) {
    const Status scan = context->error->Get();
    return scan.ok() ? DuckError(duckdb_prepare_error(planned.query.prepared.get())) : scan.Copy();
  }
  const duckdb_prepared_statement prepared = planned.query.prepared.get();
  const duckdb_statement_type type = duckdb_prepared_statement_type(prepared);
  if (type != DUCKDB_STATEMENT_TYPE_SELECT && type != DUCKDB_STATEMENT_TYPE_EXPLAIN) {
    return Status(Code::kUnsupported, "not supported: queries are read-only");
  }
  // Types without a text form of ours are cast in an outer query, which keeps names and order.
  std::string list;
  std::string names;
  bool wrap = false;
  for (idx_t i = 0; i < duckdb_prepared_statement_column_count(prepared); ++i) {
    const DuckType column(duckdb_prepared_statement_column_logical_type(prepared, i));
    const char* name = duckdb_prepared_statement_column_name(prepared, i);
    const duckdb_type id = duckdb_get_type_id(column.get());
    const std::string inner = "c" + std::to_string(i);
    const bool cast = !HasTextForm(id) && id != DUCKDB_TYPE_INVALID && id != DUCKDB_TYPE_ANY;
    const std::string target =
        id == DUCKDB_TYPE_TIMESTAMP_TZ || id == DUCKDB_TYPE_TIMESTAMP_S || id == DUCKDB_TYPE_TIMESTAMP_MS ? "TIMESTAMP"
                                                                                                          : "VARCHAR";
    wrap = wrap || cast;
    list += (i > 0 ? ", " : "") + (cast ? "CAST(" + inner + " AS " + target + ")" : inner) + " AS " +
            QuoteSqlName(name == nullptr || *name == '\0' ? "?column?" : name);
    names += (i > 0 ? ", " : "") + inner;
    planned.columns.push_back(DescribeColumn(name, column.get()));
    planned.resolved = planned.resolved && id != DUCKDB_TYPE_INVALID;
    duckdb_free(const_cast<char*>(name));
  }
  if (wrap && type == DUCKDB_STATEMENT_TYPE_SELECT) {
    return Prepare("SELECT " + list + " FROM (" + sql + "\n) AS answer(" + names + ")", context);
  }
  for (idx_t i = 1; i <= duckdb_nparams(prepared); ++i) {
    planned.parameters.push_back(ExpectedOf(duckdb_param_type(prepared, i)));
  }
  return planned;
}

void DuckSession::Cancel() {
  {
    MutexLock lock(fetch_mutex_);
    if (fetch_) fetch_->request_stop();
    write_.request_stop();
  }
  duckdb_interrupt(connection_.get());
}

Status DuckSession::OpenCalls(std::vector<FileCall> files, std::vector<FileCall> streams, QueryContext& context) {
  if (files.empty() && streams.empty()) return Status::Ok();
  StopToken stop;
  {
    MutexLock lock(fetch_mutex_);
    stop = fetch_.emplace().get_token();
  }
  for (const FileCall& call : files) {
    ASSIGN_OR_RETURN(LocalFiles local, engine_.file_function(call.function)(call.arguments, stop));
    ASSIGN_OR_RETURN(std::shared_ptr<const FileSet> set, MakeFileSet(engine_, std::move(local)));
    context.files.push_back(std::move(set));
  }
  for (const FileCall& call : streams) {
    const StreamFunction& open = engine_.stream_functions().at(call.function);
    ASSIGN_OR_RETURN(std::shared_ptr<RowStream> stream, open(call.arguments, stop));
    context.streams.push_back(std::move(stream));
  }
  MutexLock lock(fetch_mutex_);
  fetch_.reset();
  return Status::Ok();
}

namespace {

void DropSemicolons(std::vector<Token>& tokens) {
  while (tokens.size() >= 2 && tokens[tokens.size() - 2].IsSymbol(";")) tokens.erase(tokens.end() - 2);
}

}  // namespace

Result<DuckSession::Bridged> DuckSession::Bridge(const std::string& sql, std::vector<ParameterValue> parameters) {
  Bridged bridged;
  ASSIGN_OR_RETURN(bridged.tokens, Tokenize(sql, ansi_quotes()));
  std::vector<Token>& tokens = bridged.tokens;
  DropSemicolons(tokens);
  ASSIGN_OR_RETURN(const std::shared_ptr<const ReadView> view, engine_.store().OpenView());
  TRY(RefuseWrites(tokens));
  std::string fitted;
  if (MayNotFit(tokens)) {
    ASSIGN_OR_RETURN(const std::vector<LiteralColumn> columns,
                     DuckEngine::ColumnsOf(TableCandidates(tokens), database_, *view));
    if (std::optional<std::string> text = FitLiterals(sql, tokens, columns)) {
      fitted = *std::move(text);
      ASSIGN_OR_RETURN(tokens, Tokenize(fitted, ansi_quotes()));
      DropSemicolons(tokens);
    }
  }
  DialectContext dialect = MakeDialect();
  dialect.parameters = std::move(parameters);
  std::vector<FileCall> file_calls;
  std::vector<FileCall> stream_calls;
  dialect.file_call = [&](const std::string& name, Properties arguments) {
    const FileCall call{name, std::move(arguments)};
    if (engine_.stream_functions().contains(name)) {  // each call reads a log of its own
      stream_calls.push_back(call);
      return StreamScanCall(stream_calls.size() - 1);
    }
    const auto same = std::find(file_calls.begin(), file_calls.end(), call);
    const size_t number = static_cast<size_t>(same - file_calls.begin());
    if (same == file_calls.end()) file_calls.push_back(call);
    return FileScanCall(number);
  };
  ASSIGN_OR_RETURN(bridged.sql, RewriteQuery(fitted.empty() ? sql : fitted, tokens, dialect));
  bridged.context = MakeContext(view);
  bridged.parameters = std::move(dialect.parameters);
  TRY(OpenCalls(std::move(file_calls), std::move(stream_calls), *bridged.context));
  return bridged;
}

Status DuckSession::Enter(const Bridged& bridged) {
  std::vector<StoredTablePtr> tables;
  TRY(engine_.DefineViews(TableCandidates(bridged.tokens), database_, bridged.context, tables));
  if (tables.size() == 1) {
    if (std::optional<KeyRange> range = FindKeyRange(WithParameters(bridged.tokens, bridged.parameters), *tables[0])) {
      bridged.context->key_ranges.emplace(tables[0]->id, *std::move(range));
    }
  }
  if (search_path_ != database_ && !database_.empty()) {
    TRY(engine_.DefineSchema(database_));
    TRY(RunSql(connection_.get(), "USE memory." + QuoteSqlName(SchemaOfDatabase(database_))));
    search_path_ = database_;
  }
  engine_.contexts().Set(duckdb_id_, bridged.context);
  return Status::Ok();
}

Result<DuckSession::Planned> DuckSession::Plan(const std::string& sql, std::vector<ParameterValue> parameters,
                                               bool start) {
  ASSIGN_OR_RETURN(const Bridged bridged, Bridge(sql, std::move(parameters)));
  const std::shared_ptr<QueryContext>& context = bridged.context;
  MutexLock lock(engine_.planning());
  TRY(Enter(bridged));
  Result<Planned> prepared = Prepare(bridged.sql, context);
  // The statement holds its context itself; kept here, it would keep the files and streams of this statement until the
  // next.
  if (!context->files.empty() || !context->streams.empty()) engine_.contexts().Remove(duckdb_id_);
  ASSIGN_OR_RETURN(Planned planned, std::move(prepared));
  if (start &&
      duckdb_pending_prepared_streaming(planned.query.prepared.get(), planned.query.pending.out()) != DuckDBSuccess) {
    const Status scan = context->error->Get();
    return scan.ok() ? DuckError(duckdb_pending_error(planned.query.pending.get())) : scan.Copy();
  }
  return planned;
}

Result<std::unique_ptr<ResultCursor>> DuckSession::RunQuery(const std::string& sql,
                                                            std::vector<ParameterValue> parameters) {
  ASSIGN_OR_RETURN(Planned planned, Plan(sql, std::move(parameters), true));
  return StartCursor(std::move(planned.query), std::move(planned.columns));
}

namespace {

// Statements that take no part in binding: everything that is not a query.
Result<bool> IsQuery(const std::string& sql) {
  ASSIGN_OR_RETURN(const Statement statement, ParseStatement(sql));
  return std::holds_alternative<Query>(statement);
}

}  // namespace

Result<size_t> DuckSession::CountParameters(const std::string& sql) {
  ASSIGN_OR_RETURN(const std::vector<Token> tokens, Tokenize(sql, ansi_quotes()));
  size_t parameters = 0;
  for (const Token& token : tokens) parameters += token.kind == TokenKind::kParameter ? 1 : 0;
  return parameters;
}

Result<std::vector<ResultColumn>> DuckSession::DescribeQuery(const std::string& sql) {
  ASSIGN_OR_RETURN(const Statement statement, ParseStatement(sql));
  if (const Query* query = std::get_if<Query>(&statement)) {
    ASSIGN_OR_RETURN(Planned planned, Plan(query->sql, {}, false));
    if (planned.resolved) return std::move(planned.columns);
    // A value's type decides a column's: clients want to know at least how many there are.
    std::vector<ParameterValue> nulls(planned.parameters.size());
    ASSIGN_OR_RETURN(Planned described, Plan(query->sql, std::move(nulls), false));
    return std::move(described.columns);
  }
  // SHOW and DESC answer from memory: running one is the way to its columns. Nothing else has any.
  const bool shows = std::visit(
      []<typename T>(const T&) {
        return std::is_same_v<T, ShowDatabases> || std::is_same_v<T, ShowTables> || std::is_same_v<T, DescribeTable> ||
               std::is_same_v<T, ShowCreateTable> || std::is_same_v<T, ShowCreateDatabase> ||
               std::is_same_v<T, ShowVariables> || std::is_same_v<T, ShowOther>;
      },
      statement);
  if (!shows) return std::vector<ResultColumn>();
  ASSIGN_OR_RETURN(const Cursor cursor, Execute(statement));
  return cursor->columns();
}

Result<std::string> DuckSession::WithLiterals(const std::string& sql, const std::vector<PreparedValue>& values) const {
  ASSIGN_OR_RETURN(const std::vector<Token> tokens, Tokenize(sql, ansi_quotes()));
  std::string text;
  size_t done = 0;
  size_t next = 0;
  for (const Token& token : tokens) {
    if (token.kind != TokenKind::kParameter) continue;
    text.append(sql, done, token.begin - done);
    done = token.end;
    const PreparedValue& value = values[next++];
    // Spaces: a value may stand beside a word.
    if (!value.text) {
      text += " NULL ";
    } else if (value.is_number && IsNumberLiteral(*value.text)) {
      text += " " + *value.text + " ";
    } else {
      text += " '";
      for (const char c : *value.text) {
        if (c == '\'' || c == '\\') text += '\\';
        text += c;
      }
      text += "' ";
    }
  }
  return text.append(sql, done);
}

// Values are written as literals of one token each: text in quotes whatever is in it, a number bare where a number
// is expected. So DuckDB infers types as for a query written by hand, and a key's range is found.
Result<std::unique_ptr<ResultCursor>> DuckSession::ExecutePrepared(const std::string& sql,
                                                                   const std::vector<PreparedValue>& values) {
  ASSIGN_OR_RETURN(const size_t parameters, CountParameters(sql));
  if (parameters != values.size()) {
    return Status(Code::kInvalid, "statement has " + std::to_string(parameters) + " parameters, " +
                                      std::to_string(values.size()) + " values were given");
  }
  ASSIGN_OR_RETURN(const bool query, IsQuery(sql));
  if (!query) {
    ASSIGN_OR_RETURN(const std::string text, WithLiterals(sql, values));
    ASSIGN_OR_RETURN(const Statement statement, ParseStatement(text));
    const bool writes = std::holds_alternative<InsertRows>(statement) ||
                        std::holds_alternative<UpdateRows>(statement) || std::holds_alternative<DeleteRows>(statement);
    if (parameters > 0 && !writes) {
      return Status(Code::kUnsupported, "parameters are available in queries, INSERT, UPDATE and DELETE only");
    }
    return Execute(statement);
  }
  if (values.empty()) return RunQuery(sql, {});
  std::vector<Expected> expected(values.size(), Expected::kAny);
  {
    Result<Planned> planned = Plan(sql, {}, false);
    if (planned.ok() && planned->parameters.size() == values.size()) expected = planned->parameters;
  }
  std::vector<ParameterValue> literals;
  for (size_t i = 0; i < values.size(); ++i) {
    // In quotes, DuckDB would round '7.5' to the type of an integer column before it compares.
    const bool number = expected[i] == Expected::kNumber || (expected[i] == Expected::kAny && values[i].is_number);
    literals.push_back({values[i].text, number && values[i].text && IsNumberLiteral(*values[i].text)});
  }
  return RunQuery(sql, std::move(literals));
}

}  // namespace freshet
