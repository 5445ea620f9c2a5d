// SPDX-License-Identifier: Apache-2.0
// Tuples of one relation -> images of a RowBatch. Holds how the message's columns map to the schema's. No
// state beyond that, no I/O; called by the binder alone.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "cdc/change/row_batch.h"
#include "cdc/postgres/pgoutput.h"
#include "ddl/table_schema.h"

namespace freshet {

class TupleDecoder {
 public:
  TupleDecoder() = default;
  // column_of: message column -> schema column.
  TupleDecoder(SchemaPtr schema, std::vector<uint32_t> column_of);

  using Tuple = std::vector<pgoutput::TupleColumn>;

  // A whole new row. A value that the server left out ('u') is taken from `old_row` when that has it (REPLICA
  // IDENTITY FULL, or a key column), else it is kUnchanged, which only an update may have.
  Status DecodeRow(const Tuple& tuple, const Tuple* old_row, RowBatch& batch, uint32_t image) const;
  // The key cells alone; the others stay kUnchanged. kCorrupt when one is missing.
  Status DecodeKey(const Tuple& tuple, RowBatch& batch, uint32_t image) const;
  // True when both tuples carry the same key bytes.
  bool SameKey(const Tuple& a, const Tuple& b) const;

 private:
  Status CheckWidth(const Tuple& tuple) const;
  Result<Cell> DecodeValue(const Column& column, const pgoutput::TupleColumn& value, std::string& arena) const;

  SchemaPtr schema_;
  std::vector<uint32_t> column_of_;
  std::vector<uint32_t> key_;     // message columns of the key
  std::vector<uint32_t> absent_;  // schema columns that no message column feeds: unpublished, never stored
};

}  // namespace freshet
