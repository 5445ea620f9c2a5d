// SPDX-License-Identifier: Apache-2.0
// CopyRows: bytes of COPY .. TO STDOUT -> insert rows of a RowBatch, in text or in binary, one message at a time.
//
//   binary := "PGCOPY\n\377\r\n\0" flags:4 extension_size:4 extension row* 0xFFFF     row := columns:2 value*
//   value  := 0xFFFFFFFF | size:4 bytes                                               NULL | value
//   text   := (field ('\t' field)* '\n')*    field := "\N" | characters, with \b \f \n \r \t \v \\ escaped
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "cdc/change/row_batch.h"

namespace freshet {

class CopyRows {
 public:
  // `columns` are the schema's columns in the order of the SELECT list; the others become NULL.
  CopyRows(SchemaPtr schema, std::vector<uint32_t> columns, bool binary);

  // Adds the rows that are complete with this message; a partial row waits for the next one.
  Status Add(std::string_view message);
  // kCorrupt when a row was left incomplete.
  Status Finish() const;

  RowBatch& batch() { return batch_; }
  size_t batch_bytes() const { return batch_.arena.size() + batch_.cells.size() * sizeof(Cell); }

 private:
  // Length of the first row or header in `bytes`; 0 when more bytes are needed.
  Result<size_t> AddBinaryRow(std::string_view bytes);
  Result<size_t> AddTextRow(std::string_view bytes);
  Status AddTextField(const Column& column, std::string_view field, Cell& cell);
  uint32_t AppendRow();

  std::vector<uint32_t> columns_;
  std::vector<uint32_t> others_;  // schema columns that are not selected
  bool binary_;
  bool header_seen_ = false;
  bool ended_ = false;
  RowBatch batch_;
  std::string partial_;
  std::string unescaped_;  // reused
};

}  // namespace freshet
