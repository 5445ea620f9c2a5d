// SPDX-License-Identifier: Apache-2.0
// Boundaries are found by bisection over the eight key bytes behind the common prefix of the table's first
// and last key, as a number; any byte string is a valid bound. Skewed keys give uneven parts, never wrong
// ones.
#include "storage/key_split.h"

#include <algorithm>
#include <memory>
#include <string>

#include "storage/format.h"
#include "storage/row_range.h"

namespace freshet {
namespace {

constexpr int kBisectSteps = 24;  // a part's bound is found to 1/2^24 of the key span
constexpr size_t kPartsMax = 64;

uint64_t NumberAt(std::string_view key, size_t offset) {
  uint64_t number = 0;
  for (size_t i = 0; i < 8; ++i) {
    number = number << 8 | (offset + i < key.size() ? static_cast<uint8_t>(key[offset + i]) : 0);
  }
  return number;
}

uint64_t SizeBetween(const Database& database, std::string_view from, std::string_view to) {
  rocksdb::SizeApproximationOptions options;
  options.include_memtables = true;
  options.include_files = true;
  const rocksdb::Range range{rocksdb::Slice(from.data(), from.size()), rocksdb::Slice(to.data(), to.size())};
  uint64_t size = 0;
  const rocksdb::Status status =
      database.db().GetApproximateSizes(options, database.family(Family::kRows), &range, 1, &size);
  return status.ok() ? size : 0;  // an estimate only
}

struct Span {
  std::string first;
  std::string last;
};

// Empty strings when the table is.
Span FirstAndLast(const Snapshot& snapshot, const RowRange& rows) {
  rocksdb::ReadOptions options;
  const rocksdb::Slice from(rows.from);
  const rocksdb::Slice to(rows.to);
  options.snapshot = snapshot.get();
  options.iterate_lower_bound = &from;
  options.iterate_upper_bound = &to;
  const std::unique_ptr<rocksdb::Iterator> iterator(
      snapshot.database().db().NewIterator(options, snapshot.database().family(Family::kRows)));
  Span span;
  iterator->SeekToFirst();
  if (iterator->Valid()) span.first = iterator->key().ToString();
  iterator->SeekToLast();
  if (iterator->Valid()) span.last = iterator->key().ToString();
  return span;
}

}  // namespace

std::vector<KeyRange> SplitRows(const Snapshot& snapshot, const CatalogTable& table, size_t parts) {
  const Database& database = snapshot.database();
  const RowRange rows = RowRange::Of(table, {});
  const Span span = FirstAndLast(snapshot, rows);
  const uint64_t size = SizeBetween(database, rows.from, rows.to);
  parts = std::min(parts, kPartsMax);
  std::vector<KeyRange> ranges(1);
  if (parts < 2 || span.first == span.last || size == 0) return ranges;

  const auto differ = std::mismatch(span.first.begin(), span.first.end(), span.last.begin(), span.last.end());
  const size_t common = static_cast<size_t>(differ.first - span.first.begin());
  const uint64_t low = NumberAt(span.first, common);
  const uint64_t high = NumberAt(span.last, common);
  const auto bound_at = [&](uint64_t number) {
    std::string bound = span.first.substr(0, common);
    AppendBigEndian64(number, bound);
    return bound;
  };
  uint64_t previous = low;
  for (size_t part = 1; part < parts; ++part) {
    const uint64_t wanted = size / parts * part;
    uint64_t left = previous;
    uint64_t right = high;
    for (int step = 0; step < kBisectSteps && left < right; ++step) {
      const uint64_t middle = left + (right - left) / 2;
      (SizeBetween(database, rows.from, bound_at(middle)) < wanted ? left : right) = middle;
    }
    if (right <= previous || right >= high) continue;
    previous = right;
    std::string bound;
    AppendRebased(bound_at(right), table.table->id.value, bound);
    ranges.back().to = bound;
    ranges.push_back({std::move(bound), {}});
  }
  return ranges;
}

uint64_t EstimateStoredRows(const Database& database, const CatalogTable& table) {
  const RowRange rows = RowRange::Of(table, {});
  uint64_t in_memory = 0;
  uint64_t memory_bytes = 0;
  database.db().GetApproximateMemTableStats(database.family(Family::kRows), rocksdb::Range(rows.from, rows.to),
                                            &in_memory, &memory_bytes);
  rocksdb::SizeApproximationOptions files_only;
  const rocksdb::Range range(rows.from, rows.to);
  uint64_t file_bytes = 0;
  const rocksdb::Status sized =
      database.db().GetApproximateSizes(files_only, database.family(Family::kRows), &range, 1, &file_bytes);
  if (!sized.ok() || file_bytes == 0) return in_memory;
  rocksdb::TablePropertiesCollection files;
  const rocksdb::Status listed =
      database.db().GetPropertiesOfTablesInRange(database.family(Family::kRows), &range, 1, &files);
  if (!listed.ok()) return in_memory;
  uint64_t entries = 0;
  uint64_t entry_bytes = 0;
  for (const auto& [name, properties] : files) {
    entries += properties->num_entries - std::min(properties->num_entries, properties->num_deletions);
    entry_bytes += properties->data_size;
  }
  if (entry_bytes == 0) return in_memory;
  const double share = std::min(1.0, static_cast<double>(file_bytes) / static_cast<double>(entry_bytes));
  return in_memory + static_cast<uint64_t>(share * static_cast<double>(entries));
}

}  // namespace freshet
