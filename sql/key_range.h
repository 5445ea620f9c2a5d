// SPDX-License-Identifier: Apache-2.0
// Primary-key pruning: the key range that a query's WHERE allows, found on its tokens. DuckDB still evaluates
// the whole WHERE, so a range may only be too wide, never too narrow; anything not surely understood means
// "all keys". Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sql/token.h"
#include "storage/read_view.h"

namespace freshet {

// The first key after all that start with `prefix`; empty when there is none.
std::string AfterPrefix(std::string prefix);

// Of SELECT .. FROM one table WHERE a AND b AND ..: with `key = literal` on leading key columns and a
// comparison on the next one. Only integer and text keys. nullopt: no restriction.
std::optional<KeyRange> FindKeyRange(const std::vector<Token>& tokens, const StoredTable& table);

}  // namespace freshet
