// SPDX-License-Identifier: Apache-2.0
#include "storage/content_hash.h"

#include <charconv>
#include <cstdio>

#include <xxhash.h>

#include "storage/format.h"
#include "storage/key_codec.h"
#include "storage/row_owner.h"
#include "storage/value_codec.h"

namespace freshet {
namespace {

constexpr size_t kBlockRows = 1024;

// Value bytes behind owner and schema version.
Result<std::string_view> Columns(std::string_view value) {
  TRY(StoredVersion(value).status());
  value = RowOf(value);
  while (static_cast<uint8_t>(value.front()) >= 0x80) value.remove_prefix(1);
  value.remove_prefix(1);
  return value;
}

}  // namespace

void ContentHash::Add(std::string_view key, std::string_view value) {
  // The key's hash seeds the value's: bytes cannot move from one to the other unseen.
  const XXH128_hash_t of_key = XXH3_128bits(key.data(), key.size());
  const XXH128_hash_t of_row = XXH3_128bits_withSeed(value.data(), value.size(), of_key.low64);
  const uint64_t low = of_row.low64 ^ of_key.high64;
  low_ += low;
  high_ += of_row.high64 + of_key.low64 + (low_ < low ? 1 : 0);
  ++rows_;
}

void ContentHash::Add(const ContentHash& other) {
  low_ += other.low_;
  high_ += other.high_ + (low_ < other.low_ ? 1 : 0);
  rows_ += other.rows_;
}

Status ContentHash::AddStored(std::string_view key, std::string_view value) {
  ASSIGN_OR_RETURN(const std::string_view columns, Columns(value));
  Add(key.substr(kRowPrefixBytes), columns);
  return Status::Ok();
}

std::string ContentHash::hex() const {
  char text[33];
  const uint64_t sums[3] = {low_, high_, rows_};
  const XXH128_hash_t mixed = XXH3_128bits(sums, sizeof(sums));
  std::snprintf(text, sizeof(text), "%016llx%016llx", static_cast<unsigned long long>(mixed.high64),
                static_cast<unsigned long long>(mixed.low64));
  return text;
}

std::string ContentHash::ToText() const {
  return std::to_string(low_) + "," + std::to_string(high_) + "," + std::to_string(rows_);
}

Result<ContentHash> ContentHash::FromText(std::string_view text) {
  ContentHash hash;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  for (uint64_t* sum : {&hash.low_, &hash.high_, &hash.rows_}) {
    const auto [next, error] = std::from_chars(at, end, *sum);
    const bool last = sum == &hash.rows_;
    if (error != std::errc() || (last ? next != end : next == end || *next != ',')) {
      return Status(Code::kCorrupt, "content hash does not parse");
    }
    at = last ? next : next + 1;
  }
  return hash;
}

Result<ContentHash> HashTable(const ReadView& view, const StoredTable& table, const KeyRange& range) {
  // A value's bytes follow from its cells alone: encoding them again under one version is the normal form.
  const StoredTablePtr newest = view.FindTable(table.database, table.name);
  if (!newest || newest->id != table.id) {
    return Status(Code::kNotFound, "table " + table.database + "." + table.name + " is not in this view");
  }
  std::vector<uint32_t> projection;
  for (uint32_t i = 0; i < newest->schema->columns.size(); ++i) {
    if (!newest->schema->columns[i].excluded) projection.push_back(i);
  }
  const RowEncoder encoder(newest->schema);
  ASSIGN_OR_RETURN(const std::unique_ptr<RowScan> scan, view.Scan(*newest, projection, range));
  ContentHash hash;
  RowBlock block;
  std::vector<Cell> image(newest->schema->columns.size());
  std::string key;
  std::string value;
  while (true) {
    TRY(scan->Next(block, kBlockRows));
    if (block.rows == 0) return hash;
    for (size_t row = 0; row < block.rows; ++row) {
      for (size_t i = 0; i < projection.size(); ++i) image[projection[i]] = block.cells[row * projection.size() + i];
      key.clear();
      value.clear();
      TRY(AppendKey(newest->id, *newest->schema, image, block.arena, key));
      TRY(encoder.AppendValue(image, block.arena, value));
      TRY(hash.AddStored(key, value));
    }
  }
}

Result<ContentHash> HashRows(const StoredTable& table, const EncodedRows& rows) {
  if (rows.table != table.id || rows.schema->version != table.schema->version) {
    return Status(Code::kSchemaMoved, "rows of " + table.database + "." + table.name + " have another schema version");
  }
  ContentHash hash;
  const std::string_view bytes(rows.bytes);
  for (const EncodedRows::Row& row : rows.rows) {
    TRY(hash.AddStored(bytes.substr(row.offset, row.key_size),
                       bytes.substr(row.offset + row.key_size, row.value_size)));
  }
  return hash;
}

}  // namespace freshet
