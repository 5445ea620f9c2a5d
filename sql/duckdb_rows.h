// SPDX-License-Identifier: Apache-2.0
// DuckRows: the one implementation of FileRows, some rows of a file as a DuckDB data chunk. The mapping and the file
// table function reference its vectors without a copy. TextChunk fills such rows with text. Internal to sql/.
#pragma once

#include <string_view>
#include <vector>

#include "sql/duckdb_handle.h"
#include "sql/file_reader.h"

namespace freshet {

class DuckRows : public FileRows {
 public:
  size_t rows() const override { return rows_; }
  uint64_t first_row() const override { return first_row_; }
  std::string RowAsJson(size_t row) const override;

  // One vector per column, in the order and of the types of FileReader::columns(). What references its vectors may
  // outlive it: DuckDB counts the references, and the reader fills a new chunk for each batch.
  duckdb_data_chunk chunk() const { return chunk_.get(); }

 protected:
  DuckChunk chunk_;
  size_t rows_ = 0;
  uint64_t first_row_ = 0;
  std::vector<std::string> names_;  // of the columns
};

// Rows of VARCHAR columns in the making.
class TextChunk final : public DuckRows {
 public:
  // Names of the columns: in their number all rows are.
  void SetColumns(std::vector<std::string> names);
  // Drops the rows and starts a new batch at row `first_row` of the file.
  void Clear(uint64_t first_row);
  bool full() const { return rows_ == capacity_; }
  // Cells of the row that AddRow completes; those not set are NULL. `text` is valid UTF-8.
  void Set(size_t column, std::string_view text);
  void AddRow();
  void DropRow();  // the cells that were set since

 private:
  const size_t capacity_ = duckdb_vector_size();
  std::vector<duckdb_vector> vectors_;
  std::vector<uint64_t*> validity_;
  std::vector<bool> set_;  // of the row in the making
};

// Names fit for DuckDB, which ignores case: repeated ones get _1, _2, .., empty ones are c<number>.
std::vector<std::string> DistinctColumnNames(std::vector<std::string> names);

}  // namespace freshet
