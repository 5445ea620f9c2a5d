// SPDX-License-Identifier: Apache-2.0
// Literal column defaults of MySQL and MariaDB in the text form that DefaultText asks for. Only literals
// whose stored value is certain count; a value that the server would round, convert by time zone or compute
// is not one, and the caller must not guess it. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>

#include "ddl/mysql_statement.h"
#include "ddl/type.h"

namespace freshet {

// What `value` stores in a column of `type`; nullopt when that is not certain. REQUIRES: not kNone, kNull.
std::optional<std::string> LiteralDefaultText(const LogicalType& type, const MysqlDefault& value);

// What rows that exist already get from ADD COLUMN .. NOT NULL without DEFAULT; nullopt when not certain.
std::optional<std::string> ImplicitDefaultText(const LogicalType& type, const std::string& source_type);

}  // namespace freshet
