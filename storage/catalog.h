// SPDX-License-Identifier: Apache-2.0
// StoreCatalog: all databases and tables of the store at one moment, in memory. Immutable once shared: a change
// makes a copy. CatalogTable is StoredTable plus what only storage/ needs. Not the source's catalog.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "storage/store.h"
#include "storage/value_codec.h"

namespace freshet {

struct CatalogTable {
  StoredTablePtr table;
  uint64_t rows_id = 0;  // prefix of its row keys (format.h)
  std::shared_ptr<const SchemaVersions> versions;
};
using CatalogTablePtr = std::shared_ptr<const CatalogTable>;

struct StoreCatalog {
  std::set<std::string, std::less<>> databases;
  std::map<uint64_t, CatalogTablePtr> tables;  // by table id
  std::map<std::pair<std::string, std::string>, TableId> names;

  CatalogTablePtr Find(TableId id) const;                                            // or null
  CatalogTablePtr Find(const std::string& database, const std::string& name) const;  // or null
};
using CatalogPtr = std::shared_ptr<const StoreCatalog>;

// One table's change: made when `before` is null, dropped when `after` is.
struct CatalogChange {
  CatalogTablePtr before;
  CatalogTablePtr after;
};

// kNotFound without the database, kExists when the name is taken.
Status CheckNewTable(const StoreCatalog& catalog, const std::string& database, const std::string& name);

// Puts or removes one table. REQUIRES: not both null.
void ApplyChange(const CatalogChange& change, StoreCatalog& catalog);

// A table as first made: rows id = table id, one schema version.
CatalogTablePtr MakeCatalogTable(StoredTable table);

// The same with another table state; `new_schema` adds a version.
CatalogTablePtr WithTable(const CatalogTable& from, StoredTable table);
CatalogTablePtr WithSchema(const CatalogTable& from, SchemaPtr new_schema);

// kUnsupported unless rows stored under `before` can be read as `after`: same key columns, no column of the
// same id with another form of value.
Status CheckReadable(const TableSchema& before, const TableSchema& after);

}  // namespace freshet
