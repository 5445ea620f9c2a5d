// SPDX-License-Identifier: Apache-2.0
// CompareRelation: is the shape that a Relation message announces the one of our schema, and if not, what
// happened? A pure function of the message, our schema and the catalog as of now (which may be ahead of the
// log). What cannot be told for certain is a resync or a stop, never a guess.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cdc/postgres/live_table.h"
#include "cdc/postgres/pgoutput.h"
#include "ddl/table_schema.h"

namespace freshet {

struct RelationChange {
  enum class Kind : uint8_t { kSame, kAlter, kResync, kStop };
  Kind kind = Kind::kSame;
  SchemaPtr schema;                 // shape of the rows that follow; null for kStop
  std::string reason;               // kResync, kStop: what happened and what to do
  std::vector<uint32_t> column_of;  // message column -> index into schema->columns
};

// What the source's catalog says now.
struct RelationFacts {
  std::vector<ColumnType> types;            // of the message's columns, in order
  std::optional<LiveTable> live;            // empty: the table is dropped by now
  std::optional<uint64_t> known_file_node;  // seen earlier by this reader: a difference means a rewrite
};

RelationChange CompareRelation(const SchemaPtr& schema, const pgoutput::RelationMessage& relation,
                               const RelationFacts& facts);

}  // namespace freshet
