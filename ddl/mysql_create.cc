// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include "ddl/mysql_alter.h"
#include "ddl/mysql_cursor.h"

namespace freshet {
namespace {

// The columns of an index as places in the schema; nullopt when it cannot tell rows apart for us.
std::optional<std::vector<uint32_t>> KeyColumns(const TableSchema& schema, const MysqlIndex& index) {
  std::vector<uint32_t> key;
  for (const MysqlKeyPart& part : index.parts) {
    const auto column = schema.FindColumn(part.column, /*ignore_case=*/true);
    if (!column) return std::nullopt;
    const Column& found = schema.columns[*column];
    const bool nullable = found.nullable && index.kind != MysqlIndex::Kind::kPrimary;
    if (nullable || found.excluded || found.generated) return std::nullopt;
    key.push_back(*column);
  }
  if (key.empty()) return std::nullopt;
  return key;
}

// All indexes in definition order; those inside column definitions come where the column does.
std::vector<MysqlIndex> AllIndexes(const MysqlCreateTable& create) {
  std::vector<MysqlIndex> all;
  for (const MysqlColumnDefinition& column : create.columns) {
    if (column.primary_key) all.push_back({MysqlIndex::Kind::kPrimary, "PRIMARY", {{column.name}}});
    if (column.unique_key) all.push_back({MysqlIndex::Kind::kUnique, column.name, {{column.name}}});
  }
  all.insert(all.end(), create.indexes.begin(), create.indexes.end());
  return all;
}

bool ChooseKey(const MysqlIndex& index, TableSchema& schema) {
  auto key = KeyColumns(schema, index);
  if (!key) return false;
  for (const uint32_t column : *key) schema.columns[column].nullable = false;
  schema.key_name = index.name.empty() ? index.parts.front().column : index.name;
  schema.key_columns = *std::move(key);
  return true;
}

Status ChooseKey(const MysqlCreateTable& create, TableSchema& schema) {
  const std::vector<MysqlIndex> indexes = AllIndexes(create);
  for (const auto kind : {MysqlIndex::Kind::kPrimary, MysqlIndex::Kind::kUnique}) {
    for (const MysqlIndex& index : indexes) {
      if (index.kind == kind && ChooseKey(index, schema)) return Status::Ok();
    }
  }
  return Status(Code::kUnsupported, "it has no primary key and no unique index over NOT NULL columns");
}

std::string TableCollation(const MysqlTableOptions& options, const std::string& inherited, MysqlFlavour flavour) {
  if (!options.collation.empty()) return options.collation;
  return options.charset.empty() ? inherited : MysqlDefaultCollation(options.charset, flavour);
}

Status CheckCascades(const MysqlCreateTable& create, const MysqlAlterContext& context) {
  if (context.cascades_logged) return Status::Ok();
  const auto cascades = [](const auto& one) { return one.cascades; };
  if (std::any_of(create.columns.begin(), create.columns.end(), cascades) ||
      std::any_of(create.indexes.begin(), create.indexes.end(), cascades)) {
    return Status(Code::kUnsupported, std::string(kUnloggedCascade));
  }
  return Status::Ok();
}

}  // namespace

Result<TableSchema> SchemaFromMysqlCreate(const MysqlCreateTable& create, const TableName& name,
                                          const std::string& default_collation, const MysqlAlterContext& context) {
  TableSchema schema;
  schema.name = name;
  schema.comment = create.options.comment.value_or("");
  schema.default_collation = TableCollation(create.options, default_collation, context.flavour);
  for (const MysqlColumnDefinition& definition : create.columns) {
    auto made = ColumnFromMysqlDefinition(definition, {context.flavour, schema.default_collation});
    const bool excluded = std::find(context.excluded_columns.begin(), context.excluded_columns.end(),
                                    LowerAscii(definition.name)) != context.excluded_columns.end();
    Column column;
    if (made.ok()) {
      column = std::move(made).value();
    } else if (excluded) {
      column.name = definition.name;  // decoded past by its wire type alone
      column.source_type = definition.type.name;
    } else {
      return std::move(made).status();
    }
    column.excluded = excluded;
    column.id = schema.next_column_id++;
    schema.columns.push_back(std::move(column));
  }
  TRY(CheckCascades(create, context));
  TRY(ChooseKey(create, schema));
  return schema;
}

}  // namespace freshet
