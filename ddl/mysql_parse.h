// SPDX-License-Identifier: Apache-2.0
// Parses one MySQL or MariaDB statement into data (ddl/mysql_statement.h). Knows the grammar of table DDL;
// anything else is MysqlOther. It looks at no catalog. Called by the DDL follower and the type mapping, from
// any thread.
#pragma once

#include <string_view>

#include "base/status.h"
#include "ddl/mysql_statement.h"
#include "ddl/mysql_token.h"

namespace freshet {

// Never fails on input: what is table DDL by its first words but is not understood is MysqlUnparsed, which
// names every table that could be meant. Statements of more than 10,000 clauses or 100,000 names are too.
MysqlStatement ParseMysqlStatement(std::string_view sql, const MysqlLexOptions& options);

// A COLUMN_TYPE text, "int(10) unsigned". kInvalid when it is not one.
Result<MysqlTypeSpec> ParseMysqlType(std::string_view column_type);

// COLUMN_DEFAULT as MariaDB prints it: 'text', 5, NULL or an expression.
MysqlDefault ParseMariadbDefault(std::string_view text);

}  // namespace freshet
