// SPDX-License-Identifier: Apache-2.0
// Goal: lookup tables take part in a mapping as they are when a batch is mapped; rows of files are mapped like images.
#include "sql/duckdb_rows.h"
#include "tests/unit/sql/mapping_fixture.h"

namespace freshet {
namespace {

class MappingLookupTest : public MappingFixture {
 protected:
  void SetUp() override {
    MappingFixture::SetUp();
    LogicalType number;
    number.kind = TypeKind::kInt64;
    LogicalType text;
    text.kind = TypeKind::kString;
    dim_ = MakeTable("shop", "dim", {{"id", number, true}, {"label", text}, {"kind", number}});
    MakeTable("shop", "copying", {{"id", number, true}}, false);
    SqlFixture::Insert(dim_, {{"1", "one", "7"}, {"2", "two", "7"}});
  }
  static std::vector<std::string> Row(const std::string& id, const std::string& n) {
    return {id, "x", "NULL", "NULL", "NULL", "NULL", n};
  }
  StoredTablePtr dim_;
};

TEST_F(MappingLookupTest, joined_tables_are_read_as_of_each_batch) {
  ASSERT_EQ(Compile("SELECT o.id, d.label FROM SRC o LEFT JOIN dim d ON d.id = o.n"), "");
  EXPECT_TRUE(mapping_->has_lookups());
  EXPECT_EQ(Names(mapping_->key_columns()), "id");
  EXPECT_EQ(Names(mapping_->used_columns()), "id n");
  EXPECT_EQ(Images({Row("10", "2"), Row("11", "3"), Row("12", "1")}), "0: 10|two\n1: 11|NULL\n2: 12|one\n");
  SqlFixture::Insert(dim_, {{"3", "three", "7"}});
  EXPECT_EQ(Images({Row("10", "2"), Row("11", "3")}), "0: 10|two\n1: 11|three\n");
  EXPECT_EQ(Keys({{"9", "?", "?", "?", "?", "?", "?"}}), "0: 9|?\n");
}

TEST_F(MappingLookupTest, a_large_lookup_table_is_read_by_key) {
  std::vector<std::vector<std::optional<std::string>>> rows;
  for (int i = 3; i < 5000; ++i) rows.push_back({std::to_string(i), "label " + std::to_string(i), "7"});
  SqlFixture::Insert(dim_, rows);
  ASSERT_EQ(Compile("SELECT o.id, d.label FROM SRC o LEFT JOIN dim d ON d.id = o.n AND d.kind = 7"), "");
  EXPECT_EQ(Images({Row("10", "4999"), Row("11", "5000"), Row("12", "NULL"), Row("13", "4"), Row("14", "4999")}),
            "0: 10|label 4999\n1: 11|NULL\n2: 12|NULL\n3: 13|label 4\n4: 14|label 4999\n");
  EXPECT_EQ(Images({Row("10", "NULL")}), "0: 10|NULL\n");
  SqlFixture::Insert(dim_, {{"4", "new", "7"}, {"4999", "other kind", "8"}, {"5000", "late", "7"}});
  EXPECT_EQ(Images({Row("10", "4999"), Row("11", "5000"), Row("13", "4")}), "0: 10|NULL\n1: 11|late\n2: 13|new\n");
}

TEST_F(MappingLookupTest, a_lookup_table_that_is_made_again_or_altered_is_joined_as_it_is) {
  ASSERT_EQ(Compile("SELECT o.id, d.label FROM SRC o LEFT JOIN dim d ON d.id = o.n"), "");
  EXPECT_EQ(Images({Row("10", "2")}), "0: 10|two\n");
  ASSERT_TRUE(store_->DropTable(dim_->id).ok());
  EXPECT_NE(Images({Row("10", "2")}).find("dim"), std::string::npos);
  LogicalType number;
  number.kind = TypeKind::kInt64;
  LogicalType text;
  text.kind = TypeKind::kString;
  dim_ = MakeTable("shop", "dim", {{"label", text}, {"id", number, true}});
  SqlFixture::Insert(dim_, {{"second", "2"}});
  EXPECT_EQ(Images({Row("10", "2"), Row("11", "1")}), "0: 10|second\n1: 11|NULL\n");
}

TEST_F(MappingLookupTest, a_key_that_is_a_column_of_using_is_the_sources) {
  ASSERT_EQ(Compile("SELECT id, d.label FROM SRC o JOIN dim d USING (id)"), "");
  EXPECT_EQ(Images({Row("1", "0"), Row("9", "0"), Row("2", "0")}), "0: 1|one\n2: 2|two\n");
  EXPECT_EQ(Keys({{"1", "?", "?", "?", "?", "?", "?"}}), "0: 1|?\n");
  ASSERT_EQ(Compile("SELECT id, d.label FROM dim d JOIN SRC o USING (id)"), "");
  EXPECT_EQ(Images({Row("2", "0")}), "0: 2|two\n");
}

TEST_F(MappingLookupTest, a_key_that_using_takes_in_another_type_is_refused) {
  LogicalType text;
  text.kind = TypeKind::kString;
  SqlFixture::Insert(MakeTable("shop", "named", {{"id", text, true}, {"label", text}}), {{"07", "seven"}});
  const std::string refused = Compile("SELECT id, d.label FROM named d JOIN SRC o USING (id)");
  EXPECT_NE(refused.find("name the source's column, as alias.column"), std::string::npos) << refused;
  ASSERT_EQ(Compile("SELECT o.id, d.label FROM named d JOIN SRC o USING (id)"), "");
  EXPECT_EQ(Images({Row("7", "0")}), "0: 7|seven\n");
}

TEST_F(MappingLookupTest, rows_keep_their_order_through_joins) {
  ASSERT_EQ(Compile("SELECT o.id, d.label FROM SRC o JOIN shop.dim AS d ON d.id = o.n WHERE d.kind = 7"), "");
  std::vector<std::vector<std::string>> rows;
  std::string expected;
  for (int i = 0; i < 3000; ++i) {
    rows.push_back(Row(std::to_string(i), std::to_string(i % 3)));
    if (i % 3 > 0) expected += std::to_string(i) + ": " + std::to_string(i) + (i % 3 == 1 ? "|one\n" : "|two\n");
  }
  EXPECT_EQ(Images(rows), expected);
}

TEST_F(MappingLookupTest, a_row_with_two_matches_is_rejected) {
  ASSERT_EQ(Compile("SELECT o.id, d.label FROM SRC o JOIN dim d ON d.kind = o.n"), "");
  EXPECT_EQ(Images({Row("1", "7"), Row("2", "8")}),
            "0! the row matches more than one row of the tables it is joined with\n");
}

TEST_F(MappingLookupTest, subqueries_look_up_values) {
  ASSERT_EQ(Compile("SELECT id, (SELECT d.label FROM dim d WHERE d.id = n) FROM SRC "
                    "WHERE n NOT IN (SELECT id FROM dim WHERE label = 'one')"),
            "");
  EXPECT_EQ(Images({Row("10", "2"), Row("11", "1"), Row("12", "5")}), "0: 10|two\n2: 12|NULL\n");
  ASSERT_EQ(Compile("SELECT o.id, m.top FROM SRC o CROSS JOIN (SELECT max(label) AS top FROM dim GROUP BY kind) m"),
            "");
  EXPECT_EQ(Images({Row("10", "2")}), "0: 10|two\n");
}

TEST_F(MappingLookupTest, keys_are_not_made_of_lookups) {
  const std::string alone = "must be made of columns of the source alone";
  EXPECT_NE(Compile("SELECT d.id, o.name FROM SRC o JOIN dim d ON d.id = o.n").find(alone), std::string::npos);
  EXPECT_NE(Compile("SELECT (SELECT max(id) FROM dim), name FROM SRC").find(alone), std::string::npos);
  target_ = Schema("t", {"id BIGINT KEY", "label VARCHAR", "kind INT", "oid BIGINT"});
  EXPECT_NE(Compile("SELECT d.*, o.id FROM SRC o JOIN dim d ON d.id = o.n").find(alone), std::string::npos);
  target_ = Schema("t", {"id BIGINT", "label VARCHAR", "kind INT", "oid BIGINT KEY"});
  ASSERT_EQ(Compile("SELECT d.*, o.id FROM SRC o JOIN dim d ON d.id = o.n"), "");
  EXPECT_EQ(Images({Row("10", "2")}), "0: 2|two|7|10\n");
}

TEST_F(MappingLookupTest, joins_that_make_rows_of_their_own_are_refused) {
  for (const char* from : {"SRC o RIGHT JOIN dim d ON d.id = o.n", "SRC o FULL OUTER JOIN dim d ON d.id = o.n",
                           "dim d LEFT JOIN SRC o ON d.id = o.n"}) {
    EXPECT_NE(Compile(std::string("SELECT o.id, d.label FROM ") + from).find("an outer join that keeps rows of other"),
              std::string::npos)
        << from;
  }
  EXPECT_NE(Compile("SELECT o.id, label FROM SRC o NATURAL JOIN dim").find("say ON or USING"), std::string::npos);
  ASSERT_EQ(Compile("SELECT o.id, left(d.label, 2) FROM dim d JOIN SRC o ON left(d.label, 1) = 't' AND d.id = o.n"),
            "");
  EXPECT_EQ(Images({Row("10", "2")}), "0: 10|tw\n");
}

TEST_F(MappingLookupTest, a_source_row_as_one_value_reads_all_its_columns) {
  target_ = Schema("t", {"id BIGINT KEY", "doc JSON"});
  ASSERT_EQ(Compile("SELECT o.id, o FROM SRC o JOIN dim d ON d.id = o.n"), "");
  EXPECT_EQ(mapping_->used_columns().size(), source_->columns.size());
  EXPECT_NE(Images({Row("10", "2")}).find("\"n\":2"), std::string::npos);
}

TEST_F(MappingLookupTest, a_lookup_table_must_exist_and_be_ready) {
  EXPECT_NE(Compile("SELECT o.id, d.label FROM SRC o JOIN nosuch d ON d.id = o.n").find("nosuch"), std::string::npos);
  EXPECT_NE(Compile("SELECT o.id, 'x' FROM SRC o JOIN copying d ON d.id = o.n").find("CONFLICT"), std::string::npos);
  EXPECT_NE(Compile("SELECT * FROM SRC o JOIN dim d ON d.id = o.n").find("write o.*"), std::string::npos);
}

TEST_F(MappingLookupTest, rows_of_files_are_mapped_by_name) {
  FileColumns columns;
  columns.columns = {{"id", "VARCHAR"}, {"name", "VARCHAR"}, {"extra", "VARCHAR"}};
  auto mapping = Mapping::Compile(*engine_, Insert("SELECT id, upper(name) FROM SRC WHERE extra <> 'skip'"),
                                  {nullptr, std::make_shared<const FileColumns>(columns)}, target_, {});
  ASSERT_TRUE(mapping.ok()) << mapping.status().ToString();
  EXPECT_EQ((*mapping)->used_columns(), (std::vector<uint32_t>{0, 1, 2}));
  TextChunk rows;
  rows.SetColumns({"id", "name", "extra"});
  rows.Clear(0);
  for (const char* id : {"1", "2", "x", "4"}) {
    rows.Set(0, id);
    rows.Set(1, "a longer name");
    rows.Set(2, *id == '2' ? "skip" : "no");
    rows.AddRow();
  }
  EXPECT_EQ(Text((*mapping)->MapFileRows(rows)),
            "0! column name: text is longer than VARCHAR(10)\n2! column id: VARCHAR does not fit BIGINT\n"
            "3! column name: text is longer than VARCHAR(10)\n");
}

TEST_F(MappingLookupTest, a_file_row_whose_expression_fails_is_found) {
  FileColumns columns;
  columns.columns = {{"id", "VARCHAR"}, {"name", "VARCHAR"}};
  auto mapping = Mapping::Compile(*engine_, Insert("SELECT CAST(id AS SIGNED) * 2, name FROM SRC"),
                                  {nullptr, std::make_shared<const FileColumns>(columns)}, target_, {});
  ASSERT_TRUE(mapping.ok()) << mapping.status().ToString();
  TextChunk rows;
  rows.SetColumns({"id", "name"});
  rows.Clear(0);
  std::string expected;
  for (int i = 0; i < 9; ++i) {
    rows.Set(0, i == 6 ? "six" : std::to_string(i));
    if (i % 2 == 0) rows.Set(1, "row " + std::to_string(i));
    rows.AddRow();
    const std::string number = std::to_string(i);
    if (i == 6) continue;
    expected += number + ": " + std::to_string(2 * i) + "|" + (i % 2 == 0 ? "row " + number : "NULL") + "\n";
  }
  const std::string text = Text((*mapping)->MapFileRows(rows));
  EXPECT_EQ(text.substr(0, expected.size()), expected);
  EXPECT_EQ(text.substr(expected.size(), 25), "6! Conversion Error: Coul");
}

}  // namespace
}  // namespace freshet
