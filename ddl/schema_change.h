// SPDX-License-Identifier: Apache-2.0
// SchemaChange: a resolved change of one table, travelling in the same ordered stream as its rows.
// Data only: what was, what is, the statement. The sink applies it in the unit that carries it.
#pragma once

#include <string>

#include "ddl/table_schema.h"

namespace freshet {

// Persisted: add at the end, never renumber.
enum class SchemaChangeKind : uint8_t {
  kCreateTable = 1,    // new_schema; the table starts empty
  kDropTable = 2,      // old_schema
  kTruncateTable = 3,  // old_schema == new_schema
  kAlterTable = 4,     // old_schema, new_schema: columns added, dropped
  kStopTable = 5,      // old_schema; the change cannot be followed: reason says why, hint what to do
  kRenameTable = 6,    // old_schema, new_schema differ in name
  kResyncTable = 7,    // old_schema, new_schema; rows must be copied again under new_schema
};

struct SchemaChange {
  SchemaChangeKind kind = SchemaChangeKind::kStopTable;
  SchemaPtr old_schema;
  SchemaPtr new_schema;
  std::string statement;  // as the source logged it, literals included: stored, never logged
  std::string reason;     // kStopTable, kResyncTable
};

}  // namespace freshet
