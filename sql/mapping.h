// SPDX-License-Identifier: Apache-2.0
// Mapping: the SQL stage of a table-level job, compiled: source rows in, rows of the target table out, by DuckDB,
// a batch at a time. Compiled once per shape of the source; never touches the store but to read lookup tables.
// Not a planner of jobs: what to do with rejected rows is sync/'s. One Mapping is used by one thread;
// its engine outlives it.
//
// A row is rejected, never a whole batch: values that do not fit their target column are found by TRY_CAST, and an
// expression that fails is narrowed down to its rows by halving the batch.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "cdc/change/row_batch.h"
#include "sql/file_reader.h"
#include "sql/statement.h"

namespace freshet {

class SqlEngine;

struct MappingOptions {
  // true: a value that does not fit rejects its row. false: it becomes NULL where the column allows that. Text that
  // is too long for its column rejects the row in both modes.
  bool strict = true;
};

struct MappedRows {
  RowBatch rows;                     // kInsert, target schema, every cell known
  std::vector<uint32_t> source_row;  // per row: number of the input row that made it; ascending
  struct Reject {
    uint32_t source_row = 0;
    std::string reason;  // names column and types, no values
  };
  std::vector<Reject> rejects;  // ascending; such a row made nothing in `rows`
};

// Where the rows come from. Exactly one member is set.
struct MappingSource {
  SchemaPtr table;                             // cdc_stream: columns by name, SQL types as of the mirrored table
  std::shared_ptr<const FileColumns> columns;  // s3
};

class Mapping {
 public:
  // kInvalid with the reason and, where DuckDB knows it, the place: unknown column, wrong column count, a type that
  // cannot be cast to its target column, a missing NOT NULL column or key column, aggregates, DISTINCT, ORDER BY,
  // LIMIT, set operations (an unbounded stream has no end to aggregate at). `insert.database` is set.
  static Result<std::unique_ptr<Mapping>> Compile(SqlEngine& engine, const InsertSelect& insert,
                                                  const MappingSource& source, SchemaPtr target,
                                                  const MappingOptions& options);
  virtual ~Mapping() = default;

  // Columns of the source table that the statement reads (indexes, ascending), its WHERE included.
  virtual const std::vector<uint32_t>& used_columns() const = 0;
  // Columns of the source table that the target's key is made of. Lookup tables take no part in it (kInvalid).
  virtual const std::vector<uint32_t>& key_columns() const = 0;
  // What computes the target's key of a source row: equal texts compute equal keys. "" of files.
  virtual const std::string& key_statement() const = 0;
  // True when other tables take part: a row may then make no or several rows, and results change with them.
  virtual bool has_lookups() const = 0;

  // Images of `batch` (numbers as in RowChange); input row i is images[i]. Cells of used_columns must be known.
  virtual Result<MappedRows> MapImages(const RowBatch& batch, std::span<const uint32_t> images) = 0;
  // The target keys of images, whether or not WHERE lets them through: only key cells of `rows` are set, the others
  // are kUnchanged. Only the cells of key_columns() need to be known. A rejected image never had a target row.
  virtual Result<MappedRows> MapKeys(const RowBatch& batch, std::span<const uint32_t> images) = 0;
  // Rows of a file; input row i is the i-th of `rows`.
  virtual Result<MappedRows> MapFileRows(const FileRows& rows) = 0;
};

}  // namespace freshet
