// SPDX-License-Identifier: Apache-2.0
// The DDL follower: what one logged MySQL or MariaDB statement does to the mirrored tables. Pure: it reads
// the catalog as of the statement and returns the changes; the caller puts new schemas into its catalog and
// sends the changes on. Called by the MySQL binder from the log reading thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "ddl/catalog.h"
#include "ddl/mysql_token.h"
#include "ddl/schema_change.h"
#include "ddl/table_filter.h"

namespace freshet {

struct MysqlExcludedColumn {
  TableName table;
  std::string column;
};

struct MysqlFollowOptions {
  TableFilter filter;
  std::vector<std::string> databases;  // mirrored; a table elsewhere is never picked up
  MysqlLexOptions lex;                 // flavour, server version, the statement's sql_mode
  bool ignore_case = false;            // lower_case_table_names is not 0
  // Default collation of each database (information_schema.schemata): CREATE TABLE inherits it. One that is
  // missing stops a new table that has a column without its own character set.
  std::map<std::string, std::string> database_collations;
  std::vector<MysqlExcludedColumn> excluded_columns;
};

// In the order in which they apply; empty when no mirrored table is touched. kStopTable's reason names the
// table, the clause and the statement to run; its new_schema is null, its old_schema too when the table is a
// new one. A change that only touches metadata is kAlterTable with equal columns. Never fails on input; the
// Result leaves room for a catalog that contradicts itself (kCorrupt).
Result<std::vector<SchemaChange>> FollowMysqlStatement(std::string_view sql, std::string_view default_database,
                                                       const Catalog& catalog, const MysqlFollowOptions& options);

}  // namespace freshet
