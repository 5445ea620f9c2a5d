// SPDX-License-Identifier: Apache-2.0
// Values: random rows of every type come back exactly; old versions read as the newest; damage is an error.
#include "storage/value_codec.h"

#include <random>

#include <gtest/gtest.h>

#include "storage/key_codec.h"
#include "tests/unit/storage/random_cell.h"
#include "tests/unit/storage/store_fixture.h"

namespace freshet {
namespace {

std::shared_ptr<TableSchema> EveryTypeSchema() {
  auto schema = std::make_shared<TableSchema>();
  schema->columns.push_back(ColumnOf(1, "id", TypeKind::kInt64));
  schema->key_columns = {0};
  for (const LogicalType& type : AllTypes()) {
    Column column;
    column.id = static_cast<uint32_t>(schema->columns.size() + 1);
    column.name = "c" + std::to_string(column.id);
    column.type = type;
    schema->columns.push_back(column);
  }
  schema->next_column_id = static_cast<uint32_t>(schema->columns.size() + 1);
  return schema;
}

std::shared_ptr<const SchemaVersions> Versions(std::initializer_list<SchemaPtr> schemas) {
  auto versions = std::make_shared<SchemaVersions>();
  for (const SchemaPtr& schema : schemas) versions->emplace(schema->version, schema);
  return versions;
}

std::vector<uint32_t> AllColumns(const TableSchema& schema) {
  std::vector<uint32_t> columns(schema.columns.size());
  for (uint32_t i = 0; i < columns.size(); ++i) columns[i] = i;
  return columns;
}

struct Row {
  std::vector<Cell> image;
  std::string arena;
};

Row RandomRow(const TableSchema& schema, CellSource& source) {
  Row row;
  for (const Column& column : schema.columns) {
    TypedCell value = source.Next(column.type);
    if (column.id != 1 && source.Below(5) == 0) value = {Cell::Null(), {}};
    if (value.cell.kind == CellKind::kBytes) value.cell.bits = row.arena.size();
    row.arena += value.bytes;
    row.image.push_back(value.cell);
  }
  return row;
}

std::string Text(const Cell& cell, const std::string& arena) {
  std::string text = std::to_string(static_cast<int>(cell.kind)) + ":";
  return text + (cell.kind == CellKind::kBytes ? arena.substr(cell.bits, cell.size) : std::to_string(cell.bits));
}

TEST(ValueCodec, random_rows_of_every_type_come_back_exactly) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  CellSource source(seed);
  const SchemaPtr schema = EveryTypeSchema();
  const RowEncoder encoder(schema);
  RowDecoder decoder(schema, Versions({schema}), AllColumns(*schema));
  for (int i = 0; i < 3000; ++i) {
    const Row row = RandomRow(*schema, source);
    std::string key, value, arena;
    ASSERT_TRUE(AppendKey(TableId{1}, *schema, row.image, row.arena, key).ok());
    ASSERT_TRUE(encoder.AppendValue(row.image, row.arena, value).ok());
    std::vector<Cell> decoded(schema->columns.size());
    const Status status = decoder.Decode(key, value, decoded.data(), arena);
    ASSERT_TRUE(status.ok()) << status.ToString();
    for (size_t c = 0; c < decoded.size(); ++c) ASSERT_EQ(Text(row.image[c], row.arena), Text(decoded[c], arena));
  }
}

TEST(ValueCodec, a_projection_yields_its_columns_in_its_order_even_twice) {
  const SchemaPtr schema = ItemsSchema();
  const Rows rows = Rows(schema).Insert({1, "x", 9});
  std::string key, value, arena;
  ASSERT_TRUE(AppendKey(TableId{1}, *schema, rows.batch().Image(0), rows.batch().arena, key).ok());
  ASSERT_TRUE(RowEncoder(schema).AppendValue(rows.batch().Image(0), rows.batch().arena, value).ok());
  RowDecoder decoder(schema, Versions({schema}), {2, 0, 2});
  Cell cells[3];
  ASSERT_TRUE(decoder.Decode(key, value, cells, arena).ok());
  EXPECT_EQ(cells[0].AsInt(), 9);
  EXPECT_EQ(cells[1].AsInt(), 1);
  EXPECT_EQ(cells[2].AsInt(), 9);
}

TEST(ValueCodec, every_cut_of_a_value_is_corrupt) {
  CellSource source(1);
  const SchemaPtr schema = EveryTypeSchema();
  RowDecoder decoder(schema, Versions({schema}), AllColumns(*schema));
  const Row row = RandomRow(*schema, source);
  std::string key, value;
  ASSERT_TRUE(AppendKey(TableId{1}, *schema, row.image, row.arena, key).ok());
  ASSERT_TRUE(RowEncoder(schema).AppendValue(row.image, row.arena, value).ok());
  std::vector<Cell> decoded(schema->columns.size());
  for (size_t size = 0; size < value.size(); ++size) {
    std::string arena;
    EXPECT_EQ(decoder.Decode(key, value.substr(0, size), decoded.data(), arena).code(), Code::kCorrupt) << size;
  }
  std::string arena;
  EXPECT_EQ(decoder.Decode(key, value + "x", decoded.data(), arena).code(), Code::kCorrupt);
}

TEST(ValueCodec, a_value_of_an_unknown_schema_version_is_corrupt) {
  auto newer = ItemsSchema();
  newer->version = 300;
  const Rows rows = Rows(newer).Insert({1, "x", 9});
  std::string key, value, arena;
  ASSERT_TRUE(AppendKey(TableId{1}, *newer, rows.batch().Image(0), rows.batch().arena, key).ok());
  ASSERT_TRUE(RowEncoder(newer).AppendValue(rows.batch().Image(0), rows.batch().arena, value).ok());
  const SchemaPtr schema = ItemsSchema();
  RowDecoder decoder(schema, Versions({schema}), {1});
  Cell cell;
  EXPECT_EQ(decoder.Decode(key, value, &cell, arena).code(), Code::kCorrupt);
}

TEST(ValueCodec, an_unsent_cell_never_reaches_a_value) {
  const SchemaPtr schema = ItemsSchema();
  const Rows rows = Rows(schema).Insert({1, Open{}, 9});
  std::string value;
  const Status status = RowEncoder(schema).AppendValue(rows.batch().Image(0), rows.batch().arena, value);
  EXPECT_EQ(status.code(), Code::kInvalid);
  EXPECT_NE(status.message().find("column a"), std::string::npos);
}

TEST(ValueCodec, a_table_of_key_columns_only_stores_the_header_alone) {
  auto schema = ItemsSchema();
  schema->columns.resize(1);
  const Rows rows = Rows(schema).Insert({1});
  std::string value;
  ASSERT_TRUE(RowEncoder(schema).AppendValue(rows.batch().Image(0), rows.batch().arena, value).ok());
  EXPECT_EQ(value.size(), 1u);
}

}  // namespace
}  // namespace freshet
