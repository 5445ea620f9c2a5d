// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/table_map.h"

#include "base/cursor.h"
#include "cdc/mysql/control_events.h"

namespace freshet {
namespace {

constexpr size_t kTableIdBytes = 6;
constexpr uint64_t kColumnsMax = 4096;  // the servers' own limit
constexpr uint8_t kOptionalSignedness = 1;
constexpr uint8_t kOptionalColumnNames = 4;

Status Corrupt() {
  return Status(Code::kCorrupt, "table map event does not parse");
}

bool IsNumeric(MysqlType type) {
  switch (type) {
    case MysqlType::kTiny:
    case MysqlType::kShort:
    case MysqlType::kInt24:
    case MysqlType::kLong:
    case MysqlType::kLongLong:
    case MysqlType::kFloat:
    case MysqlType::kDouble:
    case MysqlType::kNewDecimal: return true;
    default: return false;
  }
}

// CHAR, ENUM and SET share one type; the first byte is the real type, with two bits of the length mixed in
// (flipped) for CHAR columns above 255 bytes.
void ResolveString(uint8_t first, uint8_t second, TableMapColumn* column) {
  const auto real = static_cast<MysqlType>(first);
  if (real == MysqlType::kEnum || real == MysqlType::kSet) {
    column->type = real;
    column->meta = second;
    return;
  }
  column->length = ((first & 0x30u) ^ 0x30u) << 4 | second;
  column->meta = column->length > 255 ? 2 : 1;
}

Status ReadColumnMeta(ByteCursor& cursor, TableMapColumn* column) {
  switch (column->type) {
    case MysqlType::kTiny:
    case MysqlType::kShort:
    case MysqlType::kLong:
    case MysqlType::kTimestamp:
    case MysqlType::kLongLong:
    case MysqlType::kInt24:
    case MysqlType::kDate:
    case MysqlType::kTime:
    case MysqlType::kDateTime:
    case MysqlType::kYear: return Status::Ok();
    case MysqlType::kFloat:
    case MysqlType::kDouble:
    case MysqlType::kTimestamp2:
    case MysqlType::kDateTime2:
    case MysqlType::kTime2:
    case MysqlType::kVector:
    case MysqlType::kJson:
    case MysqlType::kBlob:
    case MysqlType::kMariadbBlobCompressed:
    case MysqlType::kGeometry: column->meta = cursor.U8(); return Status::Ok();
    case MysqlType::kVarchar:
    case MysqlType::kVarString:
    case MysqlType::kMariadbVarcharCompressed:
      column->length = cursor.U16Le();
      column->meta = column->length > 255 ? 2 : 1;
      return Status::Ok();
    case MysqlType::kBit: {
      const uint8_t bits = cursor.U8();
      const uint8_t bytes = cursor.U8();
      column->meta = bits;
      column->length = bytes * 8u + bits;
      return Status::Ok();
    }
    case MysqlType::kNewDecimal:
      column->meta = cursor.U8();
      column->length = cursor.U8();
      return Status::Ok();
    case MysqlType::kEnum:
    case MysqlType::kSet:
      cursor.Skip(1);
      column->meta = cursor.U8();
      return Status::Ok();
    case MysqlType::kString: {
      const uint8_t first = cursor.U8();
      ResolveString(first, cursor.U8(), column);
      return Status::Ok();
    }
  }
  return Status(Code::kUnsupported,
                "column type " + std::to_string(static_cast<int>(column->type)) + " of the log is not known");
}

Status ReadSignedness(std::string_view bits, TableMap* map) {
  size_t index = 0;
  for (TableMapColumn& column : map->columns) {
    if (!IsNumeric(column.type)) continue;
    if (index / 8 >= bits.size()) return Corrupt();
    column.has_sign = true;
    column.is_unsigned = (static_cast<uint8_t>(bits[index / 8]) >> (7 - index % 8) & 1) != 0;
    ++index;
  }
  return Status::Ok();
}

Status ReadOptionalMetadata(ByteCursor& cursor, TableMap* map) {
  while (cursor.ok() && !cursor.done()) {
    const uint8_t type = cursor.U8();
    const std::string_view value = cursor.Take(LengthEncoded(cursor));
    if (!cursor.ok()) return Corrupt();
    if (type == kOptionalSignedness) TRY(ReadSignedness(value, map));
    if (type != kOptionalColumnNames) continue;
    ByteCursor names(value);
    map->names.clear();
    while (names.ok() && !names.done()) map->names.emplace_back(names.Take(LengthEncoded(names)));
    if (!names.ok() || map->names.size() != map->columns.size()) return Corrupt();
  }
  return Status::Ok();
}

}  // namespace

Result<uint64_t> TableMapId(std::string_view body) {
  ByteCursor cursor(body);
  const uint64_t id = cursor.UintLe(kTableIdBytes);
  if (!cursor.ok()) return Corrupt();
  return id;
}

Result<TableName> TableMapName(std::string_view body) {
  ByteCursor cursor(body);
  cursor.Skip(kTableIdBytes + 2);
  TableName name;
  name.schema = std::string(cursor.Take(cursor.U8()));
  cursor.Skip(1);
  name.table = std::string(cursor.Take(cursor.U8()));
  if (!cursor.ok()) return Corrupt();
  return name;
}

Result<TableMap> ParseTableMap(std::string_view body) {
  ByteCursor cursor(body);
  TableMap map;
  map.table_id = cursor.UintLe(kTableIdBytes);
  cursor.Skip(2);
  map.database = std::string(cursor.Take(cursor.U8()));
  const uint8_t database_end = cursor.U8();
  map.table = std::string(cursor.Take(cursor.U8()));
  const uint8_t table_end = cursor.U8();
  const uint64_t count = LengthEncoded(cursor);
  if (!cursor.ok() || database_end != 0 || table_end != 0 || count > kColumnsMax) return Corrupt();
  const std::string_view types = cursor.Take(count);
  ByteCursor metadata(cursor.Take(LengthEncoded(cursor)));
  cursor.Skip((count + 7) / 8);
  if (!cursor.ok()) return Corrupt();
  map.columns.resize(count);
  for (size_t i = 0; i < count; ++i) {
    map.columns[i].type = static_cast<MysqlType>(types[i]);
    TRY(ReadColumnMeta(metadata, &map.columns[i]));
  }
  if (!metadata.ok() || !metadata.done()) return Corrupt();
  TRY(ReadOptionalMetadata(cursor, &map));
  return map;
}

}  // namespace freshet
