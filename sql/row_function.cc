// SPDX-License-Identifier: Apache-2.0
#include "sql/row_function.h"

#include <charconv>

#include "sql/dialect.h"
#include "sql/table_scan.h"

namespace freshet {

namespace {

// Extra info of one registered function.
struct RowFunction {
  std::string name;
  const SystemTable* table = nullptr;  // null: facts
  const QueryContexts* contexts = nullptr;
};

struct RowBind {
  std::vector<FactColumn> columns;
  std::function<Result<SystemTable::Rows>()> read;
  std::shared_ptr<const QueryContext> context;
};

struct RowScanState {
  SystemTable::Rows rows;
  size_t next = 0;
};

template <typename T>
void Delete(void* data) {
  delete static_cast<T*>(data);
}

std::string TextParameter(duckdb_bind_info info) {
  const DuckValue value(duckdb_bind_get_parameter(info, 0));
  char* text = duckdb_get_varchar(value.get());
  std::string copy = text == nullptr ? "" : text;
  duckdb_free(text);
  return copy;
}

Result<RowBind> Bind(duckdb_bind_info info, const RowFunction& function) {
  RowBind bind;
  bind.context = ContextOfBind(info, *function.contexts);
  if (bind.context == nullptr) return Status(Code::kInvalid, function.name + "() is not for direct use");
  const std::string parameter = TextParameter(info);
  if (function.table == nullptr) {
    const FactTable* facts = FindFactTable(parameter);
    if (facts == nullptr) return Status(Code::kNotFound, "table " + parameter + " does not exist");
    bind.columns = facts->columns;
    bind.read = [context = bind.context, facts]() -> Result<SystemTable::Rows> { return facts->rows(*context); };
    return bind;
  }
  std::map<std::string, std::string> arguments;
  for (auto& [key, value] : DecodeArguments(parameter)) arguments.emplace(key, value);
  for (const std::string& column : function.table->columns) bind.columns.push_back({column, false});
  bind.read = [table = function.table, arguments] { return table->read(arguments); };
  return bind;
}

void BindCallback(duckdb_bind_info info) {
  const auto& function = *static_cast<const RowFunction*>(duckdb_bind_get_extra_info(info));
  Result<RowBind> bind = Bind(info, function);
  if (!bind.ok()) {
    duckdb_bind_set_error(info, bind.status().message().c_str());
    return;
  }
  for (const FactColumn& column : bind->columns) {
    const DuckType type(duckdb_create_logical_type(column.number ? DUCKDB_TYPE_BIGINT : DUCKDB_TYPE_VARCHAR));
    duckdb_bind_add_result_column(info, column.name.c_str(), type.get());
  }
  duckdb_bind_set_bind_data(info, new RowBind(*std::move(bind)), Delete<RowBind>);
}

void InitCallback(duckdb_init_info info) {
  const auto& bind = *static_cast<const RowBind*>(duckdb_init_get_bind_data(info));
  Result<SystemTable::Rows> rows = bind.read();
  if (!rows.ok()) {
    bind.context->error->Set(rows.status());
    duckdb_init_set_error(info, rows.status().message().c_str());
    return;
  }
  duckdb_init_set_max_threads(info, 1);
  duckdb_init_set_init_data(info, new RowScanState{*std::move(rows), 0}, Delete<RowScanState>);
}

void FillColumn(const RowScanState& state, size_t rows, size_t column, bool number, duckdb_vector vector) {
  duckdb_vector_ensure_validity_writable(vector);
  uint64_t* validity = duckdb_vector_get_validity(vector);
  for (size_t i = 0; i < rows; ++i) {
    const auto& row = state.rows[state.next + i];
    if (column >= row.size() || !row[column]) {
      duckdb_validity_set_row_invalid(validity, i);
    } else if (!number) {
      duckdb_vector_assign_string_element_len(vector, i, row[column]->data(), row[column]->size());
    } else {
      int64_t value = 0;
      std::from_chars(row[column]->data(), row[column]->data() + row[column]->size(), value);
      static_cast<int64_t*>(duckdb_vector_get_data(vector))[i] = value;
    }
  }
}

void RowsCallback(duckdb_function_info info, duckdb_data_chunk output) {
  const auto& bind = *static_cast<const RowBind*>(duckdb_function_get_bind_data(info));
  auto& state = *static_cast<RowScanState*>(duckdb_function_get_init_data(info));
  const size_t rows = std::min<size_t>(state.rows.size() - state.next, duckdb_vector_size());
  for (size_t column = 0; column < bind.columns.size(); ++column) {
    FillColumn(state, rows, column, bind.columns[column].number, duckdb_data_chunk_get_vector(output, column));
  }
  state.next += rows;
  duckdb_data_chunk_set_size(output, rows);
}

Status Register(duckdb_connection connection, RowFunction extra) {
  const DuckTableFunction function(duckdb_create_table_function());
  const DuckType text(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
  const std::string name = extra.name;
  duckdb_table_function_set_name(function.get(), name.c_str());
  duckdb_table_function_add_parameter(function.get(), text.get());
  duckdb_table_function_set_extra_info(function.get(), new RowFunction(std::move(extra)), Delete<RowFunction>);
  duckdb_table_function_set_bind(function.get(), BindCallback);
  duckdb_table_function_set_init(function.get(), InitCallback);
  duckdb_table_function_set_function(function.get(), RowsCallback);
  if (duckdb_register_table_function(connection, function.get()) == DuckDBSuccess) return Status::Ok();
  return Status(Code::kInvalid, "cannot register table function " + name);
}

}  // namespace

Status RegisterSystemTable(duckdb_connection connection, const std::string& name, const SystemTable& table,
                           const QueryContexts& contexts) {
  return Register(connection, {name, &table, &contexts});
}

Status RegisterFacts(duckdb_connection connection, const QueryContexts& contexts) {
  return Register(connection, {"freshet_facts", nullptr, &contexts});
}

}  // namespace freshet
