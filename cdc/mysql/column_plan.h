// SPDX-License-Identifier: Apache-2.0
// Table map + schema -> how each column of a row image is decoded. This is where the log is checked against
// the catalog: a table map that does not fit the schema exactly is refused, so that a missed schema change
// stops a table instead of writing wrong rows. Reader thread only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "cdc/mysql/cell_decode.h"
#include "cdc/mysql/table_map.h"
#include "ddl/table_schema.h"

namespace freshet {

// Character sets in use by one source; entries live as long as the cache.
class CharsetCache {
 public:
  // kUnsupported as Charset::Make.
  Result<const Charset*> Get(const std::string& name);

 private:
  std::map<std::string, std::shared_ptr<const Charset>, std::less<>> charsets_;
};

// One plan per column, in order. kUnsupported says what differs: count, name, type, sign, precision, labels.
// The plans point into `schema` and `charsets`.
Result<std::vector<ColumnPlan>> MakeColumnPlans(const TableMap& map, const TableSchema& schema, CharsetCache& charsets);

}  // namespace freshet
