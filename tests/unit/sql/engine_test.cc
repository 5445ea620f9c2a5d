// SPDX-License-Identifier: Apache-2.0
// Goal: queries over stored tables give exactly what is stored, from one moment, or a clear error. Method: a
// real store in a temporary folder, SQL in, text out.
#include "storage/read_view.h"
#include "tests/unit/sql/sql_fixture.h"

namespace freshet {
namespace {

LogicalType Type(TypeKind kind, uint16_t precision = 0, uint16_t scale = 0) {
  LogicalType type;
  type.kind = kind;
  type.precision = precision;
  type.scale = scale;
  return type;
}

class EngineTest : public SqlFixture {
 protected:
  void SetUp() override {
    SqlFixture::SetUp();
    orders_ = MakeTable("shop", "orders",
                        {{"id", Type(TypeKind::kInt32), true},
                         {"who", Type(TypeKind::kString)},
                         {"total", Type(TypeKind::kDecimal, 10, 2)}});
    Insert(orders_, {{"1", "ann", "10.50"}, {"2", "bob", "-0.05"}, {"3", std::nullopt, std::nullopt}});
  }
  StoredTablePtr orders_;
};

TEST_F(EngineTest, select_by_qualified_and_by_plain_name) {
  EXPECT_EQ(Ask("SELECT * FROM shop.orders ORDER BY id"), "1|ann|10.50\n2|bob|-0.05\n3|NULL|NULL\n");
  EXPECT_TRUE(Ask("SELECT * FROM orders").starts_with("NOT_FOUND")) << Ask("SELECT * FROM orders");
  EXPECT_EQ(Ask("USE shop"), "OK");
  EXPECT_EQ(Ask("SELECT `who` FROM `orders` WHERE `orders`.`id` = 2"), "bob\n");
  EXPECT_EQ(Ask("SELECT shop.orders.id FROM shop.orders WHERE shop.orders.who = \"ann\""), "1\n");
}

TEST_F(EngineTest, literals_that_a_column_cannot_hold_are_compared_by_value) {
  EXPECT_EQ(Ask("SELECT id FROM shop.orders WHERE id = '1.5' OR id = '2'"), "2\n");
  EXPECT_EQ(Ask("SELECT id FROM shop.orders WHERE id > \"1.5\" ORDER BY id;"), "2\n3\n");
  EXPECT_EQ(Ask("SELECT id FROM shop.orders WHERE id IN ('1', '2.5')"), "1\n");
  EXPECT_EQ(Ask("SELECT id FROM shop.orders AS o WHERE o.id BETWEEN '1.5' AND '2.5'"), "2\n");
  EXPECT_EQ(Ask("SELECT id FROM shop.orders WHERE total = '10.499'"), "");
  EXPECT_EQ(Ask("SELECT id FROM shop.orders WHERE total < '10.501' AND total > '10.499'"), "1\n");
  Insert(MakeTable("shop", "days", {{"day", Type(TypeKind::kDate), true}}), {{"2024-01-01"}, {"2024-01-02"}});
  EXPECT_EQ(Ask("SELECT day FROM shop.days WHERE day >= '2024-01-01 10:00:00'"), "2024-01-02\n");
  EXPECT_EQ(Ask("SELECT day FROM shop.days WHERE '2024-01-01 10:00:00' > day"), "2024-01-01\n");
  EXPECT_EQ(Ask("SELECT day FROM shop.days WHERE day = '2024-01-01'"), "2024-01-01\n");
}

TEST_F(EngineTest, projection_count_and_aggregates) {
  EXPECT_EQ(Ask("SELECT count(*) FROM shop.orders"), "3\n");
  EXPECT_EQ(Ask("SELECT sum(total), avg(id), max(who) FROM shop.orders"), "10.45|2|bob\n");
  EXPECT_EQ(Ask("SELECT total FROM shop.orders WHERE who IS NOT NULL ORDER BY total"), "-0.05\n10.50\n");
  EXPECT_EQ(Header("SELECT count(*), id + 1, who AS w FROM shop.orders GROUP BY id, who"), "count(*)|id + 1|w");
}

TEST_F(EngineTest, every_type_reads_back_exactly) {
  const StoredTablePtr table = MakeTable("shop", "all",
                                         {{"id", Type(TypeKind::kInt64), true},
                                          {"b", Type(TypeKind::kBool)},
                                          {"i8", Type(TypeKind::kInt8)},
                                          {"u8", Type(TypeKind::kUint8)},
                                          {"u64", Type(TypeKind::kUint64)},
                                          {"f", Type(TypeKind::kFloat32)},
                                          {"d", Type(TypeKind::kFloat64)},
                                          {"dec18", Type(TypeKind::kDecimal, 18, 6)},
                                          {"dec38", Type(TypeKind::kDecimal, 38, 10)},
                                          {"dec65", Type(TypeKind::kDecimal, 65, 30)},
                                          {"num", Type(TypeKind::kNumeric)},
                                          {"day", Type(TypeKind::kDate)},
                                          {"tod", Type(TypeKind::kTimeOfDay, 6)},
                                          {"span", Type(TypeKind::kTimeSpan, 6)},
                                          {"dt", Type(TypeKind::kDateTime, 6)},
                                          {"ts", Type(TypeKind::kTimestamp, 0)},
                                          {"y", Type(TypeKind::kYear)},
                                          {"u", Type(TypeKind::kUuid)},
                                          {"j", Type(TypeKind::kJson)},
                                          {"bits", Type(TypeKind::kBitInt)},
                                          {"arr", Type(TypeKind::kArray)}});
  Insert(table, {{"-9223372036854775808",
                  "1",
                  "-128",
                  "255",
                  "18446744073709551615",
                  "0.1",
                  "0.1",
                  "-123456789012.345678",
                  "-9999999999999999999999999999.0123456789",
                  "12345678901234567890123456789012345.000000000000000000000000000001",
                  "1.500",
                  "2024-02-29",
                  "23:59:59.999999",
                  "-838:59:59.000000",
                  "1000-01-01 00:00:00.000001",
                  "2038-01-19 03:14:07",
                  "2155",
                  "00112233-4455-6677-8899-aabbccddeeff",
                  "{\"a\": 1}",
                  "5",
                  "{1,NULL,\"a b\"}"}});
  EXPECT_EQ(
      Ask("SELECT * FROM shop.all"),
      "-9223372036854775808|1|-128|255|18446744073709551615|0.1|0.1|-123456789012.345678|"
      "-9999999999999999999999999999.0123456789|12345678901234567890123456789012345.000000000000000000000000000001|"
      "1.500|2024-02-29|23:59:59.999999|-838:59:59.000000|1000-01-01 00:00:00.000001|2038-01-19 03:14:07|2155|"
      "00112233-4455-6677-8899-aabbccddeeff|{\"a\": 1}|5|{1,NULL,\"a b\"}\n");
  EXPECT_EQ(Ask("SELECT sum(u64) + 1 FROM shop.all"), "18446744073709551616\n");
}

TEST_F(EngineTest, a_value_that_sql_cannot_hold_fails_the_query_unless_asked_for_null) {
  const StoredTablePtr table =
      MakeTable("shop", "days", {{"id", Type(TypeKind::kInt32), true}, {"day", Type(TypeKind::kDate)}});
  Insert(table, {{"1", "2024-01-01"}, {"2", "!0000-00-00"}});
  EXPECT_EQ(Ask("SELECT * FROM shop.days"),
            "INVALID: column day holds a value that SQL type DATE cannot represent; SET unrepresentable_values='null' "
            "to read it as NULL");
  EXPECT_EQ(Ask("SELECT id FROM shop.days ORDER BY id"), "1\n2\n");
  EXPECT_EQ(Ask("SET unrepresentable_values='null'"), "OK");
  EXPECT_EQ(Ask("SELECT * FROM shop.days ORDER BY id"), "1|2024-01-01\n2|NULL\n");
}

TEST_F(EngineTest, names_with_quotes_unicode_and_keywords_work) {
  const StoredTablePtr table =
      MakeTable("my-\"db", "sel`ect ü", {{"order", Type(TypeKind::kInt32), true}, {"a\"b", Type(TypeKind::kInt32)}});
  Insert(table, {{"1", "2"}});
  EXPECT_EQ(Ask("SELECT `order`, `a\"b` FROM `my-\"db`.`sel``ect ü`"), "1|2\n");
  for (const char* database : {"main", "temp", "memory", "system"}) {
    Insert(MakeTable(database, "t", {{"id", Type(TypeKind::kInt32), true}}), {{"5"}});
    EXPECT_EQ(Ask(std::string("SELECT t.id FROM ") + database + ".t"), "5\n") << database;
    EXPECT_EQ(Ask(std::string("USE ") + database), "OK");
    EXPECT_EQ(Ask("SELECT id FROM t"), "5\n") << database;
  }
}

TEST_F(EngineTest, tables_that_differ_in_case_only_are_never_mixed_up) {
  Insert(MakeTable("shop", "Orders", {{"id", Type(TypeKind::kInt32), true}}), {{"99"}});
  EXPECT_EQ(Ask("SELECT id FROM shop.Orders"), "99\n");
  EXPECT_EQ(Ask("SELECT max(id) FROM shop.orders"), "3\n");
  EXPECT_TRUE(Ask("SELECT * FROM shop.Orders JOIN shop.orders USING (id)").starts_with("UNSUPPORTED"));
  EXPECT_TRUE(Ask("SELECT * FROM shop.ORDERS").starts_with("UNSUPPORTED"));
}

TEST_F(EngineTest, a_table_that_is_still_copied_is_refused) {
  MakeTable("shop", "half", {{"id", Type(TypeKind::kInt32), true}}, false);
  EXPECT_TRUE(Ask("SELECT * FROM shop.half").starts_with("CONFLICT: table shop.half is still being copied"));
  EXPECT_EQ(Ask("SELECT count(*) FROM shop.orders"), "3\n");
}

TEST_F(EngineTest, a_dropped_or_changed_table_is_seen_by_the_next_statement) {
  EXPECT_EQ(Ask("SELECT count(*) FROM shop.orders"), "3\n");
  ASSERT_TRUE(store_->DropTable(orders_->id).ok());
  EXPECT_TRUE(Ask("SELECT count(*) FROM shop.orders").starts_with("NOT_FOUND"))
      << Ask("SELECT count(*) FROM shop.orders");
  Insert(MakeTable("shop", "orders", {{"other", Type(TypeKind::kString), true}}), {{"x"}});
  EXPECT_EQ(Ask("SELECT * FROM shop.orders"), "x\n");
}

TEST_F(EngineTest, all_scans_of_a_statement_read_one_moment) {
  const auto statement = ParseStatement("SELECT a.id FROM shop.orders a, shop.orders b ORDER BY a.id");
  ASSERT_TRUE(statement.ok());
  auto cursor = session_->Execute(*statement);
  ASSERT_TRUE(cursor.ok()) << cursor.status().ToString();
  Insert(orders_, {{"4", "late", "1.00"}});
  EXPECT_EQ(Drain(std::move(cursor)), "1\n1\n1\n2\n2\n2\n3\n3\n3\n");
  EXPECT_EQ(Ask("SELECT count(*) FROM shop.orders"), "4\n");
}

TEST_F(EngineTest, many_rows_come_once_each) {
  std::vector<std::vector<std::optional<std::string>>> rows;
  for (int i = 10; i < 60010; ++i) rows.push_back({std::to_string(i), "x" + std::to_string(i % 7), "1.00"});
  Insert(orders_, rows);
  EXPECT_EQ(Ask("SELECT count(*), count(DISTINCT id), sum(id) FROM shop.orders WHERE id >= 10"),
            "60000|60000|1800570000\n");
  EXPECT_EQ(Ask("SELECT who, count(*) FROM shop.orders WHERE id >= 10 GROUP BY who ORDER BY who LIMIT 1, 1"),
            "x1|8571\n");
}

TEST_F(EngineTest, key_ranges_never_lose_a_row) {
  const StoredTablePtr table = MakeTable(
      "shop", "lines",
      {{"o", Type(TypeKind::kInt32), true}, {"n", Type(TypeKind::kString), true}, {"v", Type(TypeKind::kInt32)}});
  std::vector<std::vector<std::optional<std::string>>> rows;
  for (int o = -3; o <= 3; ++o) {
    for (const char* n : {"", "a", "ab", "b", "ü"}) rows.push_back({std::to_string(o), n, std::to_string(o * 10)});
  }
  Insert(table, rows);
  // The same condition with "+ 0" or "|| ''" cannot be pruned: both must agree.
  const std::pair<const char*, const char*> pairs[] = {
      {"o = 2", "o + 0 = 2"},
      {"o = -3 AND n = 'a'", "o + 0 = -3 AND n = 'a'"},
      {"o >= -1 AND o < 2", "o + 0 >= -1 AND o + 0 < 2"},
      {"o > 3", "o + 0 > 3"},
      {"o <= -2", "o + 0 <= -2"},
      {"o = 1 AND n > 'a' AND n <= 'ü'", "o + 0 = 1 AND n > 'a' AND n <= 'ü'"},
      {"o = 1 AND n = ''", "o + 0 = 1 AND n = ''"},
      {"o = 1 OR o = 2", "o + 0 = 1 OR o + 0 = 2"},
      {"o BETWEEN 0 AND 1 AND n = 'b'", "o + 0 BETWEEN 0 AND 1 AND n = 'b'"},
      {"v = 10 AND o = 1", "v = 10 AND o + 0 = 1"},
      {"o = 99999999999", "o + 0 = 99999999999"},
      {"NOT o = 1", "NOT o + 0 = 1"},
      {"o = 1 AND o = 2", "o + 0 = 1 AND o + 0 = 2"},
  };
  for (const auto& [pruned, plain] : pairs) {
    EXPECT_EQ(Ask(std::string("SELECT o, n FROM shop.lines WHERE ") + pruned + " ORDER BY o, n"),
              Ask(std::string("SELECT o, n FROM shop.lines WHERE ") + plain + " ORDER BY o, n"))
        << pruned;
  }
  EXPECT_EQ(Ask("SELECT count(*) FROM shop.lines WHERE o = 2"), "5\n");
}

TEST_F(EngineTest, writes_and_statements_that_reach_outside_are_refused) {
  EXPECT_TRUE(
      Ask("INSERT INTO shop.orders VALUES (9, 'x', 1)").starts_with("CONFLICT: table shop.orders is owned by job 77"));
  for (const char* sql : {"COPY (SELECT 1) TO '/tmp/x'", "ATTACH '/tmp/x.db'", "INSTALL httpfs", "LOAD httpfs",
                          "PRAGMA version", "CREATE VIEW v AS SELECT 1"}) {
    EXPECT_TRUE(Ask(sql).starts_with("UNSUPPORTED")) << sql << ": " << Ask(sql);
  }
  EXPECT_EQ(Ask("SELECT * FROM read_csv('/etc/passwd')").substr(0, 7), "INVALID");
  EXPECT_EQ(Ask("SELECT * FROM '/etc/passwd.csv'").substr(0, 3) == "OK", false);
  EXPECT_EQ(Ask("WITH x AS (SELECT 1) INSERT INTO shop.orders SELECT 1, 'a', 1 FROM x").substr(0, 2) == "OK", false);
  EXPECT_EQ(Ask("SELECT count(*) FROM shop.orders"), "3\n");
}

TEST_F(EngineTest, system_table_functions_are_queried_like_tables) {
  EXPECT_EQ(Ask("SELECT name, STATUS FROM jobs(\"type\"=\"insert\") WHERE Name = \"shop\""), "shop|RUNNING\n");
  EXPECT_EQ(Ask("SELECT j.Name, o.who FROM jobs('type'='insert') j JOIN shop.orders o ON o.id = j.id ORDER BY 1"),
            "insert|bob\nshop|ann\n");
  EXPECT_EQ(Ask("SELECT * FROM jobs()"), "INVALID: jobs() needs \"type\"");
}

TEST_F(EngineTest, mysql_functions_mean_what_they_mean_in_mysql) {
  const std::pair<const char*, const char*> cases[] = {
      {"SELECT CONCAT('a', NULL)", "NULL\n"},
      {"SELECT IF(1 > 2, 'x', 'y'), IFNULL(NULL, 3), NULL <=> NULL, 1 <=> NULL", "y|3|1|0\n"},
      {"SELECT 7 DIV 2, -7 DIV 2, 7.5 DIV 2, 1 DIV 0, 7 MOD 3", "3|-3|3|NULL|1\n"},
      {"SELECT SUBSTRING_INDEX('a.b.c', '.', 2), SUBSTRING_INDEX('a.b.c', '.', -2), SUBSTRING_INDEX('a', '.', -3)",
       "a.b|b.c|a\n"},
      {"SELECT FIND_IN_SET('b', 'a,b'), FIND_IN_SET('z', 'a,b'), FIND_IN_SET(NULL, 'a')", "2|0|NULL\n"},
      {"SELECT FIELD('b', 'a', 'b'), FIELD('z', 'a'), HEX('AB'), UNHEX('4142'), LENGTH('ü'), CHAR_LENGTH('ü')",
       "2|0|4142|AB|2|1\n"},
      {"SELECT DATE_FORMAT('2024-03-05 14:07:09', '%Y/%c/%e %H:%i:%s %W %M %%')",
       "2024/3/5 14:07:09 Tuesday March %\n"},
      {"SELECT DATE_ADD('2024-01-31', INTERVAL 1 MONTH), DATEDIFF('2024-03-01', '2024-02-28')", "2024-02-29|2\n"},
      {"SELECT UNIX_TIMESTAMP('2024-01-01 00:00:00'), FROM_UNIXTIME(1704067200)", "1704067200|2024-01-01 00:00:00\n"},
      {"SELECT STR_TO_DATE('05.03.2024', '%d.%m.%Y')", "2024-03-05\n"},
      {"SELECT DAYOFWEEK('2024-03-03'), WEEKDAY('2024-03-03'), LOG(1), TO_DAYS('2007-10-07')", "1|6|0|733321\n"},
      {"SELECT 'abc' REGEXP 'b', 'abc' NOT REGEXP '^b', 'a%c' LIKE 'a\\%c', 'abc' LIKE 'a\\%c'", "1|1|1|0\n"},
      {"SELECT 1 / 0, 1 / 2, CAST('5' AS SIGNED), CAST(5 AS CHAR)", "NULL|0.5|5|5\n"},
      {"SELECT GROUP_CONCAT(who ORDER BY who DESC SEPARATOR '-') FROM shop.orders", "bob-ann\n"},
      {"SELECT JSON_EXTRACT('{\"a\": [1, \"x\"]}', '$.a[1]'), JSON_UNQUOTE(JSON_EXTRACT('{\"a\": \"x\"}', '$.a'))",
       "\"x\"|x\n"},
      {"SELECT who FROM shop.orders ORDER BY who", "NULL\nann\nbob\n"},
      {"SELECT 1 FROM dual", "1\n"},
      {"SELECT x'41', TRUE, 1.50, 1e20, [1, 2], INTERVAL 1 DAY", "A|1|1.50|1e20|[1, 2]|1 day\n"},
      {"SELECT !0 = 1, TIMESTAMPDIFF(MONTH, '2024-01-31', '2024-03-30')", "1|1\n"},
  };
  for (const auto& [sql, expected] : cases) EXPECT_EQ(Ask(sql), expected) << sql;
}

TEST_F(EngineTest, prepared_values_take_the_type_of_their_place) {
  const auto run = [&](const std::string& sql, const std::vector<PreparedValue>& values) {
    return Drain(session_->ExecutePrepared(sql, values));
  };
  const auto number = [](const char* text) { return PreparedValue{text, true}; };
  EXPECT_EQ(run("SELECT who FROM shop.orders WHERE id = ?", {{"2"}}), "bob\n");
  EXPECT_EQ(run("SELECT who FROM shop.orders WHERE id = ?", {number("2")}), "bob\n");
  EXPECT_EQ(run("SELECT id FROM shop.orders WHERE who = ? LIMIT ?", {{"ann"}, number("5")}), "1\n");
  EXPECT_EQ(run("SELECT ? + ?, ?", {number("1"), number("2"), {"it's"}}), "3|it's\n");
  EXPECT_EQ(run("SELECT id FROM shop.orders WHERE who <=> ?", {{}}), "3\n");
  EXPECT_EQ(run("SELECT id FROM shop.orders WHERE who = ?", {{"x' OR '1'='1"}}), "");
  EXPECT_EQ(run("SELECT id FROM shop.orders WHERE who = ?", {{"\\' OR 1=1 --"}}), "");
  EXPECT_EQ(run("SELECT id FROM shop.orders WHERE id = ?", {}).substr(0, 7), "INVALID");
  EXPECT_EQ(*session_->CountParameters("SELECT ?, '?', `?` -- ?"), 1u);
  const auto columns = session_->DescribeQuery("SELECT id, total FROM shop.orders WHERE id = ?");
  ASSERT_TRUE(columns.ok()) << columns.status().ToString();
  ASSERT_EQ(columns->size(), 2u);
  EXPECT_EQ((*columns)[0].type, ResultType::kLong);
  EXPECT_EQ((*columns)[1].type, ResultType::kDecimal);
  EXPECT_EQ((*columns)[1].decimals, 2);
  EXPECT_TRUE(session_->DescribeQuery("SET x = 1")->empty());
}

TEST_F(EngineTest, errors_carry_the_text_and_place_of_duckdb) {
  const std::string unknown = Ask("SELECT nocolumn FROM shop.orders");
  EXPECT_TRUE(unknown.starts_with("INVALID")) << unknown;
  EXPECT_NE(unknown.find("nocolumn"), std::string::npos);
  EXPECT_NE(unknown.find("LINE 1"), std::string::npos);
  EXPECT_TRUE(Ask("SELECT FROM WHERE").starts_with("INVALID"));
  EXPECT_TRUE(Ask("SELECT * FROM mysql.user").starts_with("NOT_FOUND")) << Ask("SELECT * FROM mysql.user");
}

}  // namespace
}  // namespace freshet
