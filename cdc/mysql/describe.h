// SPDX-License-Identifier: Apache-2.0
// information_schema -> TableSchema. The key is PRIMARY or the first unique index of whole, NOT NULL columns.
// Queries over a given connection; no state.
#pragma once

#include <vector>

#include "cdc/change/source.h"
#include "cdc/mysql/mysql_connection.h"

namespace freshet {

Result<std::vector<TableName>> ListBaseTables(MysqlConnection& connection, const std::string& database,
                                              const TableFilter& filter);

// kUnsupported, kNotFound are in TableDescription::problem; the error itself is the connection's.
Result<TableDescription> DescribeMysqlTable(MysqlConnection& connection, const MysqlOptions& options,
                                            const TableName& name);

}  // namespace freshet
