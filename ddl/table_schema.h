// SPDX-License-Identifier: Apache-2.0
// TableSchema: the shape of one source table from one point of its log to the next schema change.
// Immutable once shared; a change makes a new one with version + 1. Columns are found again across
// versions by id, never by name or place.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "ddl/type.h"

namespace freshet {

// Name on the source. `schema` is the MySQL database or the Postgres schema.
struct TableName {
  std::string schema;
  std::string table;
  auto operator<=>(const TableName&) const = default;
  std::string ToString() const { return schema + "." + table; }
};

// A literal default in the column's source text form: MySQL `5`, `abc`; Postgres output text.
// nullopt where used means NULL.
using DefaultText = std::optional<std::string>;

struct Column {
  uint32_t id = 0;  // unique in the table for all time, from 1; never reused
  std::string name;
  LogicalType type;
  bool nullable = true;
  bool excluded = false;   // in the source, decoded past, never stored (exclude_columns)
  bool generated = false;  // computed by the source
  // What rows stored before this column existed read as (source text form). nullopt = NULL.
  DefaultText initial_default;
  // What an INSERT that omits the column got (MINIMAL row images leave such columns out). Set only for
  // literal defaults. nullopt = NULL or not literal.
  DefaultText insert_default;
  // Users' own tables: an INSERT that omits the column gets the time of the statement (DEFAULT CURRENT_TIMESTAMP).
  bool insert_now = false;
  std::string source_type;  // as the source spells it: "varchar(20)", "timestamp with time zone"
  std::string collation;    // MySQL: collation name ("latin1_swedish_ci"), decides transcoding; else ""
  std::string comment;
  friend bool operator==(const Column&, const Column&) = default;
};

struct TableSchema {
  TableName name;
  uint32_t version = 1;
  uint32_t next_column_id = 1;
  std::vector<Column> columns;        // in source order (attnum order for Postgres, dropped ones left out)
  std::vector<uint32_t> key_columns;  // indexes into columns, in key order; never empty for a mirrored table
  std::string key_name;               // "PRIMARY" or the unique index used instead
  std::string comment;
  std::string default_collation;  // MySQL: of columns added without one; "" unknown
  uint64_t source_id = 0;         // Postgres: relation oid; MySQL: 0
  // Users' own tables: the clauses behind the column list as written (DISTRIBUTED BY, PROPERTIES, ..); they change
  // nothing here and are shown again.
  std::string create_options;

  // Index of the column, nullopt when there is none. Case-insensitive for ASCII as in MySQL when
  // `ignore_case`.
  std::optional<uint32_t> FindColumn(std::string_view column_name, bool ignore_case = false) const;
  bool IsKey(uint32_t column_index) const;
  friend bool operator==(const TableSchema&, const TableSchema&) = default;
};

using SchemaPtr = std::shared_ptr<const TableSchema>;

// JSON text, stored in the catalog; unknown members are ignored so that an older binary refuses nothing
// needlessly, missing ones take their defaults. kCorrupt when it does not parse.
std::string EncodeSchema(const TableSchema& schema);
Result<SchemaPtr> DecodeSchema(std::string_view text);

}  // namespace freshet
