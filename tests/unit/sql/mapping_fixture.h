// SPDX-License-Identifier: Apache-2.0
// A mapping over a small source table, with rows in text form on both sides.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sql/mapping.h"
#include "tests/unit/sql/sql_fixture.h"

namespace freshet {

class MappingFixture : public SqlFixture {
 protected:
  void SetUp() override;
  void TearDown() override {
    mapping_.reset();  // before the engine
    SqlFixture::TearDown();
  }

  // "name TYPE [KEY] [NOT NULL]" with TYPE as in `types_`; a target's column may add "= default".
  static SchemaPtr Schema(const std::string& table, const std::vector<std::string>& columns);
  // INSERT INTO shop.t .. SELECT ..: the part behind INTO TABLE's name; kSourceTable is SRC.
  InsertSelect Insert(const std::string& columns_and_select) const;
  // "" when it compiled into mapping_, else "CODE: message" up to the first line's end.
  std::string Compile(const std::string& columns_and_select);
  // Rows of text; "NULL", "?" for a cell that is not known, "!x" for an escape.
  RowBatch Batch(const std::vector<std::vector<std::string>>& rows) const;

  // "2: 1|abc" per row (number of the source row first), then "3! reason" per reject.
  std::string Images(const std::vector<std::vector<std::string>>& rows);
  std::string Keys(const std::vector<std::vector<std::string>>& rows);
  static std::string Text(const Result<MappedRows>& mapped);
  std::string Names(const std::vector<uint32_t>& columns) const;

  SchemaPtr source_;
  SchemaPtr target_;
  MappingOptions options_;
  Properties arguments_;
  std::unique_ptr<Mapping> mapping_;
};

}  // namespace freshet
