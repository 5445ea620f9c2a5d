// SPDX-License-Identifier: Apache-2.0
// Literals of VALUES and SET as DuckDB's SQL, each cast to its column's type without a detour over another type: what
// was written is what is stored. Not for expressions, which DuckDB computes as a query. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "ddl/table_schema.h"
#include "sql/statement.h"
#include "sql/table_query.h"

namespace freshet {

// SELECT over VALUES of the rows, one column per target. kInvalid "column a: .." when it is known already that a value
// does not fit. REQUIRES: plain rows of targets.size() values.
Result<CastedQuery> LiteralRows(std::span<const std::vector<WrittenValue>> rows, const TableSchema& schema,
                                const std::vector<uint32_t>& targets);

// Literals only, no DEFAULT.
bool IsPlainRow(const std::vector<WrittenValue>& row);

}  // namespace freshet
