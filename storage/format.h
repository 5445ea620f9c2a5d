// SPDX-License-Identifier: Apache-2.0
// What is on disk: every column family, key prefix, tag and version number of a store. Nothing here is ever
// renumbered or reused; things are only added. Row keys: key_codec.cc, row values: value_codec.cc,
// catalog records: catalog_record.cc.
//
//   family "default"     "format" -> store format version, decimal text
//   family "catalog"     'd' database name                        -> (empty)
//                        't' table id:be64                        -> table record
//                        's' table id:be64 schema version:be32    -> schema (EncodeSchema JSON)
//                        'p' job id:be64                          -> position (JSON): where the job's rows end
//                        'u' job id:be64                          -> pieces record: a transaction in pieces is open
//                        'n'                                      -> next unleased id, decimal text
//   family "rows"        rows id:be64 key columns                 -> row value
//   family "undo"        job id:be64 row key                      -> 0x00 (row was absent) | 0x01 row value
//   families "jobs", "ledger", "quarantine", "labels"             -> sync/'s own keys and JSON values
//
// A table's rows lie under its rows id: at first the table id, after each TRUNCATE a fresh id. Both come
// from the one id counter, so that no rows id is ever used twice and a dead one can be deleted at leisure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace freshet {

// Raised when an older binary could misread the store. A store with a higher number is refused, and so is one from
// before the oldest that is still read. 2: claims below an owned row (row_owner.h); 1 was never released.
inline constexpr uint32_t kStoreFormatVersion = 2;
inline constexpr uint32_t kStoreFormatVersionOldest = 2;
inline constexpr std::string_view kFormatKey = "format";

// Column families, in the order of Engine's handles (the order itself is not persisted).
enum class Family : uint8_t { kDefault, kCatalog, kRows, kUndo, kJobs, kLedger, kQuarantine, kLabels };
inline constexpr size_t kFamilyCount = 8;
inline constexpr const char* kFamilyNames[kFamilyCount] = {"default", "catalog", "rows",       "undo",
                                                           "jobs",    "ledger",  "quarantine", "labels"};

// First byte of a catalog key.
inline constexpr char kDatabaseTag = 'd';
inline constexpr char kTableTag = 't';
inline constexpr char kSchemaTag = 's';
inline constexpr char kPositionTag = 'p';
inline constexpr char kPiecesTag = 'u';
inline constexpr char kNextIdTag = 'n';

// First byte of an undo value.
inline constexpr char kUndoAbsent = 0;
inline constexpr char kUndoPresent = 1;

// Bytes before the key columns of a row key.
inline constexpr size_t kRowPrefixBytes = 8;

inline void AppendBigEndian64(uint64_t value, std::string& out) {
  const uint64_t big_endian = __builtin_bswap64(value);  // x86-64 and arm64 are little-endian
  out.append(reinterpret_cast<const char*>(&big_endian), sizeof(big_endian));
}

inline std::string BigEndian64(uint64_t value) {
  std::string out;
  AppendBigEndian64(value, out);
  return out;
}

inline std::string CatalogKey(char tag, uint64_t id) {
  std::string key(1, tag);
  AppendBigEndian64(id, key);
  return key;
}

}  // namespace freshet
