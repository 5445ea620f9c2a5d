// SPDX-License-Identifier: Apache-2.0
#include "sql/mapping_input.h"

#include <algorithm>
#include <numeric>

#include "sql/mapping_plan.h"
#include "sql/table_scan.h"

namespace freshet {

namespace {

// What the planner is told of an input's size: jobs map a few hundred to a few thousand rows at once.
constexpr idx_t kRowsExpected = 1024;

using DuckSelection = DuckHandle<duckdb_selection_vector, [](duckdb_selection_vector* selection) {
  duckdb_destroy_selection_vector(*selection);
}>;

struct BindData {
  std::shared_ptr<const QueryContext> context;
};

struct InitData {
  std::vector<size_t> projection;
  size_t at = 0;
};

template <typename T>
void Delete(void* data) {
  delete static_cast<T*>(data);
}

void BindCallback(duckdb_bind_info info) {
  const auto& contexts = *static_cast<const QueryContexts*>(duckdb_bind_get_extra_info(info));
  auto context = ContextOfBind(info, contexts);
  if (context == nullptr || context->mapping_input == nullptr) {
    duckdb_bind_set_error(info, (std::string(kMappingFunction) + "() is not for direct use").c_str());
    return;
  }
  for (const MappingInput::InputColumn& column : context->mapping_input->columns()) {
    duckdb_bind_add_result_column(info, column.name.c_str(), column.type.get());
  }
  const DuckType number(duckdb_create_logical_type(DUCKDB_TYPE_UINTEGER));
  duckdb_bind_add_result_column(info, kMappingRow, number.get());
  duckdb_bind_set_cardinality(info, kRowsExpected, false);
  duckdb_bind_set_bind_data(info, new BindData{std::move(context)}, Delete<BindData>);
}

void InitCallback(duckdb_init_info info) {
  const auto& bind = *static_cast<const BindData*>(duckdb_init_get_bind_data(info));
  auto init = std::make_unique<InitData>();
  for (idx_t i = 0; i < duckdb_init_get_column_count(info); ++i) {
    init->projection.push_back(duckdb_init_get_column_index(info, i));
  }
  bind.context->mapping_input->Start(init->projection);
  duckdb_init_set_max_threads(info, 1);
  duckdb_init_set_init_data(info, init.release(), Delete<InitData>);
}

void FillCallback(duckdb_function_info info, duckdb_data_chunk output) {
  const auto& bind = *static_cast<const BindData*>(duckdb_function_get_bind_data(info));
  auto& init = *static_cast<InitData*>(duckdb_function_get_init_data(info));
  const Result<size_t> rows = bind.context->mapping_input->Fill(init.projection, init.at, output);
  if (!rows.ok()) {
    duckdb_function_set_error(info, rows.status().message().c_str());
    return;
  }
  init.at += *rows;
  duckdb_data_chunk_set_size(output, *rows);
}

}  // namespace

void MappingInput::SetImages(const RowBatch& batch, std::span<const uint32_t> images) {
  batch_ = &batch;
  images_ = images;
  file_ = nullptr;
  rows_ = images.size();
  Narrow(0, rows_);
}

void MappingInput::SetFileRows(const DuckRows& rows) {
  batch_ = nullptr;
  images_ = {};
  file_ = &rows;
  rows_ = rows.rows();
  Narrow(0, rows_);
}

void MappingInput::Narrow(size_t begin, size_t end) {
  CHECK(begin <= end && end <= rows_);
  begin_ = begin;
  end_ = end;
  error_ = Status::Ok();
}

void MappingInput::Start(const std::vector<size_t>& projection) {
  escapes_.clear();
  for (const size_t column : projection) {
    if (column < columns_.size()) read_columns_.insert(columns_[column].index);
  }
}

Status MappingInput::WriteImages(const InputColumn& column, size_t begin, size_t rows, duckdb_vector vector) {
  const CellsView view{rows, batch_->columns(), batch_->cells.data(), batch_->arena, images_.data() + begin};
  unrepresentable_.clear();
  WriteVector(view, column.index, column.stored, unrepresentable_, vector);
  for (const uint32_t row : unrepresentable_) {
    if (view.At(row, column.index).kind == CellKind::kUnchanged) {
      return Status(Code::kInvalid, "column " + column.name + " of a row to map is not known");
    }
    escapes_.push_back({static_cast<uint32_t>(begin) + row, column.index});
  }
  return Status::Ok();
}

void MappingInput::ReferenceFile(const InputColumn& column, size_t begin, size_t rows, duckdb_vector vector) {
  duckdb_vector_reference_vector(vector, duckdb_data_chunk_get_vector(file_->chunk(), column.index));
  if (begin == 0 && rows == rows_) return;
  const DuckSelection selection(duckdb_create_selection_vector(rows));
  sel_t* places = duckdb_selection_vector_get_data_ptr(selection.get());
  std::iota(places, places + rows, static_cast<sel_t>(begin));
  duckdb_slice_vector(vector, selection.get(), rows);
}

Result<size_t> MappingInput::Fill(const std::vector<size_t>& projection, size_t at, duckdb_data_chunk output) {
  Result<size_t> rows = FillRows(projection, at, output);
  if (!rows.ok()) error_ = rows.status();
  return rows;
}

Result<size_t> MappingInput::FillRows(const std::vector<size_t>& projection, size_t at, duckdb_data_chunk output) {
  const size_t begin = begin_ + at;
  const size_t rows = std::min<size_t>(end_ - begin, duckdb_vector_size());
  if (rows == 0) return rows;
  for (size_t i = 0; i < projection.size(); ++i) {
    const duckdb_vector vector = duckdb_data_chunk_get_vector(output, i);
    if (projection[i] > columns_.size()) continue;  // no column at all is needed
    if (projection[i] == columns_.size()) {
      auto* numbers = static_cast<uint32_t*>(duckdb_vector_get_data(vector));
      std::iota(numbers, numbers + rows, static_cast<uint32_t>(begin));
    } else if (file_ != nullptr) {
      ReferenceFile(columns_[projection[i]], begin, rows, vector);
    } else {
      TRY(WriteImages(columns_[projection[i]], begin, rows, vector));
    }
  }
  return rows;
}

Status RegisterMappingInput(duckdb_connection connection, const QueryContexts& contexts) {
  const DuckTableFunction function(duckdb_create_table_function());
  duckdb_table_function_set_name(function.get(), kMappingFunction);
  duckdb_table_function_set_extra_info(function.get(), const_cast<QueryContexts*>(&contexts), nullptr);
  duckdb_table_function_set_bind(function.get(), BindCallback);
  duckdb_table_function_set_init(function.get(), InitCallback);
  duckdb_table_function_set_function(function.get(), FillCallback);
  duckdb_table_function_supports_projection_pushdown(function.get(), true);
  if (duckdb_register_table_function(connection, function.get()) == DuckDBSuccess) return Status::Ok();
  return Status(Code::kInvalid, std::string("cannot register ") + kMappingFunction);
}

}  // namespace freshet
