// SPDX-License-Identifier: Apache-2.0
// ALTER TABLE and CREATE TABLE on one schema: parsed clauses -> the schema after them, or why it cannot be
// followed. No catalog, no filter: the resolver has those. Pure, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "ddl/mysql_statement.h"
#include "ddl/mysql_types.h"
#include "ddl/table_schema.h"

namespace freshet {

struct MysqlAlterOutcome {
  TableSchema schema;         // after all clauses; same version, the caller counts it up
  std::string resync_reason;  // not empty: rows changed in a way that the log does not show
};

struct MysqlAlterContext {
  MysqlFlavour flavour = MysqlFlavour::kMysql;
  std::vector<std::string> excluded_columns;  // of this table, lower case
  bool cascades_logged = false;               // rows that foreign key actions change are in the log (MySQL 9.6)
};

// kUnsupported: the clause cannot be followed, the message names it. kInvalid: the statement contradicts the
// schema (a column that should be there is not).
Result<MysqlAlterOutcome> ApplyMysqlAlter(const TableSchema& before, const std::vector<MysqlAlterClause>& clauses,
                                          const MysqlAlterContext& context);

// What is wrong with a foreign key that changes rows by itself, which InnoDB does not log.
inline constexpr std::string_view kUnloggedCascade =
    "a foreign key with a CASCADE or SET NULL action: the server does not log the rows that it changes";

// kUnsupported names the column or the missing key. `default_collation` "" is unknown.
Result<TableSchema> SchemaFromMysqlCreate(const MysqlCreateTable& create, const TableName& name,
                                          const std::string& default_collation, const MysqlAlterContext& context);

}  // namespace freshet
