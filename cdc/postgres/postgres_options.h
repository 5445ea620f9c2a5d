// SPDX-License-Identifier: Apache-2.0
// PostgresOptions: where a PostgreSQL source is and which slot and publication it reads. Plain data, already
// validated; filled by the composition root from job properties.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ddl/table_schema.h"

namespace freshet {

struct PostgresOptions {
  std::string host;
  uint16_t port = 5432;
  std::string user;
  std::string password;
  std::string database;
  std::vector<std::string> schemas;  // at least one
  std::string ssl_mode = "disable";  // disable, require, verify-ca
  std::string ssl_rootcert;          // file path, with verify-ca
  std::string slot_name;
  std::string publication_name;
  bool owns_slot = true;  // false: the user's own, never created or dropped by us
  bool owns_publication = true;
  std::vector<std::pair<TableName, std::vector<std::string>>> exclude_columns;
};

}  // namespace freshet
