// SPDX-License-Identifier: Apache-2.0
#include "sql/table_query.h"

#include <algorithm>

#include "sql/mapping_cast.h"
#include "sql/token.h"
#include "sql/value_text.h"
#include "sql/vector_reader.h"
#include "sql/vector_writer.h"

namespace freshet {

Result<CastedQuery> CastQuery(duckdb_connection connection, const std::string& inner,
                              duckdb_prepared_statement prepared, const TableSchema& schema,
                              const std::vector<uint32_t>& targets) {
  const idx_t columns = duckdb_prepared_statement_column_count(prepared);
  if (columns != targets.size()) {
    return Status(Code::kInvalid, "Column count doesn't match value count: " + std::to_string(targets.size()) +
                                      " columns, " + std::to_string(columns) + " values");
  }
  CastedQuery casted;
  std::string list;
  std::string names;
  std::string marks;
  for (idx_t i = 0; i < columns; ++i) {
    const Column& column = schema.columns[targets[i]];
    const std::string name = "c" + std::to_string(i);
    const DuckType type(duckdb_prepared_statement_column_logical_type(prepared, i));
    TRY(CheckCast(connection, type.get(), column));
    const ColumnCast cast = CastToColumn(name, type.get(), column);
    list += (i > 0 ? ", " : "") + cast.value;
    names += (i > 0 ? ", " : "") + name;
    if (!cast.unfit.empty()) marks += " WHEN " + cast.unfit + " THEN " + std::to_string(i);
    casted.from.push_back(cast.from);
  }
  casted.marks = !marks.empty();
  if (casted.marks) list += ", CASE" + marks + " ELSE -1 END";
  casted.sql = "SELECT " + list + " FROM (" + inner + "\n) AS written(" + names + ")";
  return casted;
}

Status TableQuery::Start() {
  if (duckdb_execute_pending(query_.pending.get(), result_->get()) == DuckDBSuccess) return Status::Ok();
  const Status scan = query_.context ? query_.context->error->Get() : Status::Ok();
  return scan.ok() ? DuckError(duckdb_result_error(result_->get())) : scan.Copy();
}

Status TableQuery::CheckMarks(duckdb_data_chunk chunk, size_t rows) const {
  const auto* marks =
      static_cast<const int32_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, targets_.size())));
  for (size_t row = 0; row < rows; ++row) {
    if (marks[row] < 0) continue;
    const size_t at = static_cast<size_t>(marks[row]);
    const Column& column = schema_->columns[targets_[at]];
    return Status(Code::kInvalid, "row " + std::to_string(rows_before_ + row + 1) + ": column " + column.name + ": " +
                                      casted_.from[at] + " does not fit " + MysqlTypeName(column.type));
  }
  return Status::Ok();
}

Result<size_t> TableQuery::Next(RowBatch& batch) {
  batch.schema = schema_;
  batch.rows.clear();
  batch.cells.clear();
  batch.arena.clear();
  const DuckChunk chunk(duckdb_fetch_chunk(*result_->get()));
  if (chunk.get() == nullptr) {
    const Status scan = query_.context ? query_.context->error->Get() : Status::Ok();
    if (!scan.ok()) return scan.Copy();
    const char* error = duckdb_result_error(result_->get());
    if (error != nullptr && *error != '\0') return DuckError(error);
    return size_t{0};
  }
  const size_t rows = duckdb_data_chunk_get_size(chunk.get());
  if (casted_.marks) TRY(CheckMarks(chunk.get(), rows));
  batch.cells.resize(rows * batch.columns());
  std::vector<UnfitValue> unfit;
  for (size_t i = 0; i < targets_.size(); ++i) {
    ReadVector({duckdb_data_chunk_get_vector(chunk.get(), i), rows, 0}, targets_[i], batch, unfit);
  }
  if (!unfit.empty()) {
    const auto first = std::min_element(unfit.begin(), unfit.end(),
                                        [](const UnfitValue& a, const UnfitValue& b) { return a.row < b.row; });
    return Status(Code::kInvalid, "row " + std::to_string(rows_before_ + first->row + 1) + ": " + first->reason);
  }
  rows_before_ += rows;
  return rows;
}

}  // namespace freshet
