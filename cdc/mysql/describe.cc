// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/describe.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "cdc/mysql/charset.h"
#include "ddl/mysql_types.h"

namespace freshet {
namespace {

std::string WhereTable(const TableName& name) {
  return " WHERE TABLE_SCHEMA = " + TextLiteral(name.schema) + " AND TABLE_NAME = " + TextLiteral(name.table);
}

std::optional<uint32_t> OptionalNumber(const std::string& text) {
  if (text.empty()) return std::nullopt;
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return static_cast<uint32_t>(std::min<uint64_t>(value, UINT32_MAX));
}

MysqlColumnFacts FactsOf(const SqlRows& rows, size_t i) {
  MysqlColumnFacts facts;
  facts.column_name = rows.Get(i, "COLUMN_NAME");
  facts.data_type = rows.Get(i, "DATA_TYPE");
  facts.column_type = rows.Get(i, "COLUMN_TYPE");
  facts.character_set_name = rows.Get(i, "CHARACTER_SET_NAME");
  facts.collation_name = rows.Get(i, "COLLATION_NAME");
  facts.numeric_precision = OptionalNumber(rows.Get(i, "NUMERIC_PRECISION"));
  facts.numeric_scale = OptionalNumber(rows.Get(i, "NUMERIC_SCALE"));
  facts.datetime_precision = OptionalNumber(rows.Get(i, "DATETIME_PRECISION"));
  const auto default_at = std::find(rows.names.begin(), rows.names.end(), "COLUMN_DEFAULT");
  if (default_at != rows.names.end()) {
    facts.column_default = rows.rows[i][static_cast<size_t>(default_at - rows.names.begin())];
  }
  facts.extra = rows.Get(i, "EXTRA");
  facts.column_comment = rows.Get(i, "COLUMN_COMMENT");
  facts.is_nullable = rows.Get(i, "IS_NULLABLE") == "YES";
  return facts;
}

Status AddColumns(const SqlRows& rows, const MysqlOptions& options, MysqlFlavour flavour, TableSchema* schema) {
  const auto excluded = options.exclude_columns.find(schema->name.table);
  for (size_t i = 0; i < rows.rows.size(); ++i) {
    const MysqlColumnFacts facts = FactsOf(rows, i);
    const bool exclude =
        excluded != options.exclude_columns.end() &&
        std::find(excluded->second.begin(), excluded->second.end(), facts.column_name) != excluded->second.end();
    Result<Column> mapped = ColumnFromMysqlFacts(facts, flavour);
    if (!mapped.ok() && !exclude) return std::move(mapped).status();
    Column column;
    if (mapped.ok()) column = std::move(mapped).value();
    column.name = facts.column_name;
    column.excluded = exclude;
    column.id = schema->next_column_id++;
    if (!exclude && column.type.kind == TypeKind::kString) {
      TRY(Charset::Make(CharsetOfCollation(column.collation)).status());
    }
    schema->columns.push_back(std::move(column));
  }
  return Status::Ok();
}

// A literal default of a binary column. information_schema shows it as text, in which bytes that are no text
// are lost (MariaDB) or as an expression's text (MySQL).
bool HasBinaryDefault(const MysqlColumnFacts& facts, const Column& column, MysqlFlavour flavour) {
  if (column.excluded || column.type.kind != TypeKind::kBytes) return false;
  if (flavour == MysqlFlavour::kMariadb) return column.insert_default.has_value();
  return facts.column_default && facts.extra.find("DEFAULT_GENERATED") == std::string::npos;
}

// Asks for binary defaults in hex. The join gives one row of defaults whatever the table holds.
Status ReadBinaryDefaults(MysqlConnection& connection, const SqlRows& facts, TableSchema* schema) {
  std::string list;
  std::vector<Column*> columns;
  for (size_t i = 0; i < schema->columns.size(); ++i) {
    Column& column = schema->columns[i];
    if (!HasBinaryDefault(FactsOf(facts, i), column, connection.version().flavour)) continue;
    list += (list.empty() ? "HEX(DEFAULT(d." : ", HEX(DEFAULT(d.") + QuoteMysqlName(column.name) + "))";
    columns.push_back(&column);
  }
  if (columns.empty()) return Status::Ok();
  ASSIGN_OR_RETURN(const SqlRows rows, connection.Query("SELECT " + list + " FROM (SELECT 1) one LEFT JOIN " +
                                                        QuoteMysqlName(schema->name.schema) + "." +
                                                        QuoteMysqlName(schema->name.table) + " d ON FALSE"));
  for (size_t i = 0; i < columns.size(); ++i) {
    if (rows.rows.empty() || !rows.rows[0][i]) {
      return Status(Code::kUnsupported, "the default of column " + columns[i]->name + " is not known");
    }
    columns[i]->insert_default = "\\x" + *rows.rows[0][i];
  }
  return Status::Ok();
}

struct UniqueIndex {
  std::vector<uint32_t> columns;
  bool usable = true;  // whole, NOT NULL, kept columns only
};

// Rows come in index order: PRIMARY first, then by name.
Status ChooseKey(const SqlRows& rows, TableSchema* schema) {
  std::vector<std::pair<std::string, UniqueIndex>> indexes;
  for (size_t i = 0; i < rows.rows.size(); ++i) {
    const std::string index_name = rows.Get(i, "INDEX_NAME");
    if (indexes.empty() || indexes.back().first != index_name) indexes.emplace_back(index_name, UniqueIndex());
    UniqueIndex& index = indexes.back().second;
    const std::optional<uint32_t> column = schema->FindColumn(rows.Get(i, "COLUMN_NAME"), true);
    if (column && schema->columns[*column].excluded && index_name == "PRIMARY") {
      return Status(Code::kUnsupported, "exclude_columns validation failed: column '" + schema->columns[*column].name +
                                            "' is a primary key column and cannot be excluded");
    }
    if (!column || !rows.Get(i, "SUB_PART").empty() || schema->columns[*column].nullable ||
        schema->columns[*column].excluded) {
      index.usable = false;
    } else {
      index.columns.push_back(*column);
    }
  }
  for (auto& [name, index] : indexes) {
    if (!index.usable) continue;
    schema->key_columns = std::move(index.columns);
    schema->key_name = name;
    return Status::Ok();
  }
  return Status(Code::kUnsupported, "The following tables do not have primary key defined: " + schema->name.table);
}

// Rows that a foreign key's action changes are changed inside the engine and never logged.
Status CheckForeignKeys(MysqlConnection& connection, const TableName& name) {
  constexpr uint32_t kLoggedSince = 90600;  // MySQL 9.6 runs the actions in the SQL layer
  if (!connection.version().mariadb() && connection.version().number >= kLoggedSince) return Status::Ok();
  ASSIGN_OR_RETURN(const SqlRows actions,
                   connection.Query("SELECT CONSTRAINT_NAME FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE "
                                    "CONSTRAINT_SCHEMA = " +
                                    TextLiteral(name.schema) + " AND TABLE_NAME = " + TextLiteral(name.table) +
                                    " AND (DELETE_RULE IN ('CASCADE', 'SET NULL', 'SET "
                                    "DEFAULT') OR UPDATE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT')) LIMIT 1"));
  if (actions.rows.empty()) return Status::Ok();
  return Status(Code::kUnsupported, "table " + name.table + " has foreign key " + actions.rows[0][0].value_or("") +
                                        " with a CASCADE or SET NULL action: the server does not log the rows that "
                                        "it changes; exclude the table");
}

Result<SchemaPtr> Describe(MysqlConnection& connection, const MysqlOptions& options, const TableName& name) {
  ASSIGN_OR_RETURN(const SqlRows table, connection.Query("SELECT TABLE_TYPE, TABLE_COMMENT, TABLE_COLLATION FROM "
                                                         "information_schema.TABLES" +
                                                         WhereTable(name)));
  if (table.rows.empty()) return Status(Code::kNotFound, "table " + name.ToString() + " does not exist");
  if (table.Get(0, "TABLE_TYPE") != "BASE TABLE") {
    return Status(Code::kUnsupported, name.ToString() + " is not a base table");
  }
  ASSIGN_OR_RETURN(const SqlRows columns, connection.Query("SELECT * FROM information_schema.COLUMNS" +
                                                           WhereTable(name) + " ORDER BY ORDINAL_POSITION"));
  if (columns.rows.empty()) return Status(Code::kNotFound, "table " + name.ToString() + " does not exist");
  ASSIGN_OR_RETURN(const SqlRows indexes,
                   connection.Query("SELECT INDEX_NAME, COLUMN_NAME, SUB_PART FROM information_schema.STATISTICS" +
                                    WhereTable(name) +
                                    " AND NON_UNIQUE = 0 ORDER BY INDEX_NAME <> 'PRIMARY', "
                                    "INDEX_NAME, SEQ_IN_INDEX"));
  TableSchema schema;
  schema.name = name;
  schema.comment = table.Get(0, "TABLE_COMMENT");
  schema.default_collation = table.Get(0, "TABLE_COLLATION");
  TRY(AddColumns(columns, options, connection.version().flavour, &schema));
  TRY(ReadBinaryDefaults(connection, columns, &schema));
  TRY(ChooseKey(indexes, &schema));
  TRY(CheckForeignKeys(connection, name));
  return SchemaPtr(std::make_shared<const TableSchema>(std::move(schema)));
}

}  // namespace

Result<std::vector<TableName>> ListBaseTables(MysqlConnection& connection, const std::string& database,
                                              const TableFilter& filter) {
  ASSIGN_OR_RETURN(const SqlRows rows,
                   connection.Query("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = " +
                                    TextLiteral(database) + " AND TABLE_TYPE = 'BASE TABLE'"));
  std::vector<TableName> names;
  for (const SqlRow& row : rows.rows) {
    TableName name{database, row[0].value_or("")};
    if (filter.Matches(name)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<TableDescription> DescribeMysqlTable(MysqlConnection& connection, const MysqlOptions& options,
                                            const TableName& name) {
  TableDescription description;
  description.name = name;
  Result<SchemaPtr> schema = Describe(connection, options, name);
  if (schema.ok()) {
    description.schema = std::move(schema).value();
    return description;
  }
  Status status = std::move(schema).status();
  if (status.code() != Code::kUnsupported && status.code() != Code::kNotFound) return status;
  description.problem = std::move(status);
  return description;
}

}  // namespace freshet
