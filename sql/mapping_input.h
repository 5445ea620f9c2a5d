// SPDX-License-Identifier: Apache-2.0
// MappingInput: the rows that a mapping's statement reads, behind the table function freshet_mapping_input():
// images of a RowBatch, or a file's rows, whose vectors are referenced, not copied. Knows nothing of the statement.
// Set by the mapping's thread between runs; read by the one DuckDB thread that scans it.
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "sql/duckdb_rows.h"
#include "sql/query_context.h"
#include "sql/vector_writer.h"

namespace freshet {

class MappingInput {
 public:
  struct InputColumn {
    std::string name;  // as SQL calls it
    DuckType type;
    LogicalType stored;  // of a table's column
    uint32_t index = 0;  // in the source's schema, or in the file's columns
  };
  // A cell outside its SQL type, read as NULL.
  struct Escape {
    uint32_t row;
    uint32_t column;  // of the source
  };

  explicit MappingInput(std::vector<InputColumn> columns) : columns_(std::move(columns)) {}

  const std::vector<InputColumn>& columns() const { return columns_; }
  // Rows for the next runs. Both are borrowed until the next call.
  void SetImages(const RowBatch& batch, std::span<const uint32_t> images);
  void SetFileRows(const DuckRows& rows);
  // Rows [begin, end) of them are what a run sees, under their numbers.
  void Narrow(size_t begin, size_t end);
  size_t rows() const { return rows_; }
  // The images that a run sees; no batch when the rows are a file's.
  const RowBatch* batch() const { return batch_; }
  std::span<const uint32_t> narrowed_images() const { return images_.subspan(begin_, end_ - begin_); }

  // Source columns that the runs since ForgetReads asked for.
  const std::set<uint32_t>& read_columns() const { return read_columns_; }
  void ForgetReads() { read_columns_.clear(); }
  // Of the last run.
  const std::vector<Escape>& escapes() const { return escapes_; }

  // What made the last run fail, when it was the input.
  const Status& error() const { return error_; }

  // For the table function. `projection`: indexes into columns(); columns().size() is the row's number.
  void Start(const std::vector<size_t>& projection);
  // Rows from `at` on of the narrowed ones; returns how many were written.
  Result<size_t> Fill(const std::vector<size_t>& projection, size_t at, duckdb_data_chunk output);

 private:
  Result<size_t> FillRows(const std::vector<size_t>& projection, size_t at, duckdb_data_chunk output);
  Status WriteImages(const InputColumn& column, size_t begin, size_t rows, duckdb_vector vector);
  void ReferenceFile(const InputColumn& column, size_t begin, size_t rows, duckdb_vector vector);

  const std::vector<InputColumn> columns_;
  const RowBatch* batch_ = nullptr;
  std::span<const uint32_t> images_;
  const DuckRows* file_ = nullptr;
  size_t rows_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
  std::set<uint32_t> read_columns_;
  std::vector<Escape> escapes_;
  Status error_;
  std::vector<uint32_t> unrepresentable_;  // scratch
};

// `contexts` must outlive the database.
Status RegisterMappingInput(duckdb_connection connection, const QueryContexts& contexts);

}  // namespace freshet
