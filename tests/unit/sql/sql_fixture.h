// SPDX-License-Identifier: Apache-2.0
// A store in a temporary folder with tables filled from text, and a session whose answers are text.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cdc/change/text_cell.h"
#include "sql/engine.h"
#include "storage/store.h"
#include "storage/unit_writer.h"

namespace freshet {

struct ColumnSpec {
  std::string name;
  LogicalType type;
  bool key = false;
};

class SqlFixture : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  SchemaPtr MakeSchema(const std::string& table, const std::vector<ColumnSpec>& columns);
  StoredTablePtr MakeTable(const std::string& database, const std::string& table,
                           const std::vector<ColumnSpec>& columns, bool ready = true);
  // Values in text form of the source; nullopt is NULL; "!x" is a Bytes cell holding x (an escape).
  void Insert(const StoredTablePtr& table, const std::vector<std::vector<std::optional<std::string>>>& rows);

  // "a|b\n1|NULL\n" without the header; "CODE: message" for an error.
  std::string Ask(const std::string& sql);
  std::string Header(const std::string& sql);
  std::string Drain(Result<std::unique_ptr<ResultCursor>> cursor);

  std::filesystem::path directory_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<UnitWriter> writer_;
  std::unique_ptr<SqlEngine> engine_;
  std::unique_ptr<SqlSession> session_;
};

}  // namespace freshet
