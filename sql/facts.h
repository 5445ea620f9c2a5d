// SPDX-License-Identifier: Apache-2.0
// Facts: the rows of information_schema and performance_schema as MySQL clients expect them, made from the
// catalog of a statement's read view. Tables that are always empty here exist with their columns, because
// clients ask for them on connect.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/engine.h"
#include "sql/query_context.h"

namespace freshet {

struct FactColumn {
  std::string name;
  bool number = false;  // BIGINT, else VARCHAR
};

struct FactTable {
  std::string schema;  // information_schema, performance_schema
  std::string name;    // upper case
  std::vector<FactColumn> columns;
  std::function<SystemTable::Rows(const QueryContext&)> rows;
};

const std::vector<FactTable>& FactTables();
// "information_schema.TABLES"; null when there is none.
const FactTable* FindFactTable(std::string_view qualified_name);

inline constexpr const char* kCharset = "utf8mb4";
inline constexpr const char* kCollation = "utf8mb4_bin";

// Shared with SHOW and DESC.
std::string ColumnKey(const TableSchema& schema, uint32_t column);  // "PRI" or ""
// The type word of a MySQL type: "varchar" of "varchar(20)".
std::string DataType(const std::string& column_type);
std::string LowerTypeName(const LogicalType& type);  // MysqlTypeName in lower case

}  // namespace freshet
