// SPDX-License-Identifier: Apache-2.0
// LiveTable: what the source's catalog says of a table at this moment (pg_class, pg_attribute, pg_index,
// pg_type). The log is behind or ahead of it; relation_diff.h brings the two together. Column ids of our
// schemas are attribute numbers: Postgres never reuses them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "cdc/change/source.h"
#include "cdc/postgres/pg_connection.h"
#include "cdc/postgres/postgres_options.h"
#include "ddl/table_schema.h"

namespace freshet {

struct TypeRef {
  uint32_t oid = 0;
  int32_t modifier = -1;
};

struct ColumnType {
  std::string name;  // format_type(): "character varying(20)"
  LogicalType type;
  Status problem;  // kUnsupported when it cannot be held
};

struct LiveColumn {
  uint32_t number = 0;  // attnum
  std::string name;
  bool dropped = false;
  TypeRef type;
  bool nullable = true;
  bool generated = false;
  bool generated_stored = false;
  bool has_missing_value = false;  // rows from before ADD COLUMN .. DEFAULT read as missing_value
  DefaultText missing_value;
  bool has_default = false;  // DEFAULT, identity, or its type has one
  std::string comment;
};

struct LiveKey {
  std::string name;
  bool primary = false;
  bool replica_identity = false;
  std::vector<uint32_t> numbers;  // attnums in key order
};

struct LiveTable {
  uint32_t oid = 0;
  TableName name;
  char kind = 'r';         // r table, p partitioned; others are not mirrored
  char persistence = 'p';  // p permanent, u unlogged, t temporary
  bool partition = false;
  char replica_identity = 'd';
  uint64_t file_node = 0;  // changes when the table is rewritten
  std::string comment;
  std::vector<LiveColumn> columns;  // by attnum, dropped ones too
  std::vector<LiveKey> keys;        // unique, valid, immediate, without predicate or expression

  const LiveColumn* FindNumber(uint32_t number) const;
  const LiveColumn* FindName(std::string_view name) const;  // dropped ones are not found
};

// The columns that find a row in both the log and the mirror: the replica identity's. kUnsupported with the
// statement to run when there are none.
Result<LiveKey> ChooseKey(const LiveTable& table);

inline constexpr std::chrono::seconds kCatalogQueryMax{30};  // a catalog query that takes longer is stuck

// In the order of `oids`; those that are gone are left out.
Result<std::vector<LiveTable>> ReadLiveTables(PgConnection& connection, const std::vector<uint32_t>& oids);
// Oids by name; 0 for those that do not exist.
Result<std::vector<uint32_t>> FindTables(PgConnection& connection, const std::vector<TableName>& names);
// One per reference, in order. kNotFound when a type is gone.
Result<std::vector<ColumnType>> ReadTypes(PgConnection& connection, const std::vector<TypeRef>& types);

struct ColumnChoice {
  std::vector<std::string> exclude_columns;
  // Stored generated columns are in the log. Else they are left out, as virtual ones always are: a mirror could not
  // follow them.
  bool generated_are_published = false;
};
// Version 1 of the mirror's schema, or why there is none.
Result<TableDescription> Describe(PgConnection& connection, const LiveTable& table, const ColumnChoice& choice);

}  // namespace freshet
