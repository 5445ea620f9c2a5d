// SPDX-License-Identifier: Apache-2.0
#include "storage/catalog.h"

#include "storage/cell_form.h"

namespace freshet {
namespace {

bool IsPlainInt(TypeKind kind) {
  return kind >= TypeKind::kBool && kind <= TypeKind::kInt64;
}
bool IsPlainUint(TypeKind kind) {
  return kind >= TypeKind::kUint8 && kind <= TypeKind::kUint64;
}

// Old values have the new type's bytes and the same meaning. Kinds are numbered by width (ddl/type.h).
bool SameForm(const LogicalType& before, const LogicalType& after) {
  if (before.kind != after.kind) {
    const bool widened =
        (IsPlainInt(before.kind) && IsPlainInt(after.kind)) || (IsPlainUint(before.kind) && IsPlainUint(after.kind));
    return widened && before.kind < after.kind;
  }
  return FormOf(before) == FormOf(after) && before.scale == after.scale;
}

}  // namespace

CatalogTablePtr StoreCatalog::Find(TableId id) const {
  const auto found = tables.find(id.value);
  return found == tables.end() ? nullptr : found->second;
}

CatalogTablePtr StoreCatalog::Find(const std::string& database, const std::string& name) const {
  const auto found = names.find({database, name});
  return found == names.end() ? nullptr : Find(found->second);
}

Status CheckNewTable(const StoreCatalog& catalog, const std::string& database, const std::string& name) {
  if (!catalog.databases.contains(database)) return Status(Code::kNotFound, "unknown database " + database);
  if (catalog.names.contains({database, name})) {
    return Status(Code::kExists, "table " + database + "." + name + " exists already");
  }
  return Status::Ok();
}

void ApplyChange(const CatalogChange& change, StoreCatalog& catalog) {
  CHECK(change.before || change.after);
  if (change.before) {
    const StoredTable& before = *change.before->table;
    catalog.tables.erase(before.id.value);
    // Another table may have the name already: two that change names in one unit.
    const auto name = catalog.names.find({before.database, before.name});
    if (name != catalog.names.end() && name->second == before.id) catalog.names.erase(name);
  }
  if (change.after) {
    const StoredTable& after = *change.after->table;
    catalog.tables[after.id.value] = change.after;
    catalog.names[{after.database, after.name}] = after.id;
  }
}

CatalogTablePtr MakeCatalogTable(StoredTable table) {
  auto versions = std::make_shared<SchemaVersions>();
  versions->emplace(table.schema->version, table.schema);
  const uint64_t rows_id = table.id.value;
  return std::make_shared<const CatalogTable>(
      CatalogTable{std::make_shared<const StoredTable>(std::move(table)), rows_id, std::move(versions)});
}

CatalogTablePtr WithTable(const CatalogTable& from, StoredTable table) {
  return std::make_shared<const CatalogTable>(
      CatalogTable{std::make_shared<const StoredTable>(std::move(table)), from.rows_id, from.versions});
}

CatalogTablePtr WithSchema(const CatalogTable& from, SchemaPtr new_schema) {
  auto versions = std::make_shared<SchemaVersions>(*from.versions);
  versions->insert_or_assign(new_schema->version, new_schema);
  StoredTable table = *from.table;
  table.schema = std::move(new_schema);
  return std::make_shared<const CatalogTable>(
      CatalogTable{std::make_shared<const StoredTable>(std::move(table)), from.rows_id, std::move(versions)});
}

Status CheckReadable(const TableSchema& before, const TableSchema& after) {
  const auto key_ids = [](const TableSchema& schema) {
    std::vector<uint32_t> ids;
    for (const uint32_t index : schema.key_columns) ids.push_back(schema.columns[index].id);
    return ids;
  };
  if (key_ids(before) != key_ids(after)) {
    return Status(Code::kUnsupported, "the key of " + after.name.ToString() + " changed");
  }
  for (const Column& old_column : before.columns) {
    for (const Column& new_column : after.columns) {
      if (old_column.id != new_column.id) continue;
      if (!SameForm(old_column.type, new_column.type) || old_column.excluded != new_column.excluded) {
        return Status(Code::kUnsupported, "column " + new_column.name + " of " + after.name.ToString() +
                                              " changed in a way that stored rows cannot follow");
      }
    }
  }
  return Status::Ok();
}

}  // namespace freshet
