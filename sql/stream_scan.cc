// SPDX-License-Identifier: Apache-2.0
#include "sql/stream_scan.h"

#include "sql/session.h"
#include "sql/table_scan.h"
#include "sql/vector_writer.h"

namespace freshet {

namespace {

struct StreamBind {
  std::shared_ptr<const QueryContext> context;
  std::shared_ptr<RowStream> stream;
  SchemaPtr schema;
};

struct StreamScanState {
  std::vector<size_t> projection;  // output vector -> column of the schema
  RowBatch batch;
  size_t next_row = 0;
};

template <typename T>
void Delete(void* data) {
  delete static_cast<T*>(data);
}

Status Bind(duckdb_bind_info info, DuckEngine& engine) {
  auto bind = std::make_unique<StreamBind>();
  bind->context = ContextOfBind(info, engine.contexts());
  const DuckValue number(duckdb_bind_get_parameter(info, 0));
  const uint64_t index = duckdb_get_uint64(number.get());
  if (bind->context == nullptr || index >= bind->context->streams.size()) {
    return Status(Code::kInvalid, "freshet_stream is not for direct use");
  }
  bind->stream = bind->context->streams[index];
  bind->schema = bind->stream->schema();
  for (const Column& column : bind->schema->columns) {
    const DuckType type = SqlTypeOf(column.type);
    duckdb_bind_add_result_column(info, column.name.c_str(), type.get());
  }
  duckdb_bind_set_bind_data(info, bind.release(), Delete<StreamBind>);
  return Status::Ok();
}

void BindCallback(duckdb_bind_info info) {
  auto& engine = *static_cast<DuckEngine*>(duckdb_bind_get_extra_info(info));
  const Status status = Bind(info, engine);
  if (!status.ok()) duckdb_bind_set_error(info, status.message().c_str());
}

void InitCallback(duckdb_init_info info) {
  auto state = std::make_unique<StreamScanState>();
  for (idx_t i = 0; i < duckdb_init_get_column_count(info); ++i) {
    state->projection.push_back(duckdb_init_get_column_index(info, i));
  }
  duckdb_init_set_max_threads(info, 1);  // one log, read in its order
  duckdb_init_set_init_data(info, state.release(), Delete<StreamScanState>);
}

Status FillChunk(const StreamBind& bind, StreamScanState& state, duckdb_data_chunk output) {
  if (state.next_row == state.batch.rows.size()) {
    ASSIGN_OR_RETURN(state.batch, bind.stream->Next());
    state.next_row = 0;
  }
  const size_t rows = std::min<size_t>(state.batch.rows.size() - state.next_row, duckdb_vector_size());
  std::vector<uint32_t> images(rows);
  for (size_t i = 0; i < rows; ++i) images[i] = state.batch.rows[state.next_row + i].after;
  state.next_row += rows;
  const CellsView view{rows, bind.schema->columns.size(), state.batch.cells.data(), state.batch.arena, images.data()};
  for (size_t i = 0; i < state.projection.size(); ++i) {
    if (state.projection[i] >= view.columns) continue;  // row id, as for count(*)
    const Column& column = bind.schema->columns[state.projection[i]];
    std::vector<uint32_t> unrepresentable;
    WriteVector(view, state.projection[i], column.type, unrepresentable, duckdb_data_chunk_get_vector(output, i));
    if (unrepresentable.empty() || bind.context->null_unrepresentable) continue;
    return Status(Code::kInvalid, "column " + column.name + " holds a value that SQL type " + SqlTypeName(column.type) +
                                      " cannot represent; SET unrepresentable_values='null' to read it as NULL");
  }
  duckdb_data_chunk_set_size(output, rows);
  return Status::Ok();
}

void ScanCallback(duckdb_function_info info, duckdb_data_chunk output) {
  const auto& bind = *static_cast<const StreamBind*>(duckdb_function_get_bind_data(info));
  auto& state = *static_cast<StreamScanState*>(duckdb_function_get_init_data(info));
  const Status status = FillChunk(bind, state, output);
  if (status.ok()) return;
  bind.context->error->Set(status);
  duckdb_function_set_error(info, status.message().c_str());
}

}  // namespace

Status RegisterStreamScan(duckdb_connection connection, DuckEngine& engine) {
  const DuckTableFunction function(duckdb_create_table_function());
  duckdb_table_function_set_name(function.get(), "freshet_stream");
  const DuckType number(duckdb_create_logical_type(DUCKDB_TYPE_UBIGINT));
  duckdb_table_function_add_parameter(function.get(), number.get());
  duckdb_table_function_set_extra_info(function.get(), &engine, nullptr);
  duckdb_table_function_set_bind(function.get(), BindCallback);
  duckdb_table_function_set_init(function.get(), InitCallback);
  duckdb_table_function_set_function(function.get(), ScanCallback);
  duckdb_table_function_supports_projection_pushdown(function.get(), true);
  if (duckdb_register_table_function(connection, function.get()) == DuckDBSuccess) return Status::Ok();
  return Status(Code::kInvalid, "cannot register freshet_stream");
}

std::string StreamScanCall(size_t stream) {
  return "freshet_stream(CAST(" + std::to_string(stream) + " AS UBIGINT))";
}

}  // namespace freshet
