// SPDX-License-Identifier: Apache-2.0
#include "sql/lookup_join.h"

#include <gtest/gtest.h>

#include "storage/key_codec.h"

namespace freshet {
namespace {

// "shop.customers: id=customer_id, region=region; .."
std::string Joins(const std::string& rest, const std::string& source = "o") {
  const auto tokens = Tokenize("SELECT o.id FROM source o " + rest);
  EXPECT_TRUE(tokens.ok()) << tokens.status().ToString();
  std::string text;
  for (const LookupJoin& join : FindLookupJoins(*tokens, source)) {
    if (!text.empty()) text += "; ";
    text += join.database + "." + join.table + ":";
    for (const auto& [column, of_source] : join.equalities) text += " " + column + "=" + of_source;
  }
  return text;
}

TEST(LookupJoin, finds_the_equalities_of_an_on_condition) {
  EXPECT_EQ(Joins("JOIN customers c ON c.id = o.customer_id"), ".customers: id=customer_id");
  EXPECT_EQ(Joins("left outer join `shop`.`customers` AS c on o.customer_id = c.id where c.city = 'x' or o.id = 2"),
            "shop.customers: id=customer_id");
  EXPECT_EQ(Joins("INNER JOIN customers ON customers.id = O.customer_id AND customers.region = o.region"),
            ".customers: id=customer_id region=region");
  EXPECT_EQ(Joins("JOIN t ON t.id = o.t_id AND lower(t.a) = 'x' LEFT JOIN u ON u.x = t.y AND u.id = o.u_id"),
            ".t: id=t_id; .u: id=u_id");
}

TEST(LookupJoin, leaves_alone_what_does_not_need_the_equality) {
  for (const char* rest : {
           "JOIN c ON c.id = o.y OR c.id = 5",
           "JOIN c ON c.id = o.y AND (c.a = 1 OR c.b = 2)",
           "JOIN y ON y.id = o.y",
           "JOIN c ON NOT c.id = o.y",
           "JOIN c ON c.id = o.y XOR true",
           "JOIN c ON c.id = o.y + 1",
           "JOIN c ON 1 + c.id = o.y",
           "JOIN c ON c.id <=> o.y",
           "JOIN c ON c.id = 7",
           "JOIN c ON id = o.y",
           "JOIN c ON c.id BETWEEN o.a AND o.b",
           "JOIN c USING (id)",
           "CROSS JOIN c",
           ", c WHERE c.id = o.y",
           "ASOF JOIN c ON c.id = o.y",
           "JOIN (SELECT * FROM c) c ON c.id = o.y",
           "JOIN a ON a.id = o.a JOIN a AS b ON b.id = o.b",
           "JOIN c ON c.id = o.y WHERE o.x IN (SELECT x FROM c)",
           "JOIN c ON c.id = o.y WHERE o.x IN (SELECT x FROM shop.C)",
           "WHERE o.x IN (SELECT x FROM d JOIN c ON c.id = o.c)",
       }) {
    EXPECT_EQ(Joins(rest), "") << rest;
  }
}

Column ColumnOf(std::string name, TypeKind kind) {
  Column column;
  column.name = std::move(name);
  column.type.kind = kind;
  return column;
}

class LookupKeyTest : public ::testing::Test {
 protected:
  LookupKeyTest() {
    source_->columns = {ColumnOf("id", TypeKind::kInt64), ColumnOf("c", TypeKind::kUint32),
                        ColumnOf("name", TypeKind::kString), ColumnOf("day", TypeKind::kDate)};
    table_->columns = {ColumnOf("id", TypeKind::kInt16), ColumnOf("name", TypeKind::kString),
                       ColumnOf("day", TypeKind::kDate)};
    table_->key_columns = {0, 1};
    batch_.schema = source_;
  }
  std::optional<LookupKey> Key(std::vector<LookupJoin::Equality> equalities) const {
    const std::vector<std::string> names = {"id", "c", "name", "day"};
    const std::vector<uint32_t> indexes = {0, 1, 2, 3};
    return KeyOfLookup({"", "t", std::move(equalities)}, *table_, *source_, names, indexes);
  }
  // Adds a row (id, c, name, NULL).
  void Add(Cell id, Cell c, const char* name) {
    images_.push_back(static_cast<uint32_t>(batch_.cells.size() / 4));
    batch_.cells.insert(batch_.cells.end(), {id, c, batch_.AppendBytes(name), Cell::Null()});
  }
  std::optional<std::vector<KeyRange>> Ranges(const LookupKey& key, uint64_t rows) const {
    StoredTable table;
    table.id = TableId{9};
    table.schema = table_;
    return RangesOfLookup(key, table, rows, batch_, images_);
  }
  std::string Encoded(int64_t id, const char* name = nullptr) const {
    std::string key;
    AppendTablePrefix(TableId{9}, key);
    EXPECT_TRUE(AppendKeyColumn(table_->columns[0].type, Cell::Int(id), "", key).ok());
    if (name == nullptr) return key;
    const std::string_view text = name;
    const Cell cell{0, static_cast<uint32_t>(text.size()), CellKind::kBytes};
    EXPECT_TRUE(AppendKeyColumn(table_->columns[1].type, cell, text, key).ok());
    return key;
  }

