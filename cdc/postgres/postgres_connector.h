// SPDX-License-Identifier: Apache-2.0
// PostgresConnector: the PostgreSQL side (14 to 18) of the source seam. Made by the composition root; calls
// may come from any thread, one at a time is served. Sources and scanners have sessions of their own.
#pragma once

#include <memory>

#include "cdc/change/source.h"
#include "cdc/postgres/postgres_options.h"

namespace freshet {

class PostgresConnector {
 public:
  // No connection is made yet. kInvalid when a needed option is missing.
  static Result<std::unique_ptr<Connector>> Make(PostgresOptions options);
};

}  // namespace freshet
