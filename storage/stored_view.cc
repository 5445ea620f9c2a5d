// SPDX-License-Identifier: Apache-2.0
#include "storage/stored_view.h"

#include "storage/key_codec.h"
#include "storage/key_split.h"
#include "storage/row_range.h"
#include "storage/row_scan.h"

namespace freshet {

std::vector<std::string> StoredView::Databases() const {
  return {picture_->catalog->databases.begin(), picture_->catalog->databases.end()};
}

std::vector<StoredTablePtr> StoredView::Tables(std::string_view database) const {
  std::vector<StoredTablePtr> tables;
  const StoreCatalog& catalog = *picture_->catalog;
  for (auto name = catalog.names.lower_bound({std::string(database), std::string()});
       name != catalog.names.end() && name->first.first == database; ++name) {
    tables.push_back(catalog.Find(name->second)->table);
  }
  return tables;
}

StoredTablePtr StoredView::FindTable(std::string_view database, std::string_view name) const {
  const CatalogTablePtr entry = picture_->catalog->Find(std::string(database), std::string(name));
  return entry ? entry->table : nullptr;
}

Result<std::unique_ptr<RowScan>> StoredView::Scan(const StoredTable& table, std::vector<uint32_t> projection,
                                                  KeyRange range) const {
  const CatalogTablePtr entry = picture_->catalog->Find(table.id);
  if (!entry) return Status(Code::kNotFound, "table " + table.database + "." + table.name + " is not in this view");
  for (const uint32_t column : projection) {
    if (column >= entry->table->schema->columns.size() || entry->table->schema->columns[column].excluded) {
      return Status(Code::kInvalid, "a column of " + table.database + "." + table.name + " is not stored");
    }
  }
  return std::unique_ptr<RowScan>(std::make_unique<StoredRowScan>(picture_, entry, std::move(projection), range));
}

std::vector<KeyRange> StoredView::Split(const StoredTable& table, size_t parts) const {
  const CatalogTablePtr entry = picture_->catalog->Find(table.id);
  if (!entry) return {KeyRange{}};
  return SplitRows(picture_->SnapshotOf(*entry->table), *entry, parts);
}

uint64_t StoredView::EstimateRows(const StoredTable& table) const {
  const CatalogTablePtr entry = picture_->catalog->Find(table.id);
  return entry ? EstimateStoredRows(picture_->snapshot->database(), *entry) : 0;
}

}  // namespace freshet
