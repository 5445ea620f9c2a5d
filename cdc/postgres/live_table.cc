// SPDX-License-Identifier: Apache-2.0
#include "cdc/postgres/live_table.h"

#include <algorithm>

namespace freshet {
namespace {

constexpr char kTablesQuery[] =
    "SELECT c.oid, n.nspname, c.relname, c.relkind, c.relpersistence, c.relispartition, c.relreplident, "
    "coalesce(pg_relation_filenode(c.oid), 0), coalesce(obj_description(c.oid, 'pg_class'), '') "
    "FROM unnest($1::oid[]) WITH ORDINALITY AS wanted(oid, place) JOIN pg_class c ON c.oid = wanted.oid "
    "JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY wanted.place";

constexpr char kColumnsQuery[] =
    "SELECT a.attrelid, a.attnum, a.attname, a.attisdropped, a.atttypid, a.atttypmod, NOT a.attnotnull, "
    "a.attgenerated, a.atthasmissing, (a.attmissingval::text::text[])[1], "
    "a.atthasdef OR a.attidentity <> '' OR coalesce(t.typdefault IS NOT NULL, false), "
    "coalesce(col_description(a.attrelid, a.attnum), '') "
    "FROM pg_attribute a LEFT JOIN pg_type t ON t.oid = a.atttypid "
    "WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 ORDER BY a.attrelid, a.attnum";

constexpr char kKeysQuery[] =
    "SELECT i.indrelid, c.relname, i.indisprimary, i.indisreplident, i.indkey::text, i.indnkeyatts "
    "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
    "WHERE i.indrelid = ANY ($1::oid[]) AND i.indisunique AND i.indisvalid AND i.indimmediate "
    "AND i.indpred IS NULL AND i.indexprs IS NULL ORDER BY i.indrelid, i.indisprimary DESC, c.relname";

LiveTable* FindTable(std::vector<LiveTable>& tables, uint64_t oid) {
  for (LiveTable& table : tables) {
    if (table.oid == oid) return &table;
  }
  return nullptr;
}

LiveColumn ReadColumn(const PgRows& rows, int row) {
  LiveColumn column;
  column.number = static_cast<uint32_t>(rows.Uint(row, 1));
  column.name = rows.String(row, 2);
  column.dropped = rows.Bool(row, 3);
  column.type = {static_cast<uint32_t>(rows.Uint(row, 4)), static_cast<int32_t>(rows.Int(row, 5))};
  column.nullable = rows.Bool(row, 6);
  column.generated = !rows.Text(row, 7).empty();
  column.generated_stored = rows.Text(row, 7) == "s";
  column.has_missing_value = rows.Bool(row, 8);
  if (!rows.IsNull(row, 9)) column.missing_value = rows.String(row, 9);
  column.has_default = rows.Bool(row, 10);
  column.comment = rows.String(row, 11);
  return column;
}

// "1 2 5", of which the first `count` are key columns (the rest are INCLUDE columns).
std::vector<uint32_t> ParseNumbers(std::string_view text, size_t count) {
  std::vector<uint32_t> numbers;
  uint32_t number = 0;
  for (size_t i = 0; i <= text.size() && numbers.size() < count; ++i) {
    if (i == text.size() || text[i] == ' ') {
      numbers.push_back(number);
      number = 0;
    } else {
      number = number * 10 + static_cast<uint32_t>(text[i] - '0');
    }
  }
  return numbers;
}

bool AllNotNull(const LiveTable& table, const LiveKey& key) {
  return std::all_of(key.numbers.begin(), key.numbers.end(), [&table](uint32_t number) {
    const LiveColumn* column = table.FindNumber(number);
    return column != nullptr && !column->nullable;
  });
}

Status NoKey(const LiveTable& table, const std::string& why) {
  return Status(Code::kUnsupported,
                "The following tables do not have primary key defined: " + table.name.table + " (" + why + ")");
}

std::string OidArray(const std::vector<uint32_t>& oids) {
  std::string text = "{";
  for (const uint32_t oid : oids) text += (text.size() > 1 ? "," : "") + std::to_string(oid);
  return text + "}";
}

}  // namespace

const LiveColumn* LiveTable::FindNumber(uint32_t number) const {
  for (const LiveColumn& column : columns) {
    if (column.number == number) return &column;
  }
  return nullptr;
}

const LiveColumn* LiveTable::FindName(std::string_view wanted) const {
  for (const LiveColumn& column : columns) {
    if (!column.dropped && column.name == wanted) return &column;
  }
  return nullptr;
}

Result<LiveKey> ChooseKey(const LiveTable& table) {
  const std::string quoted = PgConnection::Qualified(table.name);
  const auto usable = [&table](const LiveKey& key) { return AllNotNull(table, key); };
  const auto primary = std::find_if(table.keys.begin(), table.keys.end(), [](const LiveKey& k) { return k.primary; });
  const auto unique = std::find_if(table.keys.begin(), table.keys.end(), usable);
  switch (table.replica_identity) {
    case 'n':
      return Status(Code::kUnsupported, "table " + table.name.ToString() +
                                            " has REPLICA IDENTITY NOTHING: its updates and deletes are not in the "
                                            "log. Run ALTER TABLE " +
                                            quoted + " REPLICA IDENTITY DEFAULT");
    case 'i': {
      const auto index =
          std::find_if(table.keys.begin(), table.keys.end(), [](const LiveKey& k) { return k.replica_identity; });
      if (index != table.keys.end() && AllNotNull(table, *index)) return *index;
      return NoKey(table,
                   "its replica identity index is gone; run ALTER TABLE " + quoted + " REPLICA IDENTITY DEFAULT");
    }
    case 'f':
      if (primary != table.keys.end()) return *primary;
      if (unique != table.keys.end()) return *unique;
      return NoKey(table, "REPLICA IDENTITY FULL, but neither a primary key nor a unique index over NOT NULL columns");
    default:
      if (primary != table.keys.end()) return *primary;
      if (unique != table.keys.end()) {
        return NoKey(table, "run ALTER TABLE " + quoted + " REPLICA IDENTITY USING INDEX " +
                                PgConnection::Identifier(unique->name));
      }
      return NoKey(table, "neither a primary key nor a unique index over NOT NULL columns");
  }
}

Result<std::vector<LiveTable>> ReadLiveTables(PgConnection& connection, const std::vector<uint32_t>& oids) {
  std::vector<LiveTable> tables;
  if (oids.empty()) return tables;
  const std::vector<std::optional<std::string>> wanted{OidArray(oids)};
  const Deadline deadline = Deadline::After(kCatalogQueryMax);
  ASSIGN_OR_RETURN(const PgRows rows, connection.Query(kTablesQuery, deadline, wanted));
  for (int row = 0; row < rows.size(); ++row) {
    LiveTable table;
    table.oid = static_cast<uint32_t>(rows.Uint(row, 0));
    table.name = {rows.String(row, 1), rows.String(row, 2)};
    table.kind = rows.Text(row, 3)[0];
    table.persistence = rows.Text(row, 4)[0];
    table.partition = rows.Bool(row, 5);
    table.replica_identity = rows.Text(row, 6)[0];
    table.file_node = rows.Uint(row, 7);
    table.comment = rows.String(row, 8);
    tables.push_back(std::move(table));
  }
  ASSIGN_OR_RETURN(const PgRows columns, connection.Query(kColumnsQuery, deadline, wanted));
  for (int row = 0; row < columns.size(); ++row) {
    if (LiveTable* table = FindTable(tables, columns.Uint(row, 0))) table->columns.push_back(ReadColumn(columns, row));
  }
  ASSIGN_OR_RETURN(const PgRows keys, connection.Query(kKeysQuery, deadline, wanted));
  for (int row = 0; row < keys.size(); ++row) {
    LiveTable* table = FindTable(tables, keys.Uint(row, 0));
    if (table == nullptr) continue;
    table->keys.push_back({keys.String(row, 1), keys.Bool(row, 2), keys.Bool(row, 3),
                           ParseNumbers(keys.Text(row, 4), static_cast<size_t>(keys.Uint(row, 5)))});
  }
  return tables;
}

Result<std::vector<uint32_t>> FindTables(PgConnection& connection, const std::vector<TableName>& names) {
  std::vector<std::string> schemas;
  std::vector<std::string> tables;
  for (const TableName& name : names) {
    schemas.push_back(name.schema);
    tables.push_back(name.table);
  }
  ASSIGN_OR_RETURN(const PgRows rows,
                   connection.Query("SELECT coalesce(c.oid, 0) FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS "
                                    "wanted(nspname, relname, place) "
                                    "LEFT JOIN pg_namespace n ON n.nspname = wanted.nspname "
                                    "LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.relname "
                                    "ORDER BY wanted.place",
                                    Deadline::After(kCatalogQueryMax), {ArrayText(schemas), ArrayText(tables)}));
  std::vector<uint32_t> oids;
  for (int row = 0; row < rows.size(); ++row) oids.push_back(static_cast<uint32_t>(rows.Uint(row, 0)));
  return oids;
}

}  // namespace freshet
