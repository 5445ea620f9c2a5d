// SPDX-License-Identifier: Apache-2.0
// Sizes of tables without reading them: ranges of about equal size for parallel scans, row estimates.
// From RocksDB's file and memtable statistics. Any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "storage/catalog.h"
#include "storage/database.h"
#include "storage/read_view.h"

namespace freshet {

// At most `parts` ranges in key order that together cover all keys of the table, one at least.
std::vector<KeyRange> SplitRows(const Snapshot& snapshot, const CatalogTable& table, size_t parts);

uint64_t EstimateStoredRows(const Database& database, const CatalogTable& table);

}  // namespace freshet
