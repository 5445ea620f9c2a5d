// SPDX-License-Identifier: Apache-2.0
// ContentHash: what a set of rows holds, in 128 bits, whatever their order and the schema version that they
// were stored under. Equal sets have equal hashes; different ones collide by chance only (it is no
// signature). Hash and table can be computed in parts, over key ranges, and added up. Value type.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "storage/read_view.h"
#include "storage/unit_writer.h"

namespace freshet {

class ContentHash {
 public:
  // One row: encoded key without table prefix, and value without schema version.
  void Add(std::string_view key, std::string_view value);
  void Add(const ContentHash& other);
  // One row as it is stored. kCorrupt when the value has no version.
  Status AddStored(std::string_view key, std::string_view value);

  uint64_t rows() const { return rows_; }
  std::string hex() const;  // 32 digits, of the rows' contents and number
  bool operator==(const ContentHash&) const = default;

  // For records that a hash grows in: "low,high,rows", decimal.
  std::string ToText() const;
  static Result<ContentHash> FromText(std::string_view text);  // kCorrupt

 private:
  // A sum, not an exclusive or: a row that is there twice must show.
  uint64_t low_ = 0;
  uint64_t high_ = 0;
  uint64_t rows_ = 0;
};

// All rows of a table, or those of a key range, in its newest shape. kCorrupt as RowScan::Next.
Result<ContentHash> HashTable(const ReadView& view, const StoredTable& table, const KeyRange& range = {});

// Rows read from the source and encoded with EncodeChunk, under a schema version that `table` knows as its
// newest. kSchemaMoved when it is another.
Result<ContentHash> HashRows(const StoredTable& table, const EncodedRows& rows);

}  // namespace freshet
