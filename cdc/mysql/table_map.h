// SPDX-License-Identifier: Apache-2.0
// TABLE_MAP event: the shape of the row events that follow. Owns what it parsed, so that it can be kept
// between events. Knows nothing of the catalog.
//
//   table map = table_id:u48 flags:u16 database_length:u8 database NUL table_length:u8 table NUL
//               columns:lenenc type:u8*columns metadata_size:lenenc metadata
//               nullable:bit*columns *(type:u8 length:lenenc value)      ; optional metadata
//   metadata  = per column, by type: none, one byte, or two bytes (see ReadColumnMeta)
//   optional  = 1 signedness (one bit per numeric column, first in the high bit) | 4 column names
//               (length:lenenc bytes)* | others are skipped
// Source: MySQL binary log event "Table_map_event".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "ddl/table_schema.h"

namespace freshet {

// Column types of the log ("enum_field_types"); fixed numbers of the protocol.
enum class MysqlType : uint8_t {
  kTiny = 1,
  kShort = 2,
  kLong = 3,
  kFloat = 4,
  kDouble = 5,
  kTimestamp = 7,
  kLongLong = 8,
  kInt24 = 9,
  kDate = 10,
  kTime = 11,
  kDateTime = 12,
  kYear = 13,
  kVarchar = 15,
  kBit = 16,
  kTimestamp2 = 17,
  kDateTime2 = 18,
  kTime2 = 19,
  kMariadbBlobCompressed = 140,
  kMariadbVarcharCompressed = 141,
  kVector = 242,
  kJson = 245,
  kNewDecimal = 246,
  kEnum = 247,
  kSet = 248,
  kBlob = 252,
  kVarString = 253,
  kString = 254,
  kGeometry = 255,
};

struct TableMapColumn {
  MysqlType type = MysqlType::kTiny;  // kString is resolved to kEnum and kSet where it stands for them
  uint8_t meta = 0;          // fraction digits, length-prefix bytes, decimal precision, enum/set bytes, extra bits
  uint32_t length = 0;       // kVarchar, kVarString, kString: bytes at most. kNewDecimal: scale. kBit: bits
  bool has_sign = false;     // signedness was logged
  bool is_unsigned = false;  // then: UNSIGNED
};

struct TableMap {
  uint64_t table_id = 0;
  std::string database;
  std::string table;
  std::vector<TableMapColumn> columns;
  std::vector<std::string> names;  // empty unless binlog_row_metadata=FULL
};

// kCorrupt; kUnsupported for a column type that is not known.
Result<TableMap> ParseTableMap(std::string_view body);
// Only the id, for finding a parsed one again. kCorrupt when short.
Result<uint64_t> TableMapId(std::string_view body);
// Only the table's name. kCorrupt when short.
Result<TableName> TableMapName(std::string_view body);

}  // namespace freshet
