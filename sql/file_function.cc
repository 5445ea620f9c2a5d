// SPDX-License-Identifier: Apache-2.0
#include "sql/file_function.h"

#include "sql/duckdb_rows.h"
#include "sql/session.h"
#include "sql/table_scan.h"
#include "sql/token.h"

namespace freshet {

namespace {

struct FileBind {
  std::shared_ptr<const QueryContext> context;
  std::shared_ptr<const FileSet> set;
};

struct FileScanState {
  std::vector<size_t> projection;  // output vector -> column of the set
  size_t next_file = 0;
  std::unique_ptr<FileReader> reader;
};

template <typename T>
void Delete(void* data) {
  delete static_cast<T*>(data);
}

FileReader::Options OptionsOf(const LocalFiles& files, size_t file) {
  FileReader::Options options;
  options.path = files.paths[file];
  options.shown_name = files.shown_names[file];
  options.format = files.format;
  return options;
}

// Type names come from FileReader and are DuckDB's own.
DuckType ParseType(duckdb_connection connection, const std::string& type) {
  DuckResult result;
  const std::string sql = "SELECT CAST(NULL AS " + type + ")";
  if (duckdb_query(connection, sql.c_str(), result.get()) != DuckDBSuccess) return DuckType();
  return DuckType(duckdb_column_logical_type(result.get(), 0));
}

Status Bind(duckdb_bind_info info, DuckEngine& engine) {
  auto bind = std::make_unique<FileBind>();
  bind->context = ContextOfBind(info, engine.contexts());
  const DuckValue number(duckdb_bind_get_parameter(info, 0));
  const uint64_t index = duckdb_get_uint64(number.get());
  if (bind->context == nullptr || index >= bind->context->files.size()) {
    return Status(Code::kInvalid, "freshet_files is not for direct use");
  }
  bind->set = bind->context->files[index];
  DuckConnection connection;  // the caller's is busy with this statement
  if (duckdb_connect(engine.database(), connection.out()) != DuckDBSuccess) {
    return Status(Code::kInvalid, "cannot connect to DuckDB");
  }
  for (const FileColumns::Column& column : bind->set->columns.columns) {
    const DuckType type = ParseType(connection.get(), column.type);
    if (type.get() == nullptr) return Status(Code::kUnsupported, "column " + column.name + " has type " + column.type);
    duckdb_bind_add_result_column(info, column.name.c_str(), type.get());
  }
  duckdb_bind_set_bind_data(info, bind.release(), Delete<FileBind>);
  return Status::Ok();
}

void BindCallback(duckdb_bind_info info) {
  auto& engine = *static_cast<DuckEngine*>(duckdb_bind_get_extra_info(info));
  const Status status = Bind(info, engine);
  if (!status.ok()) duckdb_bind_set_error(info, status.message().c_str());
}

void InitCallback(duckdb_init_info info) {
  auto state = std::make_unique<FileScanState>();
  const auto& bind = *static_cast<const FileBind*>(duckdb_init_get_bind_data(info));
  for (idx_t i = 0; i < duckdb_init_get_column_count(info); ++i) {
    state->projection.push_back(duckdb_init_get_column_index(info, i));
  }
  CHECK(bind.set != nullptr);
  duckdb_init_set_max_threads(info, 1);  // rows come in the order of files and of their lines
  duckdb_init_set_init_data(info, state.release(), Delete<FileScanState>);
}

Status FillChunk(DuckEngine& engine, const FileBind& bind, FileScanState& state, duckdb_data_chunk output) {
  const FileSet& set = *bind.set;
  const FileRows* rows = nullptr;
  while (rows == nullptr) {
    if (state.reader == nullptr) {
      if (state.next_file == set.files.paths.size()) {
        duckdb_data_chunk_set_size(output, 0);
        return Status::Ok();
      }
      FileReader::Options options = OptionsOf(set.files, state.next_file++);
      options.expected = set.columns;
      ASSIGN_OR_RETURN(state.reader, FileReader::Open(engine, std::move(options)));
    }
    ASSIGN_OR_RETURN(rows, state.reader->Next({}));
    if (rows == nullptr) state.reader.reset();
  }
  const duckdb_data_chunk chunk = static_cast<const DuckRows*>(rows)->chunk();
  for (size_t i = 0; i < state.projection.size(); ++i) {
    if (state.projection[i] >= set.columns.columns.size()) continue;  // row id, as for count(*)
    duckdb_vector_reference_vector(duckdb_data_chunk_get_vector(output, i),
                                   duckdb_data_chunk_get_vector(chunk, state.projection[i]));
  }
  duckdb_data_chunk_set_size(output, rows->rows());
  return Status::Ok();
}

void ScanCallback(duckdb_function_info info, duckdb_data_chunk output) {
  auto& engine = *static_cast<DuckEngine*>(duckdb_function_get_extra_info(info));
  const auto& bind = *static_cast<const FileBind*>(duckdb_function_get_bind_data(info));
  auto& state = *static_cast<FileScanState*>(duckdb_function_get_init_data(info));
  const Status status = FillChunk(engine, bind, state, output);
  if (status.ok()) return;
  bind.context->error->Set(status);
  duckdb_function_set_error(info, status.message().c_str());
}

bool HasNames(FileKind kind) {
  return kind == FileKind::kJsonLines || kind == FileKind::kJsonArray || kind == FileKind::kParquet;
}

}  // namespace

Result<std::shared_ptr<const FileSet>> MakeFileSet(SqlEngine& engine, LocalFiles files) {
  auto set = std::make_shared<FileSet>();
  set->files = std::move(files);
  if (set->files.paths.empty()) return Status(Code::kNotFound, "no file matches");
  std::set<std::string> names;
  for (size_t i = 0; i < set->files.paths.size(); ++i) {
    ASSIGN_OR_RETURN(const std::unique_ptr<FileReader> reader, FileReader::Open(engine, OptionsOf(set->files, i)));
    for (const FileColumns::Column& column : reader->columns().columns) {
      if (names.insert(ToLower(column.name)).second) set->columns.columns.push_back(column);
    }
    if (!names.empty() && !HasNames(set->files.format.kind)) break;
  }
  if (set->columns.columns.empty()) {
    return Status(Code::kInvalid, set->files.shown_names.front() +
                                      (set->files.paths.size() > 1 ? " and the others" : "") +
                                      ": no row from which to learn columns");
  }
  return std::shared_ptr<const FileSet>(std::move(set));
}

Status RegisterFileScan(duckdb_connection connection, DuckEngine& engine) {
  const DuckTableFunction function(duckdb_create_table_function());
  duckdb_table_function_set_name(function.get(), "freshet_files");
  const DuckType number(duckdb_create_logical_type(DUCKDB_TYPE_UBIGINT));
  duckdb_table_function_add_parameter(function.get(), number.get());
  duckdb_table_function_set_extra_info(function.get(), &engine, nullptr);
  duckdb_table_function_set_bind(function.get(), BindCallback);
  duckdb_table_function_set_init(function.get(), InitCallback);
  duckdb_table_function_set_function(function.get(), ScanCallback);
  duckdb_table_function_supports_projection_pushdown(function.get(), true);
  if (duckdb_register_table_function(connection, function.get()) == DuckDBSuccess) return Status::Ok();
  return Status(Code::kInvalid, "cannot register freshet_files");
}

std::string FileScanCall(size_t file_set) {
  return "freshet_files(CAST(" + std::to_string(file_set) + " AS UBIGINT))";
}

}  // namespace freshet
