// SPDX-License-Identifier: Apache-2.0
// MirroredTables: the tables that a source follows, with their schemas as of the place in the log that is being
// read. Changed by schema changes in the stream and by AddTable / RemoveTable. Reader thread only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cdc/change/position.h"
#include "ddl/schema_change.h"

namespace freshet {

class MirroredTables {
 public:
  struct Table {
    SchemaPtr schema;
    Position from;         // its rows and changes count once the log has passed this
    bool pending = false;  // not passed yet
  };

  void Add(SchemaPtr schema, const Position& from, bool pending);
  void Remove(const TableName& name);
  // nullptr when not mirrored, or when the log has not reached the table's start.
  const Table* Find(const TableName& name) const;
  // Applies a change of the stream. Changes of pending tables are dropped: false is returned.
  bool Apply(const SchemaChange& change);
  // Called between transactions: tables whose start `position` covers become active.
  void Reached(const Position& position);

  // Schemas of the active tables, in name order.
  std::vector<SchemaPtr> ActiveSchemas() const;
  // Grows with every change: what was derived from the tables is stale when it differs.
  uint64_t version() const { return version_; }
  bool has_pending() const { return pending_ > 0; }

 private:
  std::map<TableName, Table> tables_;
  size_t pending_ = 0;
  uint64_t version_ = 1;
};

}  // namespace freshet
