// SPDX-License-Identifier: Apache-2.0
#include "sql/table_scan.h"

#include <algorithm>
#include <atomic>
#include <set>

#include "sql/mapping_input.h"
#include "sql/token.h"
#include "sql/vector_writer.h"

namespace freshet {

namespace {

// Ranges per thread: more than one, so that a thread whose ranges are small helps with the others'.
constexpr size_t kRangesPerThread = 4;
// A table below this is scanned by one thread: splitting costs more than it gives.
constexpr uint64_t kParallelRowsMin = 20000;

struct BindData {
  std::shared_ptr<const QueryContext> context;
  StoredTablePtr table;
  std::vector<uint32_t> columns;  // stored ones, as indexes into the schema
};

struct InitData {
  std::shared_ptr<const ReadView> view;
  std::vector<uint32_t> projection;  // for the store: indexes into the schema, at least one
  std::vector<size_t> vector_of;     // projection index -> output vector
  std::vector<KeyRange> ranges;
  std::atomic<size_t> next_range{0};
};

struct LocalData {
  std::unique_ptr<RowScan> scan;
  RowBlock block;
};

template <typename T>
void Delete(void* data) {
  delete static_cast<T*>(data);
}

Result<BindData> Bind(duckdb_bind_info info, const QueryContexts& contexts) {
  BindData bind;
  bind.context = ContextOfBind(info, contexts);
  const std::shared_ptr<const ReadView> view = bind.context == nullptr ? nullptr : bind.context->View();
  if (view == nullptr) {
    return Status(Code::kInvalid, "freshet_scan is not for direct use");
  }
  std::string names[2];
  for (idx_t i = 0; i < 2; ++i) {
    const DuckValue value(duckdb_bind_get_parameter(info, i));
    char* text = duckdb_get_varchar(value.get());
    names[i] = text == nullptr ? "" : text;
    duckdb_free(text);
  }
  const DuckValue id(duckdb_bind_get_parameter(info, 2));
  const DuckValue version(duckdb_bind_get_parameter(info, 3));
  bind.table = view->FindTable(names[0], names[1]);
  // A view of another moment: the engine makes views anew for the tables that a statement names.
  if (bind.table == nullptr || bind.table->id.value != duckdb_get_uint64(id.get()) ||
      bind.table->schema->version != duckdb_get_uint64(version.get())) {
    return Status(Code::kNotFound, "table " + names[0] + "." + names[1] + " does not exist");
  }
  if (!bind.table->ready && !bind.context->defining_views) {
    return Status(Code::kConflict, "table " + names[0] + "." + names[1] +
                                       " is still being copied; see SELECT * FROM job_tables(\"jobName\"=\"..\")");
  }
  std::set<std::string> taken;  // DuckDB's names ignore case, the sources' need not
  for (uint32_t i = 0; i < bind.table->schema->columns.size(); ++i) {
    const Column& column = bind.table->schema->columns[i];
    if (column.excluded) continue;
    std::string name = column.name;
    for (int n = 1; !taken.insert(ToLower(name)).second; ++n) name = column.name + "_" + std::to_string(n);
    const DuckType type = SqlTypeOf(column.type);
    duckdb_bind_add_result_column(info, name.c_str(), type.get());
    bind.columns.push_back(i);
  }
  return bind;
}

void BindCallback(duckdb_bind_info info) {
  const auto& contexts = *static_cast<const QueryContexts*>(duckdb_bind_get_extra_info(info));
  Result<BindData> bind = Bind(info, contexts);
  if (!bind.ok()) {
    const auto context = ContextOfBind(info, contexts);
    if (context != nullptr) context->error->Set(bind.status());
    duckdb_bind_set_error(info, bind.status().message().c_str());
    return;
  }
  duckdb_bind_set_cardinality(info, bind->context->View()->EstimateRows(*bind->table), false);
  duckdb_bind_set_bind_data(info, new BindData(*std::move(bind)), Delete<BindData>);
}

std::vector<KeyRange> RangesToScan(const BindData& bind, const ReadView& view) {
  const QueryContext& context = *bind.context;
  const auto pruned = context.key_ranges.find(bind.table->id);
  if (pruned != context.key_ranges.end()) return {pruned->second};
  const uint64_t rows = view.EstimateRows(*bind.table);
  const auto lookup = context.lookups.find(bind.table->id);
  if (lookup != context.lookups.end() && context.mapping_input->batch() != nullptr) {
    const MappingInput& input = *context.mapping_input;
    auto ranges = RangesOfLookup(lookup->second, *bind.table, rows, *input.batch(), input.narrowed_images());
    if (ranges) return *std::move(ranges);
  }
  const size_t threads = static_cast<size_t>(context.threads);
  if (threads > 1 && rows >= kParallelRowsMin) return view.Split(*bind.table, threads * kRangesPerThread);
  return {KeyRange()};
}

void InitCallback(duckdb_init_info info) {
  const auto& bind = *static_cast<const BindData*>(duckdb_init_get_bind_data(info));
  auto init = std::make_unique<InitData>();
  for (idx_t i = 0; i < duckdb_init_get_column_count(info); ++i) {
    const idx_t column = duckdb_init_get_column_index(info, i);
    if (column >= bind.columns.size()) continue;  // row id: no column at all is needed, as for count(*)
    init->projection.push_back(bind.columns[column]);
    init->vector_of.push_back(i);
  }
  if (init->projection.empty()) init->projection.push_back(bind.table->schema->key_columns.front());
  init->view = bind.context->View();
  init->ranges = RangesToScan(bind, *init->view);
  const size_t threads = static_cast<size_t>(bind.context->threads);
  duckdb_init_set_max_threads(info, std::clamp<size_t>(init->ranges.size(), 1, threads));
  duckdb_init_set_init_data(info, init.release(), Delete<InitData>);
}

void LocalInitCallback(duckdb_init_info info) {
  duckdb_init_set_init_data(info, new LocalData(), Delete<LocalData>);
}

// Fills the next block of at most one vector; rows == 0 when all ranges are read.
Status NextBlock(const BindData& bind, InitData& init, LocalData& local) {
  while (true) {
    if (local.scan == nullptr) {
      const size_t range = init.next_range.fetch_add(1, std::memory_order_relaxed);
      if (range >= init.ranges.size()) {
        local.block.Clear();
        return Status::Ok();
      }
      ASSIGN_OR_RETURN(local.scan, init.view->Scan(*bind.table, init.projection, init.ranges[range]));
    }
    TRY(local.scan->Next(local.block, duckdb_vector_size()));
    if (local.block.rows > 0) return Status::Ok();
    local.scan.reset();
  }
}

Status FillChunk(const BindData& bind, InitData& init, LocalData& local, duckdb_data_chunk output) {
  TRY(NextBlock(bind, init, local));
  const RowBlock& block = local.block;
  for (size_t i = 0; i < init.vector_of.size(); ++i) {
    TRY(WriteVector(block, i, init.projection.size(), bind.table->schema->columns[init.projection[i]],
                    bind.context->null_unrepresentable, duckdb_data_chunk_get_vector(output, init.vector_of[i])));
  }
  duckdb_data_chunk_set_size(output, block.rows);
  return Status::Ok();
}

void ScanCallback(duckdb_function_info info, duckdb_data_chunk output) {
  const auto& bind = *static_cast<const BindData*>(duckdb_function_get_bind_data(info));
  auto& init = *static_cast<InitData*>(duckdb_function_get_init_data(info));
  auto& local = *static_cast<LocalData*>(duckdb_function_get_local_init_data(info));
  const Status status = FillChunk(bind, init, local, output);
  if (status.ok()) return;
  bind.context->error->Set(status);
  duckdb_function_set_error(info, status.message().c_str());
}

}  // namespace

std::shared_ptr<const QueryContext> ContextOfBind(duckdb_bind_info info, const QueryContexts& contexts) {
  DuckContext context;
  duckdb_table_function_get_client_context(info, context.out());
  return contexts.Find(duckdb_client_context_get_connection_id(context.get()));
}

Status RegisterTableScan(duckdb_connection connection, QueryContexts& contexts) {
  const DuckTableFunction function(duckdb_create_table_function());
  duckdb_table_function_set_name(function.get(), "freshet_scan");
  const DuckType text(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
  const DuckType number(duckdb_create_logical_type(DUCKDB_TYPE_UBIGINT));
  for (duckdb_logical_type type : {text.get(), text.get(), number.get(), number.get()}) {
    duckdb_table_function_add_parameter(function.get(), type);
  }
  duckdb_table_function_set_extra_info(function.get(), &contexts, nullptr);
  duckdb_table_function_set_bind(function.get(), BindCallback);
  duckdb_table_function_set_init(function.get(), InitCallback);
  duckdb_table_function_set_local_init(function.get(), LocalInitCallback);
  duckdb_table_function_set_function(function.get(), ScanCallback);
  duckdb_table_function_supports_projection_pushdown(function.get(), true);
  if (duckdb_register_table_function(connection, function.get()) != DuckDBSuccess) {
    return Status(Code::kInvalid, "cannot register freshet_scan");
  }
  return Status::Ok();
}

std::string TableScanCall(const StoredTable& table) {
  return "freshet_scan(" + QuoteLiteral(table.database) + ", " + QuoteLiteral(table.name) + ", CAST(" +
         std::to_string(table.id.value) + " AS UBIGINT), CAST(" + std::to_string(table.schema->version) +
         " AS UBIGINT))";
}

}  // namespace freshet
