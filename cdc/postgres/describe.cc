// SPDX-License-Identifier: Apache-2.0
// ReadTypes and Describe of live_table.h: catalog facts to logical types and a first schema.
#include <algorithm>
#include <memory>

#include "base/log.h"
#include "cdc/postgres/live_table.h"
#include "ddl/postgres_types.h"

namespace freshet {
namespace {

// A domain is followed to its innermost base type; its modifier is the domain's, not the column's.
constexpr char kTypesQuery[] =
    "WITH RECURSIVE chain(place, depth, oid, typmod) AS ("
    "SELECT place, 0, oid, typmod FROM unnest($1::oid[], $2::int[]) WITH ORDINALITY AS wanted(oid, typmod, place) "
    "UNION ALL SELECT c.place, c.depth + 1, t.typbasetype, t.typtypmod FROM chain c JOIN pg_type t ON t.oid = c.oid "
    "WHERE t.typtype = 'd'), base AS (SELECT DISTINCT ON (place) place, oid, typmod FROM chain "
    "ORDER BY place, depth DESC) "
    "SELECT t.oid, c.typmod, format_type(c.oid, c.typmod), t.typtype, t.typcategory, t.typelem, b.oid, b.typmod, "
    "bt.typtype, bt.typcategory, (SELECT array_agg(e.enumlabel ORDER BY e.enumsortorder)::text FROM pg_enum e "
    "WHERE e.enumtypid = b.oid) FROM chain c LEFT JOIN pg_type t ON t.oid = c.oid JOIN base b ON b.place = c.place "
    "LEFT JOIN pg_type bt ON bt.oid = b.oid WHERE c.depth = 0 ORDER BY c.place";

// One-dimensional array of non-null text: {a,"b c","d\"e"}.
std::vector<std::string> ParseTextArray(std::string_view text) {
  std::vector<std::string> elements;
  bool quoted = false;
  std::string element;
  for (size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && i + 1 < text.size()) {
      element.push_back(text[++i]);
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == ',' || c == '}')) {
      elements.push_back(std::exchange(element, {}));
    } else {
      element.push_back(c);
    }
  }
  return elements;
}

PostgresTypeFacts ReadFacts(const PgRows& rows, int row) {
  PostgresTypeFacts facts;
  facts.type_oid = static_cast<uint32_t>(rows.Uint(row, 0));
  facts.typmod = static_cast<int32_t>(rows.Int(row, 1));
  facts.type_name = rows.String(row, 2);
  facts.typtype = rows.Text(row, 3)[0];
  facts.typcategory = rows.Text(row, 4)[0];
  facts.element_oid = static_cast<uint32_t>(rows.Uint(row, 5));
  if (facts.typtype == 'd') {
    facts.base_oid = static_cast<uint32_t>(rows.Uint(row, 6));
    facts.base_typmod = static_cast<int32_t>(rows.Int(row, 7));
    facts.base_typtype = rows.Text(row, 8)[0];
    facts.base_typcategory = rows.Text(row, 9)[0];
  }
  if (!rows.IsNull(row, 10)) facts.enum_labels = ParseTextArray(rows.Text(row, 10));
  return facts;
}

Status CheckMirrorable(const LiveTable& table) {
  const std::string name = table.name.ToString();
  if (table.kind != 'r' && table.kind != 'p') return Status(Code::kUnsupported, name + " is not a table");
  if (table.partition) {
    return Status(Code::kUnsupported, name + " is a partition: mirror the table that it belongs to");
  }
  if (table.persistence != 'p') {
    return Status(Code::kUnsupported, name + " is " + (table.persistence == 'u' ? "unlogged" : "temporary") +
                                          ": its changes are not in the log. Run ALTER TABLE " +
                                          PgConnection::Qualified(table.name) + " SET LOGGED");
  }
  return Status::Ok();
}

Result<Column> MakeColumn(const LiveColumn& live, ColumnType& type, const ColumnChoice& choice) {
  const bool excluded = std::find(choice.exclude_columns.begin(), choice.exclude_columns.end(), live.name) !=
                        choice.exclude_columns.end();
  const bool published = !live.generated || (live.generated_stored && choice.generated_are_published);
  Column column;
  column.id = live.number;
  column.name = live.name;
  column.nullable = live.nullable;
  column.generated = live.generated;
  column.excluded = excluded || !published;
  column.source_type = type.name;
  column.comment = live.comment;
  if (type.problem.ok()) {
    column.type = std::move(type.type);
  } else if (!column.excluded) {
    return Status(Code::kUnsupported, "column:[" + live.name + "] " + type.problem.message());
  }
  return column;
}

