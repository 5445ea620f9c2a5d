// SPDX-License-Identifier: Apache-2.0
// WrittenText: what text a column takes whose SQL type is VARCHAR but whose values have a form: JSON, ENUM, SET, bit
// strings, arrays, .. Not plain text and its length: that is vector_reader's. One per column and vector; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "cdc/change/cell.h"
#include "ddl/table_schema.h"

namespace freshet {

class WrittenText {
 public:
  explicit WrittenText(const Column& column);  // must outlive this

  // Bytes are appended to `arena`. kInvalid: why `text` is no value of the column, without the value.
  Result<Cell> CellOf(std::string_view text, std::string& arena) const;

 private:
  Result<Cell> ArrayCell(std::string_view text, std::string& arena) const;

  const Column& column_;
  std::optional<Column> element_;  // of an array whose elements have a type
};

}  // namespace freshet
