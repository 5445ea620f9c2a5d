// SPDX-License-Identifier: Apache-2.0
// What CREATE TABLE and ALTER TABLE of users mean: statement in, schema out. Stricter than the follower of sources'
// DDL: what cannot be kept exactly is refused by name. No store, no session; pure, any thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "ddl/table_schema.h"
#include "sql/statement.h"

namespace freshet {

// kInvalid, kUnsupported: no key, a key column that is unknown or cannot be one, a default that is no literal of its
// column's type. `create.like` is not looked at.
Result<TableSchema> ShapeOfTable(const CreateTable& create, const std::string& database);

// CREATE TABLE .. LIKE: the stored columns of `other`, as a table of its own.
TableSchema ShapeLike(const TableSchema& other, const std::string& database, const std::string& name);

struct AlteredTable {
  TableSchema schema;     // version + 1 when anything changed
  std::string rename_to;  // "" not
};
// `now_us`: what DEFAULT CURRENT_TIMESTAMP gives the rows that are there. kUnsupported names a clause that stored rows
// cannot follow: another key, a narrower type, NOT NULL for a column that allowed NULL.
Result<AlteredTable> ShapeAfter(const TableSchema& before, const AlterTable& alter, int64_t now_us);

}  // namespace freshet
