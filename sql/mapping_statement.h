// SPDX-License-Identifier: Apache-2.0
// MappingStatement: one prepared statement of a mapping: run over the rows of its MappingInput, read into rows of the
// target table. Rows that make it fail are found by halving. Knows nothing of how its text came to be. One thread.
#pragma once

#include <string>
#include <vector>

#include "sql/mapping.h"
#include "sql/mapping_input.h"
#include "sql/vector_reader.h"

namespace freshet {

// A target column that the statement computes.
struct MappedColumn {
  uint32_t target = 0;
  std::string value;   // expression over the inner SELECT's columns
  std::string unfit;   // condition that rejects the row, "" none
  std::string reason;  // of that
};

class MappingStatement {
 public:
  // `constants`: an image of the target with what the other columns hold, kUnchanged where nothing is said of them.
  struct Shape {
    SchemaPtr target;
    std::vector<MappedColumn> columns;
    std::vector<Cell> constants;
    std::string constants_arena;
    bool strict = true;
  };

  MappingStatement(Shape shape, const std::string& inner, size_t inner_columns);

  // Again when what it reads beside the input has changed. DuckDB's error as a Status.
  Status Prepare(duckdb_connection connection);
  // Maps all rows of `input`. `single`: a row that makes several is rejected. An error that is not of single rows is
  // returned; `scans` tells one of lookup tables.
  Result<MappedRows> Run(MappingInput& input, const ScanError& scans, bool single);

 private:
  Status RunRange(MappingInput& input, const ScanError& scans, size_t begin, size_t end, MappedRows& out);
  Status ReadResult(duckdb_result& result, MappedRows& out);
  Status ReadChunk(duckdb_data_chunk chunk, MappedRows& out);
  void RejectEscapes(const MappingInput& input, MappedRows& out) const;
  void RejectNullKeys(uint32_t first_image, const uint32_t* numbers, size_t rows, MappedRows& out) const;

  const Shape shape_;
  std::string text_;
  DuckPrepared prepared_;
  std::vector<UnfitValue> unfit_;  // scratch
};

// DuckDB's text of a failed expression without values: what is in quotes and every number become "..".
std::string ReasonWithoutValues(std::string_view error);

}  // namespace freshet
