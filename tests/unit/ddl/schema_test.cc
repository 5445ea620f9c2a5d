// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ddl/table_schema.h"

namespace freshet {
namespace {

TableSchema Sample() {
  TableSchema schema;
  schema.name = {"shop", "orders"};
  schema.version = 7;
  schema.next_column_id = 9;
  schema.key_columns = {1, 0};
  schema.key_name = "PRIMARY";
  schema.comment = "c";
  schema.default_collation = "latin1_swedish_ci";
  schema.source_id = 1ULL << 40;
  Column status;
  status.id = 3;
  status.name = "Status";
  status.type.kind = TypeKind::kEnum;
  status.type.labels = std::make_shared<const Labels>(Labels{"a,b", "it's", "\xff\x01"});
  status.nullable = false;
  status.excluded = status.generated = true;
  status.initial_default = "";
  status.insert_default = "\xfe";
  status.source_type = "enum";
  status.collation = "utf8mb4_bin";
  status.comment = "x";
  Column price;
  price.id = 8;
  price.name = "price";
  price.type = {.kind = TypeKind::kDecimal, .precision = 10, .scale = 2, .length = 5, .fixed = true};
  schema.columns = {status, price};
  return schema;
}

TEST(TableSchema, stored_form_gives_back_every_field) {
  const TableSchema schema = Sample();
  const auto decoded = DecodeSchema(EncodeSchema(schema));
  ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
  EXPECT_EQ(**decoded, schema);
}

TEST(TableSchema, unknown_members_are_ignored_and_missing_ones_take_defaults) {
  const auto decoded = DecodeSchema(
      R"({"schema":"s","table":"t","new":1,"columns":[{"id":1,"name":"a","kind":5,"later":{}}],"key":[0]})");
  ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
  EXPECT_EQ((*decoded)->version, 1u);
  EXPECT_TRUE((*decoded)->columns[0].nullable);
  EXPECT_EQ((*decoded)->columns[0].initial_default, std::nullopt);
}

TEST(TableSchema, damaged_text_is_corrupt) {
  for (const char* text : {"", "{", "[]", R"({"schema":1})", R"({"schema":"s","table":"t","columns":[],"key":[0]})"}) {
    EXPECT_EQ(DecodeSchema(text).code(), Code::kCorrupt) << text;
  }
}

TEST(TableSchema, columns_are_found_by_name) {
  const TableSchema schema = Sample();
  EXPECT_EQ(schema.FindColumn("price"), 1u);
  EXPECT_EQ(schema.FindColumn("status"), std::nullopt);
  EXPECT_EQ(schema.FindColumn("STATUS", true), 0u);
  EXPECT_TRUE(schema.IsKey(0));
  EXPECT_FALSE(schema.IsKey(2));
}

}  // namespace
}  // namespace freshet
