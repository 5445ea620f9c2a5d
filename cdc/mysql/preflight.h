// SPDX-License-Identifier: Apache-2.0
// Checks a server and a login before a job starts: log settings, version, privileges. Every message names what
// is missing and the line to run. Queries over a given connection; no state.
#pragma once

#include "cdc/mysql/mysql_connection.h"

namespace freshet {

// kUnsupported for settings and versions, kAuth for privileges, kNotFound for the database.
Status CheckMysqlServer(MysqlConnection& connection, const MysqlOptions& options);

}  // namespace freshet
