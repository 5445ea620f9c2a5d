// SPDX-License-Identifier: Apache-2.0
// MySQL and MariaDB column types -> LogicalType and Column. One mapping for both ways in: a row of
// information_schema.columns (describe) and a parsed column definition (DDL in the log); they agree because
// both are read as the same type text. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "ddl/mysql_statement.h"
#include "ddl/mysql_token.h"
#include "ddl/table_schema.h"

namespace freshet {

// A row of information_schema.columns, read over a UTC session without NO_BACKSLASH_ESCAPES.
struct MysqlColumnFacts {
  std::string column_name;
  std::string data_type;
  std::string column_type;
  std::string character_set_name;  // "" for NULL, here and below
  std::string collation_name;
  std::optional<uint32_t> numeric_precision;
  std::optional<uint32_t> numeric_scale;
  std::optional<uint32_t> datetime_precision;
  std::optional<std::string> column_default;  // nullopt: SQL NULL
  std::string extra;
  std::string column_comment;
  bool is_nullable = true;
};

// Id 0: the caller numbers columns. kUnsupported: "column c has type geometry, which cannot be mirrored".
Result<Column> ColumnFromMysqlFacts(const MysqlColumnFacts& facts, MysqlFlavour flavour);

struct MysqlColumnContext {
  MysqlFlavour flavour = MysqlFlavour::kMysql;
  std::string default_collation;  // of the table; "" unknown
};

// As above, from DDL. kInvalid when the column's character set is inherited and not known. Sets
// insert_default, not initial_default. Columns that do not say NULL or NOT NULL are nullable.
Result<Column> ColumnFromMysqlDefinition(const MysqlColumnDefinition& definition, const MysqlColumnContext& context);

// "latin1" -> "latin1_swedish_ci"; "" when the character set is unknown.
std::string MysqlDefaultCollation(std::string_view charset, MysqlFlavour flavour);
// "latin1_swedish_ci" -> "latin1"; "binary" -> "binary".
std::string MysqlCharsetOfCollation(std::string_view collation);

}  // namespace freshet
