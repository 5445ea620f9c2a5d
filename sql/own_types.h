// SPDX-License-Identifier: Apache-2.0
// Types of users' tables that MySQL's grammar has no word for: Doris' names, BOOLEAN, UUID, Postgres' times, bit
// strings and intervals, arrays. Not the types that MySQL has: those are ddl/'s. Called by the parser of CREATE TABLE,
// and for what is shown of a table and written to it; pure functions, any thread.
#pragma once

#include <optional>
#include <string>

#include "base/status.h"
#include "ddl/table_schema.h"
#include "sql/token_reader.h"

namespace freshet {

struct OwnType {
  std::string stand_in;             // the type that MySQL's grammar reads instead
  std::optional<LogicalType> type;  // what the column becomes then; nullopt: what MySQL makes of the stand-in
  std::string name;                 // of `type`: "array<int>"
};

// At a column's type; takes it when it is one of ours, else takes nothing and gives nullopt. kInvalid with line and
// column: a type that nobody knows. kUnsupported: one that is known and not held.
Result<std::optional<OwnType>> TakeOwnType(TokenReader& reader);

// The type of a user's own column, such that CREATE TABLE makes the same column of it again.
std::string OwnTypeName(const Column& column);

// What the elements of an array column are. nullopt: any text (a column made LIKE a mirrored one).
std::optional<LogicalType> ArrayElementType(const Column& column);

}  // namespace freshet