Result<SchemaPtr> MakeSchema(PgConnection& connection, const LiveTable& table, const ColumnChoice& choice) {
  TRY(CheckMirrorable(table));
  ASSIGN_OR_RETURN(const LiveKey key, ChooseKey(table));
  for (const std::string& name : choice.exclude_columns) {
    const LiveColumn* column = table.FindName(name);
    const std::string prefix = "exclude_columns validation failed: column '" + name + "' ";
    if (column == nullptr) {
      return Status(Code::kInvalid, prefix + "does not exist in table '" + table.name.table + "'");
    }
    if (std::find(key.numbers.begin(), key.numbers.end(), column->number) != key.numbers.end()) {
      return Status(Code::kInvalid, prefix + "is a primary key column and cannot be excluded");
    }
  }
  std::vector<TypeRef> refs;
  for (const LiveColumn& column : table.columns) {
    if (!column.dropped) refs.push_back(column.type);
  }
  ASSIGN_OR_RETURN(std::vector<ColumnType> types, ReadTypes(connection, refs));
  auto schema = std::make_shared<TableSchema>();
  schema->name = table.name;
  schema->comment = table.comment;
  schema->source_id = table.oid;
  schema->key_name = key.primary ? "PRIMARY" : key.name;
  size_t at = 0;
  for (const LiveColumn& live : table.columns) {
    schema->next_column_id = live.number + 1;
    if (live.dropped) continue;
    Result<Column> column = MakeColumn(live, types[at++], choice);
    if (!column.ok()) {
      return std::move(column).status().At("Unsupported column type, table:[" + table.name.table + "]");
    }
    if (column->generated && column->excluded) {
      Log(LogLevel::kWarn, "generated_column_left_out", {{"table", table.name.ToString()}, {"column", live.name}});
    }
    schema->columns.push_back(std::move(*column));
  }
  for (const uint32_t number : key.numbers) {
    const auto column = std::find_if(schema->columns.begin(), schema->columns.end(),
                                     [number](const Column& c) { return c.id == number; });
    CHECK(column != schema->columns.end());  // an index has no dropped columns
    if (column->generated && column->excluded) {
      return Status(Code::kUnsupported, "key column " + column->name + " of " + table.name.ToString() +
                                            " is generated: the log does not carry it");
    }
    schema->key_columns.push_back(static_cast<uint32_t>(column - schema->columns.begin()));
  }
  return SchemaPtr(std::move(schema));
}

}  // namespace

Result<std::vector<ColumnType>> ReadTypes(PgConnection& connection, const std::vector<TypeRef>& types) {
  std::vector<ColumnType> read;
  if (types.empty()) return read;
  std::string oids = "{";
  std::string modifiers = "{";
  for (const TypeRef& type : types) {
    const char* comma = oids.size() > 1 ? "," : "";
    oids += comma + std::to_string(type.oid);
    modifiers += comma + std::to_string(type.modifier);
  }
  ASSIGN_OR_RETURN(const PgRows rows,
                   connection.Query(kTypesQuery, Deadline::After(kCatalogQueryMax), {oids + "}", modifiers + "}"}));
  for (int row = 0; row < rows.size(); ++row) {
    ColumnType type;
    type.name = rows.String(row, 2);
    if (rows.IsNull(row, 0) || rows.IsNull(row, 8)) {
      type.problem = Status(Code::kUnsupported, "its type was dropped");
    } else {
      Result<LogicalType> logical = TypeFromPostgres(ReadFacts(rows, row));
      if (logical.ok()) {
        type.type = std::move(*logical);
      } else {
        type.problem = std::move(logical).status();
      }
    }
    read.push_back(std::move(type));
  }
  if (read.size() != types.size()) return Status(Code::kCorrupt, "the catalog did not answer for every type");
  return read;
}

Result<TableDescription> Describe(PgConnection& connection, const LiveTable& table, const ColumnChoice& choice) {
  TableDescription description{table.name, nullptr, {}};
  Result<SchemaPtr> schema = MakeSchema(connection, table, choice);
  if (schema.ok()) {
    description.schema = std::move(*schema);
  } else if (schema.code() == Code::kUnsupported || schema.code() == Code::kInvalid) {
    description.problem = std::move(schema).status();
  } else {
    return std::move(schema).status();
  }
  return description;
}

}  // namespace freshet
