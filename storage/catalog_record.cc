// SPDX-License-Identifier: Apache-2.0
// Grammar (keys in format.h):
//
//   table record  := 0x01 owner:be64 ready:u8 rows id:be64 newest schema version:be32
//                    database:string name:string
//   pieces record := 0x01 rows id:be64*
//   string        := size:be32 bytes
//
// The first byte is the record's own version; a reader takes all older ones.
#include "storage/catalog_record.h"

#include <rocksdb/write_batch.h>

#include "base/cursor.h"
#include "storage/format.h"

namespace freshet {
namespace {

constexpr char kRecordVersion = 1;

void AppendBigEndian32(uint32_t value, std::string& out) {
  const uint32_t big_endian = __builtin_bswap32(value);
  out.append(reinterpret_cast<const char*>(&big_endian), sizeof(big_endian));
}

std::string SchemaKey(TableId table, uint32_t version) {
  std::string key = CatalogKey(kSchemaTag, table.value);
  AppendBigEndian32(version, key);
  return key;
}

void AppendText(std::string_view text, std::string& out) {
  AppendBigEndian32(static_cast<uint32_t>(text.size()), out);
  out.append(text);
}

std::string EncodeTable(const CatalogTable& entry) {
  const StoredTable& table = *entry.table;
  std::string record(1, kRecordVersion);
  AppendBigEndian64(table.owner.value, record);
  record.push_back(table.ready ? 1 : 0);
  AppendBigEndian64(entry.rows_id, record);
  AppendBigEndian32(table.schema->version, record);
  AppendText(table.database, record);
  AppendText(table.name, record);
  return record;
}

Result<CatalogTablePtr> DecodeTable(TableId id, std::string_view record,
                                    std::shared_ptr<const SchemaVersions> versions) {
  const std::string where = "catalog record of table id " + std::to_string(id.value);
  ByteCursor cursor(record);
  if (cursor.U8() != kRecordVersion) return Status(Code::kUnsupported, where + " is of a newer release");
  StoredTable table;
  table.id = id;
  table.owner = JobId{cursor.U64Be()};
  table.ready = cursor.U8() != 0;
  const uint64_t rows_id = cursor.U64Be();
  const uint32_t version = cursor.U32Be();
  table.database = cursor.Take(cursor.U32Be());
  table.name = cursor.Take(cursor.U32Be());
  if (!cursor.ok()) return Status(Code::kCorrupt, where + " does not parse");
  const auto schema = versions->find(version);
  if (schema == versions->end()) return Status(Code::kCorrupt, where + " misses its schema");
  table.schema = schema->second;
  return CatalogTablePtr(std::make_shared<const CatalogTable>(
      CatalogTable{std::make_shared<const StoredTable>(std::move(table)), rows_id, std::move(versions)}));
}

using VersionsById = std::map<uint64_t, std::shared_ptr<SchemaVersions>>;

Status LoadSchemas(rocksdb::Iterator& records, VersionsById& versions) {
  const std::string prefix(1, kSchemaTag);
  for (records.Seek(prefix); records.Valid() && records.key().starts_with(prefix); records.Next()) {
    ByteCursor key(records.key().ToStringView());
    key.Skip(1);
    const uint64_t id = key.U64Be();
    const uint32_t version = key.U32Be();
    if (!key.ok()) return Status(Code::kCorrupt, "catalog key of a schema does not parse");
    ASSIGN_OR_RETURN(SchemaPtr schema, DecodeSchema(records.value().ToStringView()));
    auto& of_table = versions[id];
    if (!of_table) of_table = std::make_shared<SchemaVersions>();
    of_table->emplace(version, std::move(schema));
  }
  return ToStatus(records.status());
}

}  // namespace

Status AppendRowsDelete(const Database& database, uint64_t rows_id, rocksdb::WriteBatch& batch) {
  return ToStatus(batch.DeleteRange(database.family(Family::kRows), BigEndian64(rows_id), BigEndian64(rows_id + 1)));
}

Status AppendChange(const Database& database, const CatalogChange& change, rocksdb::WriteBatch& batch) {
  auto* const family = database.family(Family::kCatalog);
  const TableId id = (change.after ? change.after : change.before)->table->id;
  const std::string table_key = CatalogKey(kTableTag, id.value);
  if (change.after) {
    TRY(ToStatus(batch.Put(family, table_key, EncodeTable(*change.after))));
    for (const auto& [version, schema] : *change.after->versions) {
      if (change.before && change.before->versions->contains(version)) continue;
      TRY(ToStatus(batch.Put(family, SchemaKey(id, version), EncodeSchema(*schema))));
    }
  } else {
    TRY(ToStatus(batch.Delete(family, table_key)));
    for (const auto& [version, schema] : *change.before->versions) {
      TRY(ToStatus(batch.Delete(family, SchemaKey(id, version))));
    }
  }
  if (change.before && (!change.after || change.after->rows_id != change.before->rows_id)) {
    TRY(AppendRowsDelete(database, change.before->rows_id, batch));
  }
  return Status::Ok();
}

Result<CatalogPtr> LoadCatalog(const Database& database) {
  const std::unique_ptr<rocksdb::Iterator> records(
      database.db().NewIterator(rocksdb::ReadOptions(), database.family(Family::kCatalog)));
  VersionsById versions;
  TRY(LoadSchemas(*records, versions));
  auto catalog = std::make_shared<StoreCatalog>();
  const std::string databases(1, kDatabaseTag);
  for (records->Seek(databases); records->Valid() && records->key().starts_with(databases); records->Next()) {
    catalog->databases.emplace(records->key().ToStringView().substr(1));
  }
  const std::string tables(1, kTableTag);
  for (records->Seek(tables); records->Valid() && records->key().starts_with(tables); records->Next()) {
    ByteCursor key(records->key().ToStringView());
    key.Skip(1);
    const TableId id{key.U64Be()};
    auto& of_table = versions[id.value];
    if (!of_table) of_table = std::make_shared<SchemaVersions>();
    ASSIGN_OR_RETURN(CatalogTablePtr entry, DecodeTable(id, records->value().ToStringView(), of_table));
    ApplyChange({nullptr, std::move(entry)}, *catalog);
  }
  TRY(ToStatus(records->status()));
  return CatalogPtr(std::move(catalog));
}

std::string EncodePieces(const std::vector<uint64_t>& rows_ids) {
  std::string record(1, kRecordVersion);
  for (const uint64_t rows_id : rows_ids) AppendBigEndian64(rows_id, record);
  return record;
}

Result<std::vector<uint64_t>> DecodePieces(std::string_view record) {
  ByteCursor cursor(record);
  if (cursor.U8() != kRecordVersion) return Status(Code::kUnsupported, "pieces record is of a newer release");
  std::vector<uint64_t> rows_ids;
  while (cursor.ok() && !cursor.done()) rows_ids.push_back(cursor.U64Be());
  if (!cursor.ok()) return Status(Code::kCorrupt, "pieces record does not parse");
  return rows_ids;
}

}  // namespace freshet
