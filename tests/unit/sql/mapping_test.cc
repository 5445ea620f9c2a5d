// SPDX-License-Identifier: Apache-2.0
// Goal: a SELECT turns source rows into rows of its target, rejects those that do not fit and no others, and finds a
// row's key whatever its WHERE says.
#include "sql/mapping.h"

#include "sql/mapping_statement.h"
#include "tests/unit/sql/mapping_fixture.h"

namespace freshet {
namespace {

using MappingTest = MappingFixture;

// Only the columns that a test reads.
std::vector<std::string> Row(const std::string& id, const std::string& name, const std::string& price = "NULL",
                             const std::string& day = "NULL", const std::string& note = "NULL") {
  return {id, name, price, day, note, "2024-05-06 07:08:09.5", "3"};
}

TEST_F(MappingTest, expressions_and_conditions_make_rows_of_the_target) {
  target_ = Schema("t", {"id BIGINT KEY", "label VARCHAR(40)", "cents BIGINT", "kind VARCHAR(8)"});
  ASSERT_EQ(Compile("(kind, id, label, cents) SELECT CASE WHEN price > 10 THEN 'big' ELSE 'small' END AS k, o.id, "
                    "concat(upper(name), '-', year(day)), price * 100 FROM SRC AS o WHERE o.id <> 2"),
            "");
  EXPECT_EQ(Names(mapping_->used_columns()), "id name price day");
  EXPECT_EQ(Names(mapping_->key_columns()), "id");
  EXPECT_FALSE(mapping_->has_lookups());
  EXPECT_EQ(Images({Row("1", "ann", "12.50", "2024-02-29"), Row("2", "bob", "1.00", "2024-01-01"),
                    Row("3", "eve", "0.99", "1999-12-31")}),
            "0: 1|ANN-2024|1250|big\n2: 3|EVE-1999|99|small\n");
}

TEST_F(MappingTest, literals_that_a_column_cannot_hold_are_compared_by_value) {
  target_ = Schema("t", {"id BIGINT KEY"});
  ASSERT_EQ(Compile("SELECT o.id FROM SRC o WHERE o.id < '1.5' OR day < '2024-01-01 10:00:00'"), "");
  EXPECT_EQ(
      Images({Row("1", "x", "1", "2024-02-01"), Row("2", "x", "1", "2024-02-01"), Row("3", "x", "1", "2024-01-01")}),
      "0: 1\n2: 3\n");
}

TEST_F(MappingTest, keys_are_made_whatever_the_condition_says) {
  target_ = Schema("t", {"name VARCHAR(10)", "code VARCHAR(20) KEY", "part INT KEY"});
  ASSERT_EQ(Compile("(part, name, code) SELECT id % 10, name, concat('k', id) x FROM SRC WHERE name = 'ann' AND n > 2"),
            "");
  EXPECT_EQ(Names(mapping_->used_columns()), "id name n");
  EXPECT_EQ(Names(mapping_->key_columns()), "id");
  EXPECT_EQ(Keys({{"17", "?", "?", "?", "?", "?", "?"}, {"4", "?", "?", "?", "?", "?", "?"}}),
            "0: ?|k17|7\n1: ?|k4|4\n");
}

TEST_F(MappingTest, a_star_is_all_columns_of_the_source) {
  source_ = Schema("s", {"id BIGINT KEY", "name VARCHAR", "secret VARCHAR EXCLUDED"});
  ASSERT_EQ(Compile("SELECT * FROM SRC"), "");
  EXPECT_EQ(Names(mapping_->used_columns()), "id name");
  EXPECT_EQ(Images({{"5", "x", "?"}}), "0: 5|x\n");
  ASSERT_EQ(Compile("(name, id) SELECT s.name, s.id FROM SRC s WHERE s.id IS NOT NULL"), "");
  target_ = Schema("t", {"id BIGINT KEY", "name VARCHAR(10)", "again BIGINT"});
  ASSERT_EQ(Compile("SELECT s.*, s.id FROM SRC s"), "");
  EXPECT_EQ(Images({{"5", "x", "?"}}), "0: 5|x|5\n");
}

TEST_F(MappingTest, columns_that_are_not_listed_take_their_default) {
  target_ =
      Schema("t", {"id BIGINT KEY", "name VARCHAR(10) NOT NULL = none", "price DECIMAL(30,2) = 7.50", "note VARCHAR"});
  ASSERT_EQ(Compile("(id) SELECT id FROM SRC"), "");
  EXPECT_EQ(Images({Row("1", "a"), Row("2", "b")}), "0: 1|none|7.50|NULL\n1: 2|none|7.50|NULL\n");
  EXPECT_EQ(Keys({Row("1", "a")}), "0: 1|?|?|?\n");
  target_ = Schema("t", {"id BIGINT KEY", "name VARCHAR(10) NOT NULL"});
  EXPECT_EQ(Compile("(id) SELECT id FROM SRC"),
            "INVALID: NOT NULL column name of the target has no default and is not in the column list");
  EXPECT_EQ(Compile("(name) SELECT name FROM SRC"),
            "INVALID: key column id of the target has no default and is not in the column list");
}

TEST_F(MappingTest, a_clock_default_is_the_time_of_the_batch_in_the_columns_digits) {
  auto target = std::make_shared<TableSchema>(*Schema("t", {"id BIGINT KEY", "made DATETIME(0) NOT NULL"}));
  target->columns[1].insert_now = true;
  target_ = target;
  ASSERT_EQ(Compile("(id) SELECT id FROM SRC"), "");
  const RowBatch batch = Batch({Row("1", "a")});
  const std::vector<uint32_t> images = {0};
  const auto mapped = mapping_->MapImages(batch, images);
  ASSERT_TRUE(mapped.ok());
  const Cell made = mapped->rows.Image(0)[1];
  ASSERT_EQ(made.kind, CellKind::kInt);
  EXPECT_EQ(made.AsInt() % 1'000'000, 0);
  EXPECT_GT(made.AsInt(), 1'700'000'000'000'000);
  EXPECT_EQ(Keys({Row("1", "a")}), "0: 1|?\n");
}

TEST_F(MappingTest, values_that_do_not_fit_reject_their_rows_when_strict) {
  target_ = Schema("t", {"id TINYINT KEY", "name VARCHAR(3)", "amount INT", "day DATE NOT NULL"});
  ASSERT_EQ(Compile("SELECT id, name, note, day FROM SRC"), "");
  EXPECT_EQ(Images({Row("1", "abc", "0", "2024-01-01", "12"), Row("300", "abc", "0", "2024-01-01", "1"),
                    Row("3", "abcd", "0", "2024-01-01", "1"), Row("4", "x", "0", "2024-01-01", "12x"),
                    Row("5", "x", "0", "NULL", "1"), Row("6", "NULL", "0", "2024-01-02", "NULL")}),
            "0: 1|abc|12|2024-01-01\n5: 6|NULL|NULL|2024-01-02\n"
            "1! column id: BIGINT does not fit TINYINT\n2! column name: text is longer than VARCHAR(3)\n"
            "3! column amount: VARCHAR does not fit INT\n4! column day: NULL in a NOT NULL column\n");
}

TEST_F(MappingTest, text_keeps_its_offset_and_is_a_number_only_when_it_is_one) {
  target_ = Schema("t", {"id BIGINT KEY", "at DATETIME", "day DATE"});
  ASSERT_EQ(Compile("SELECT id, note, CAST(note AS DATE) FROM SRC"), "");
  EXPECT_EQ(Images({Row("1", "a", "0", "NULL", "2024-01-01T00:00:00+02:00"),
                    Row("2", "a", "0", "NULL", "2024-01-01 10:00:00"), Row("3", "a", "0", "NULL", "epoch")}),
            "0: 1|2023-12-31 22:00:00|2023-12-31\n1: 2|2024-01-01 10:00:00|2024-01-01\n"
            "2! Conversion Error: invalid date field format: .., expected format is (YYYY-MM-DD)\n");
  ASSERT_EQ(Compile("SELECT id, json_extract(note, '$.t'), CAST(json_extract(note, '$.t') AS DATE) FROM SRC"), "");
  EXPECT_EQ(Images({Row("1", "a", "0", "NULL", "{\"t\": \"2024-01-01T01:00:00+02:00\"}")}),
            "0: 1|2023-12-31 23:00:00|2023-12-31\n");
  target_ = Schema("t", {"id BIGINT KEY", "amount INT"});
  ASSERT_EQ(Compile("SELECT id, note FROM SRC"), "");
  EXPECT_EQ(Images({Row("1", "a", "0", "NULL", "1_000"), Row("2", "a", "0", "NULL", "0x1F"),
                    Row("3", "a", "0", "NULL", " 7 ")}),
            "2: 3|7\n0! column amount: VARCHAR does not fit INT\n1! column amount: VARCHAR does not fit INT\n");
}

TEST_F(MappingTest, values_that_do_not_fit_become_null_when_not_strict) {
  options_.strict = false;
  target_ = Schema("t", {"id TINYINT KEY", "name VARCHAR(3)", "amount INT", "price INT"});
  ASSERT_EQ(Compile("SELECT id, name, note, CAST(note AS SIGNED) FROM SRC"), "");
  EXPECT_EQ(Images({Row("1", "abc", "0", "NULL", "12x"), Row("300", "abc"), Row("3", "abcd")}),
            "0: 1|abc|NULL|NULL\n1! column id: NULL in a NOT NULL column\n"
            "2! column name: text is longer than VARCHAR(3)\n");
}

TEST_F(MappingTest, expressions_that_fail_reject_their_rows_alone) {
  target_ = Schema("t", {"id BIGINT KEY", "amount INT"});
  ASSERT_EQ(Compile("SELECT id, CAST(note AS SIGNED) + 1 FROM SRC WHERE id <> 7"), "");
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < 100; ++i)
    rows.push_back(Row(std::to_string(i), "a", "0", "NULL", i == 31 || i == 64 ? "top secret" : "5"));
  const std::string text = Images(rows);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 99);
  EXPECT_NE(text.find("30: 30|6\n32: 32|6\n"), std::string::npos) << text;
  EXPECT_NE(text.find("31! Conversion Error: Could not convert string .. to INT64"), std::string::npos) << text;
  EXPECT_NE(text.find("64! "), std::string::npos) << text;
  EXPECT_EQ(text.find("secret"), std::string::npos) << text;
  // And the statement goes on to work.
  EXPECT_EQ(Images({Row("1", "a", "0", "NULL", "8")}), "0: 1|9\n");
}

TEST_F(MappingTest, reasons_name_no_values) {
  EXPECT_EQ(ReasonWithoutValues("Conversion Error: Could not convert string 'it's \"x\"' to INT32\n\nLINE 1: ..."),
            "Conversion Error: Could not convert string .. to INT32");
  EXPECT_EQ(ReasonWithoutValues("Out of Range Error: Overflow in multiplication of INT32 (2147483647 * 2)!"),
            "Out of Range Error: Overflow in multiplication of INT32 (.. * ..)!");
  EXPECT_EQ(ReasonWithoutValues("Conversion Error: Type INT64 with value 300 can't be cast because x"),
            "Conversion Error: Type INT64 with value .. can't be cast because x");
  EXPECT_EQ(ReasonWithoutValues("Conversion Error: bad 'two\nlines'"), "Conversion Error: bad ..");
  EXPECT_EQ(ReasonWithoutValues("Invalid Input Error: missing ]: [secret"), "Invalid Input Error: missing ]: ..");
  EXPECT_EQ(ReasonWithoutValues("Invalid Input Error: secret"), "Invalid Input Error: ..");
}

TEST_F(MappingTest, values_outside_sql_types_reject_their_rows_or_become_null) {
  target_ = Schema("t", {"id BIGINT KEY", "day DATE"});
  ASSERT_EQ(Compile("SELECT id, day FROM SRC"), "");
  EXPECT_EQ(Images({Row("1", "a", "0", "!0000-00-00"), Row("2", "a", "0", "2024-01-01")}),
            "1: 2|2024-01-01\n0! column day holds a value that SQL type DATE cannot represent\n");
  options_.strict = false;
  ASSERT_EQ(Compile("SELECT id, day FROM SRC"), "");
  EXPECT_EQ(Images({Row("1", "a", "0", "!0000-00-00")}), "0: 1|NULL\n");
  options_.strict = true;
  ASSERT_EQ(Compile("SELECT id, NULL FROM SRC"), "");
  EXPECT_EQ(Images({Row("1", "a", "0", "!0000-00-00")}), "0: 1|NULL\n");
}

TEST_F(MappingTest, a_used_cell_that_is_not_known_is_an_error) {
  ASSERT_EQ(Compile("SELECT id, name FROM SRC"), "");
  EXPECT_EQ(Images({{"1", "?", "?", "?", "?", "?", "?"}}), "INVALID: column name of a row to map is not known");
  EXPECT_EQ(Images({{"1", "a", "?", "?", "?", "?", "?"}}), "0: 1|a\n");
}

TEST_F(MappingTest, aliases_are_told_from_operands) {
  target_ = Schema("t", {"id BIGINT KEY", "a DATETIME(0)", "b BOOL", "c VARCHAR"});
  ASSERT_EQ(Compile("SELECT id key_, day + INTERVAL 1 DAY, name LIKE note, 'x' word FROM SRC"), "");
  EXPECT_EQ(Images({Row("1", "ab", "0", "2024-02-28", "a%")}), "0: 1|2024-02-29 00:00:00|t|x\n");
  ASSERT_EQ(Compile("SELECT id, created made, NOT id, CASE WHEN n IS NULL THEN 'a' END FROM SRC"), "");
  EXPECT_EQ(Images({Row("1", "ab")}), "0: 1|2024-05-06 07:08:10|f|NULL\n");
  EXPECT_EQ(Keys({Row("1", "ab")}), "0: 1|?|?|?\n");
}

TEST_F(MappingTest, what_a_stream_cannot_do_is_refused_with_a_reason) {
  const std::string no_end = " is not available over a stream, which has no end";
  for (const char* clause : {"GROUP BY id", "ORDER BY id", "LIMIT 5", "UNION ALL SELECT 1, 'x'", "HAVING id > 1"}) {
    EXPECT_NE(Compile(std::string("SELECT id, name FROM SRC ") + clause).find(no_end), std::string::npos) << clause;
  }
  EXPECT_EQ(Compile("SELECT DISTINCT id, name FROM SRC"),
            "UNSUPPORTED: DISTINCT" + no_end + " (at line 1, column 8 near 'DISTINCT' of the SELECT)");
  EXPECT_EQ(Compile("SELECT max(id), 'x' FROM SRC"),
            "UNSUPPORTED: aggregates are not available over a stream, which has no end");
  EXPECT_NE(Compile("SELECT row_number() OVER (), name FROM SRC").find("window functions"), std::string::npos);
  EXPECT_NE(Compile("SELECT id, ? FROM SRC").find("parameters"), std::string::npos);
}

TEST_F(MappingTest, mistakes_are_found_when_it_is_compiled) {
  EXPECT_NE(Compile("SELECT id, nosuch FROM SRC").find("nosuch"), std::string::npos);
  EXPECT_EQ(Compile("SELECT id FROM SRC"), "INVALID: Column count doesn't match: 2 target columns, 1 in the SELECT");
  EXPECT_EQ(Compile("(id, other) SELECT id, name FROM SRC"), "INVALID: Unknown column 'other' in target table shop.t");
  EXPECT_NE(Compile("SELECT unix_timestamp(), name FROM SRC").find("must be the same each time"), std::string::npos);
  target_ = Schema("t", {"id BIGINT KEY", "n INT"});
  EXPECT_EQ(Compile("SELECT id, day FROM SRC"), "INVALID: column n: DATE cannot be cast to INT");
}

TEST_F(MappingTest, the_delete_sign_may_be_listed_where_it_was_asked_for) {
  EXPECT_NE(Compile("(id, name, __DORIS_DELETE_SIGN__) SELECT id, name, __DORIS_DELETE_SIGN__ FROM SRC")
                .find("include_delete_sign"),
            std::string::npos);
  arguments_ = {{"include_delete_sign", "true"}};
  ASSERT_EQ(Compile("(__DORIS_DELETE_SIGN__, id, name) SELECT o.__doris_delete_sign__, id, name FROM SRC o"), "");
  EXPECT_EQ(Images({Row("1", "a")}), "0: 1|a\n");
}

TEST_F(MappingTest, bytes_and_text_become_each_other_by_their_utf8) {
  source_ = Schema("s", {"id BIGINT KEY", "b BLOB", "s VARCHAR"});
  target_ = Schema("t", {"id BIGINT KEY", "s VARCHAR", "b BLOB"});
  ASSERT_EQ(Compile("SELECT id, b, s FROM SRC"), "");
  EXPECT_EQ(Images({{"1", "\\xc3a4", "\\x41"}, {"2", "\\xff", "a"}}),
            "0: 1|\xC3\xA4|\\x5c783431\n1! column s: BLOB does not fit LONGTEXT\n");
}

}  // namespace
}  // namespace freshet
