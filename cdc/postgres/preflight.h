// SPDX-License-Identifier: Apache-2.0
// PostgresPreflight: is the server set up, and the user allowed, to be mirrored? Each message names the fix.
#pragma once

#include "base/status.h"
#include "cdc/postgres/pg_connection.h"
#include "cdc/postgres/postgres_options.h"

namespace freshet {

// kUnsupported: server too old. kInvalid: a setting or an object is missing. kAuth: a privilege is.
Status PostgresPreflight(PgConnection& connection, const PostgresOptions& options);

}  // namespace freshet