  std::shared_ptr<TableSchema> source_ = std::make_shared<TableSchema>();
  std::shared_ptr<TableSchema> table_ = std::make_shared<TableSchema>();
  RowBatch batch_;
  std::vector<uint32_t> images_;
};

TEST_F(LookupKeyTest, takes_leading_key_columns_of_like_types) {
  EXPECT_EQ(Key({{"ID", "C"}})->source_columns, std::vector<uint32_t>({1}));
  EXPECT_EQ(Key({{"name", "name"}, {"id", "id"}})->source_columns, std::vector<uint32_t>({0, 2}));
  EXPECT_EQ(Key({{"name", "name"}}), std::nullopt);
  EXPECT_EQ(Key({{"id", "name"}}), std::nullopt);
  EXPECT_EQ(Key({{"day", "day"}}), std::nullopt);
  EXPECT_EQ(Key({{"id", "missing"}}), std::nullopt);
}

TEST_F(LookupKeyTest, one_range_for_each_key_and_none_for_values_that_no_row_can_have) {
  Add(Cell::Int(7), Cell::Uint(5), "x");
  Add(Cell::Int(-3), Cell::Uint(5), "y");
  Add(Cell::Int(7), Cell::Uint(70'000), "x");
  Add(Cell::Int(40'000), Cell::Null(), "z");
  const auto by_id = Ranges(*Key({{"id", "id"}}), 1000);
  ASSERT_TRUE(by_id);
  ASSERT_EQ(by_id->size(), 2u);
  EXPECT_EQ((*by_id)[0].from, Encoded(-3));
  EXPECT_EQ((*by_id)[1].from, Encoded(7));
  EXPECT_LT(Encoded(7, "\x7f\x7f"), (*by_id)[1].to);
  EXPECT_LE((*by_id)[1].to, Encoded(8));
  const auto by_both = Ranges(*Key({{"id", "id"}, {"name", "name"}}), 1000);
  ASSERT_TRUE(by_both);
  ASSERT_EQ(by_both->size(), 2u);
  EXPECT_EQ((*by_both)[1].from, Encoded(7, "x"));
  const auto by_unsigned = Ranges(*Key({{"id", "c"}}), 1000);
  ASSERT_TRUE(by_unsigned);
  ASSERT_EQ(by_unsigned->size(), 1u);
  EXPECT_EQ((*by_unsigned)[0].from, Encoded(5));
}

TEST_F(LookupKeyTest, reads_the_whole_table_when_that_is_cheaper) {
  for (int i = 0; i < 10; ++i) Add(Cell::Int(i), Cell::Uint(1), "x");
  EXPECT_FALSE(Ranges(*Key({{"id", "id"}}), 399));
  EXPECT_TRUE(Ranges(*Key({{"id", "id"}}), 400));
  EXPECT_TRUE(Ranges(*Key({{"id", "c"}}), 40));
}

TEST_F(LookupKeyTest, reads_the_whole_table_for_a_cell_it_does_not_know) {
  Add(Cell::Double(1), Cell::Uint(1), "x");
  EXPECT_FALSE(Ranges(*Key({{"id", "id"}}), 1000));
}

}  // namespace
}  // namespace freshet
