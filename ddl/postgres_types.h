// SPDX-License-Identifier: Apache-2.0
// Postgres types -> LogicalType, from the rows of pg_attribute and pg_type that describe a column. The oids
// of built-in types are fixed for all server versions (pg_type.dat). Pure function, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "ddl/type.h"

namespace freshet {

struct PostgresTypeFacts {
  uint32_t type_oid = 0;
  int32_t typmod = -1;
  std::string type_name;     // format_type(), for messages
  char typtype = 'b';        // b base, c composite, d domain, e enum, p pseudo, r range, m multirange
  char typcategory = 'X';    // A array
  uint32_t element_oid = 0;  // typelem, of arrays
  uint32_t base_oid = 0;     // domains: the innermost base type, with its ...
  int32_t base_typmod = -1;
  char base_typtype = 'b';
  char base_typcategory = 'X';
  std::vector<std::string> enum_labels;  // of an enum, or of a domain's base enum, in sort order
};

// kUnsupported names the type (pseudo types); the caller adds the column.
Result<LogicalType> TypeFromPostgres(const PostgresTypeFacts& facts);

}  // namespace freshet
