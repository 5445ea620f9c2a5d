// SPDX-License-Identifier: Apache-2.0
// RowRange: a range of encoded keys, as callers know it (table id in front), placed where the table's rows
// lie (rows id in front, format.h). Value type; any thread.
#pragma once

#include <string>
#include <string_view>

#include "storage/catalog.h"
#include "storage/format.h"
#include "storage/read_view.h"

namespace freshet {

// `key` with the prefix replaced by `id`. REQUIRES: key.size() >= kRowPrefixBytes.
inline void AppendRebased(std::string_view key, uint64_t id, std::string& out) {
  CHECK(key.size() >= kRowPrefixBytes);
  AppendBigEndian64(id, out);
  out.append(key.substr(kRowPrefixBytes));
}

struct RowRange {
  std::string from;  // inclusive
  std::string to;    // exclusive

  // Cut to the table; an empty side of `range` is the table's own end.
  static RowRange Of(const CatalogTable& entry, const KeyRange& range) {
    const uint64_t id = entry.table->id.value;
    RowRange rows{BigEndian64(entry.rows_id), BigEndian64(entry.rows_id + 1)};
    const std::string first = BigEndian64(id);
    const std::string end = BigEndian64(id + 1);
    if (!range.from.empty() && range.from > first) rows.from = range.from >= end ? rows.to : Place(range.from, entry);
    if (!range.to.empty() && range.to < end) {
      if (range.to <= first) {
        rows.to = rows.from;
      } else {
        rows.to = Place(range.to, entry);
      }
    }
    return rows;
  }

 private:
  // Between the table's first key and its end, hence longer than the prefix.
  static std::string Place(std::string_view key, const CatalogTable& entry) {
    std::string placed;
    AppendRebased(key, entry.rows_id, placed);
    return placed;
  }
};

}  // namespace freshet
