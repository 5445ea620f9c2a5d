// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ddl/catalog.h"

namespace freshet {
namespace {

SchemaPtr Table(const char* schema, const char* table, uint32_t version = 1) {
  auto made = std::make_shared<TableSchema>();
  made->name = {schema, table};
  made->version = version;
  return made;
}

TEST(Catalog, put_replaces_and_remove_forgets) {
  Catalog catalog;
  catalog.Put(Table("a", "t"));
  catalog.Put(Table("a", "t", 2));
  catalog.Put(Table("b", "t"));
  ASSERT_NE(catalog.Find("a", "t"), nullptr);
  EXPECT_EQ(catalog.Find("a", "t")->version, 2u);
  EXPECT_EQ(catalog.size(), 2u);
  catalog.Remove({"a", "t"});
  EXPECT_EQ(catalog.Find("a", "t"), nullptr);
  EXPECT_NE(catalog.Find("b", "t"), nullptr);
}

TEST(Catalog, case_matters_unless_told_otherwise) {
  Catalog exact;
  exact.Put(Table("Shop", "Orders"));
  EXPECT_EQ(exact.Find("shop", "orders"), nullptr);
  Catalog folded(true);
  folded.Put(Table("Shop", "Orders"));
  EXPECT_NE(folded.Find("SHOP", "orders"), nullptr);
  folded.Put(Table("shop", "ORDERS", 2));
  EXPECT_EQ(folded.size(), 1u);
}

TEST(Catalog, schema_and_table_are_not_confused) {
  Catalog catalog;
  catalog.Put(Table("ab", "c"));
  EXPECT_EQ(catalog.Find("a", "bc"), nullptr);
}

TEST(Catalog, all_is_in_name_order) {
  Catalog catalog;
  catalog.Put(Table("b", "a"));
  catalog.Put(Table("a", "z"));
  catalog.Put(Table("a", "b"));
  const auto all = catalog.All();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0]->name.ToString(), "a.b");
  EXPECT_EQ(all[1]->name.ToString(), "a.z");
  EXPECT_EQ(all[2]->name.ToString(), "b.a");
}

}  // namespace
}  // namespace freshet
