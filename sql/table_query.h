// SPDX-License-Identifier: Apache-2.0
// TableQuery: a running DuckDB query whose columns are columns of a stored table, already of their SQL types; its rows
// come as images of a RowBatch, each value held against its column (vector_reader). Who plans it casts (CastedQuery).
// Internal to sql/; one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cdc/change/row_batch.h"
#include "sql/duckdb_cursor.h"
#include "sql/duckdb_handle.h"

namespace freshet {

// SELECT over `inner` that converts its columns to those of `targets`, and marks rows with a value that does not fit.
struct CastedQuery {
  std::string sql;
  std::vector<std::string> from;  // per column: name of the type that it is converted from
  bool marks = false;             // the last column is the number of the first value that does not fit, or -1
};
// kInvalid when the columns' number is not the targets', or a type never converts. `prepared`: of `inner`.
Result<CastedQuery> CastQuery(duckdb_connection connection, const std::string& inner,
                              duckdb_prepared_statement prepared, const TableSchema& schema,
                              const std::vector<uint32_t>& targets);

class TableQuery {
 public:
  // `targets`: column of the table per column of the query. `first_row`: how many rows of the statement came before.
  TableQuery(RunningQuery query, SchemaPtr schema, std::vector<uint32_t> targets, CastedQuery casted,
             uint64_t first_row)
      : query_(std::move(query)),
        schema_(std::move(schema)),
        targets_(std::move(targets)),
        casted_(std::move(casted)),
        rows_before_(first_row) {}

  // Runs up to the first rows. Errors are DuckDB's or of the scans behind it.
  Status Start();
  // Replaces the rows of `batch` by the next images, other cells kUnchanged, no RowChange; their number, 0 at the end.
  // kInvalid "row 3: column a: .." for a value that its column does not hold; the statement's rows
  // count from 1.
  Result<size_t> Next(RowBatch& batch);

 private:
  Status CheckMarks(duckdb_data_chunk chunk, size_t rows) const;

  RunningQuery query_;
  const SchemaPtr schema_;
  const std::vector<uint32_t> targets_;
  const CastedQuery casted_;
  std::unique_ptr<DuckResult> result_ = std::make_unique<DuckResult>();
  uint64_t rows_before_;
};

}  // namespace freshet
