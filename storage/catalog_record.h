// SPDX-License-Identifier: Apache-2.0
// Catalog records: the catalog's form on disk. Grammar in catalog_record.cc. Called by the engine at open
// and by whoever writes a catalog change, under the engine's write lock.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "storage/catalog.h"
#include "storage/database.h"

namespace freshet {

// Adds the records of `change` to `batch`, and the range delete of rows that it leaves behind.
Status AppendChange(const Database& database, const CatalogChange& change, rocksdb::WriteBatch& batch);

// Adds the range delete of all rows under one rows id.
Status AppendRowsDelete(const Database& database, uint64_t rows_id, rocksdb::WriteBatch& batch);

// The whole catalog. kCorrupt when a record does not parse or misses its schema.
Result<CatalogPtr> LoadCatalog(const Database& database);

// Rows ids that an open transaction in pieces made (format.h, 'u').
std::string EncodePieces(const std::vector<uint64_t>& rows_ids);
Result<std::vector<uint64_t>> DecodePieces(std::string_view record);

}  // namespace freshet
