// SPDX-License-Identifier: Apache-2.0
// Users' own tables through a session: DDL, INSERT, UPDATE, DELETE, and what they refuse.
#include "tests/unit/sql/sql_fixture.h"

namespace freshet {
namespace {

class TableWriteTest : public SqlFixture {
 protected:
  void SetUp() override {
    SqlFixture::SetUp();
    ASSERT_EQ(Ask("CREATE DATABASE shop"), "OK");
    ASSERT_EQ(Ask("USE shop"), "OK");
  }
  void MakeItems() {
    ASSERT_EQ(
        Ask("CREATE TABLE items (id BIGINT PRIMARY KEY, name VARCHAR(5), price DECIMAL(10,2) NOT NULL DEFAULT 1.50, "
            "note TEXT)"),
        "OK");
  }
  static std::string UpToOptions(const std::string& shown) { return shown.substr(0, shown.find("ENGINE")); }
  std::string Items() { return Ask("SELECT * FROM items ORDER BY id"); }
  uint64_t Affected(const std::string& sql) {
    EXPECT_EQ(Ask(sql), "OK") << sql;
    return session_->outcome().affected_rows;
  }
};

TEST_F(TableWriteTest, rows_are_inserted_replaced_updated_and_deleted) {
  MakeItems();
  EXPECT_EQ(Affected("INSERT INTO items VALUES (1, 'a', 2.5, NULL), (2, NULL, '3.25', 'it''s \\\\ 😀')"), 2u);
  EXPECT_EQ(Affected("INSERT INTO items (price, id) VALUES (7, 3)"), 1u);
  EXPECT_EQ(Items(), "1|a|2.50|NULL\n2|NULL|3.25|it's \\ 😀\n3|NULL|7.00|NULL\n");
  EXPECT_EQ(Affected("REPLACE INTO items (id, name) VALUES (1, 'new')"), 1u);
  EXPECT_EQ(Affected("UPDATE items SET price = price * 2, note = 'x' WHERE id >= 2"), 2u);
  EXPECT_EQ(session_->outcome().info, "Rows matched: 2  Changed: 2  Warnings: 0");
  EXPECT_EQ(Items(), "1|new|1.50|NULL\n2|NULL|6.50|x\n3|NULL|14.00|x\n");
  EXPECT_EQ(Affected("UPDATE items SET note = 'x'"), 1u);
  EXPECT_EQ(session_->outcome().info, "Rows matched: 3  Changed: 1  Warnings: 0");
  EXPECT_EQ(Affected("DELETE FROM items WHERE name IS NULL"), 2u);
  EXPECT_EQ(Items(), "1|new|1.50|x\n");
  EXPECT_EQ(Affected("DELETE FROM items"), 1u);
  EXPECT_EQ(Items(), "");
}

TEST_F(TableWriteTest, expressions_defaults_and_selects_fill_columns) {
  MakeItems();
  EXPECT_EQ(Affected("INSERT INTO items VALUES (1 + 1, UPPER('ab'), DEFAULT, CONCAT('a', 'b'))"), 1u);
  EXPECT_EQ(Affected("INSERT INTO items SET id = 5, note = (SELECT note FROM items WHERE id = 2)"), 1u);
  EXPECT_EQ(Affected("INSERT INTO items (id, price) SELECT id + 10, price + 1 FROM items"), 2u);
  EXPECT_EQ(Items(), "2|AB|1.50|ab\n5|NULL|1.50|ab\n12|NULL|2.50|NULL\n15|NULL|2.50|NULL\n");
  EXPECT_EQ(
      Affected("UPDATE items i SET i.price = DEFAULT, note = NULL WHERE i.id IN (SELECT id FROM items WHERE id > 5)"),
      2u);
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM items WHERE price = 1.5"), "4\n");
  EXPECT_EQ(Affected("INSERT INTO items SELECT range, 'r', 1, NULL FROM range(100000, 130000)"), 30000u);
  EXPECT_EQ(Affected("DELETE FROM items WHERE id >= 100000 ORDER BY id LIMIT 10"), 10u);
  EXPECT_EQ(Ask("SELECT COUNT(*), MIN(id) FROM items WHERE id >= 100000"), "29990|100010\n");
}

TEST_F(TableWriteTest, a_value_that_does_not_fit_stores_nothing_and_names_row_and_column) {
  MakeItems();
  EXPECT_EQ(Ask("INSERT INTO items VALUES (1, 'a', 1, NULL), (2, 'toolong', 1, NULL)"),
            "INVALID: row 2: column name: text is longer than VARCHAR(5)");
  EXPECT_EQ(Ask("INSERT INTO items VALUES (1, 'a', 1, NULL), ('x', 'a', 1, NULL)"),
            "INVALID: row 2: column id: value does not fit BIGINT");
  EXPECT_EQ(Ask("INSERT INTO items VALUES (1, 'a', 12345678901, NULL)"),
            "INVALID: row 1: column price: value does not fit DECIMAL(10,2)");
  EXPECT_EQ(Ask("INSERT INTO items VALUES (1, 'a', NULL, NULL)"),
            "INVALID: row 1: column price: NULL in a NOT NULL column");
  EXPECT_EQ(Ask("INSERT INTO items (name) VALUES ('a')"), "INVALID: Field 'id' doesn't have a default value");
  EXPECT_EQ(Ask("INSERT INTO items (id) SELECT 'secret' FROM range(3)"),
            "INVALID: row 1: column id: VARCHAR does not fit BIGINT");
  EXPECT_EQ(Ask("INSERT INTO items VALUES (1)"), "INVALID: Column count doesn't match value count at row 1");
  EXPECT_EQ(Ask("INSERT INTO items (id, nope) VALUES (1, 2)"), "INVALID: Unknown column 'nope' in 'field list'");
  EXPECT_EQ(Items(), "");
}

TEST_F(TableWriteTest, a_late_bad_row_undoes_the_pieces_before_it) {
  MakeItems();
  ASSERT_EQ(Ask("INSERT INTO items (id) VALUES (1)"), "OK");
  const std::string answer =
      Ask("INSERT INTO items (id, note) SELECT range, CASE WHEN range = 59999 THEN NULL ELSE repeat('x', 500) END FROM "
          "range(60000) UNION ALL SELECT NULL, NULL");
  EXPECT_TRUE(answer.starts_with("INVALID: row ")) << answer;
  EXPECT_EQ(Ask("SELECT id FROM items"), "1\n");
  EXPECT_EQ(Affected("INSERT INTO items (id, note) SELECT range, repeat('x', 500) FROM range(60000)"), 60000u);
  EXPECT_EQ(Ask("SELECT COUNT(*), SUM(LENGTH(note)) FROM items"), "60000|30000000\n");
}

TEST_F(TableWriteTest, every_type_keeps_what_was_written) {
  ASSERT_EQ(
      Ask("CREATE TABLE types (k INT, b BOOLEAN, t TINYINT, u BIGINT UNSIGNED, l LARGEINT, f FLOAT, d DOUBLE, "
          "dt DATEV2, dm DATETIMEV2(3), ts TIMESTAMP(6), tm TIME, y YEAR, c CHAR(3), s STRING, j JSONB, bi BINARY(3), "
          "bl BLOB, e ENUM('x','y'), st SET('p','q'), bt BIT(4), uu UUID) UNIQUE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS "
          "1"),
      "OK");
  ASSERT_EQ(
      Ask("INSERT INTO types VALUES (1, TRUE, -128, 18446744073709551615, 99999999999999999999999999999999999999, 1.5, "
          "0.1, '2024-02-29', '2024-02-29 10:11:12.3456', '2024-02-29 10:11:12.345678', '-12:30:00', 2024, 'a', "
          "'é😀', '{\"a\":1}', x'01', _binary'a\\\\b', 'y', 'q,p', b'1010', '12345678-1234-1234-1234-123456789abc')"),
      "OK");
  EXPECT_EQ(Ask("SELECT k, b, t, u, l, f, d, dt, dm, ts, tm, y, c, s, j, HEX(bi), HEX(bl), e, st, bt, uu FROM types"),
            "1|1|-128|18446744073709551615|99999999999999999999999999999999999999|1.5|0.1|2024-02-29|2024-02-29 "
            "10:11:12.346000|2024-02-29 10:11:12.345678|-12:30:00|2024|a|é😀|{\"a\":1}|010000|615C62|y|p,q|10|"
            "12345678-1234-1234-1234-123456789abc\n");
  for (const char* bad : {"t = 128", "u = -1", "dt = '2024-02-30'", "e = 'z'", "bt = 16", "y = 1800", "j = '{'",
                          "uu = 'x'", "c = 'abcd'", "bi = 'abcd'"}) {
    EXPECT_TRUE(Ask(std::string("UPDATE types SET ") + bad).starts_with("INVALID: row 1: column ")) << bad;
  }
}

TEST_F(TableWriteTest, arrays_are_kept_in_one_form_and_their_elements_are_held) {
  ASSERT_EQ(Ask("CREATE TABLE a (k INT PRIMARY KEY, i ARRAY<INT>, d DECIMAL(5,2)[], s VARCHAR(4)[][] NOT NULL DEFAULT "
                "'{}', b ARRAY<BOOLEAN>, t DATETIME(3)[4])"),
            "OK");
  ASSERT_EQ(Ask("INSERT INTO a (k, i, d, s, b, t) VALUES "
                "(1, '{1, NULL,-3}', '{1.50}', '{{\"a b\",é},{NULL,\"\"}}', '{t,false}', '{2024-01-01 10:00:00}'), "
                "(2, '[0:1]={1,2}', '[]', '[[\"x\",null],[\"{\",\"NULL\"]]', '[true,null]', NULL), "
                "(3, '[1:2]={4,5}', NULL, DEFAULT, NULL, '[\"2024-02-29 00:00:00.5\"]')"),
            "OK");
  EXPECT_EQ(Ask("SELECT * FROM a ORDER BY k"),
            "1|{1,NULL,-3}|{1.50}|{{\"a b\",é},{NULL,\"\"}}|{t,f}|{\"2024-01-01 10:00:00\"}\n"
            "2|[0:1]={1,2}|{}|{{x,NULL},{\"{\",\"NULL\"}}|{t,NULL}|NULL\n"
            "3|{4,5}|NULL|{}|NULL|{\"2024-02-29 00:00:00.5\"}\n");
  EXPECT_EQ(Affected("UPDATE a SET i = '{7}' WHERE i = '{1,NULL,-3}'"), 1u);
  EXPECT_EQ(Affected("INSERT INTO a (k, i, s) SELECT k + 10, i, [['q']] FROM a WHERE k < 3"), 2u);
  EXPECT_EQ(Ask("SELECT i, s FROM a WHERE k > 10 ORDER BY k"), "{7}|{{q}}\n[0:1]={1,2}|{{q}}\n");
  for (const char* bad : {"i = '{x}'",
                          "i = '{2147483648}'",
                          "i = '{1.5}'",
                          "i = '{1'",
                          "i = '{1}}'",
                          "i = '1'",
                          "i = ''",
                          "i = '{1,{2}}'",
                          "i = '{{1},{2,3}}'",
                          "i = '[0:1]={1}'",
                          "i = '[4294967297:4294967298]={1,2}'",
                          "i = '{,}'",
                          "i = '[1,{}]'",
                          "i = '[1,]'",
                          "s = '{abcde}'",
                          "t = '{2024-02-30 00:00:00}'",
                          "t = '{0000-00-00 00:00:00}'",
                          "d = '{1000.00}'",
                          "b = '{maybe}'",
                          "s = '{\"a}'",
                          "s = '{a\"b\"}'"}) {
    const std::string answer = Ask(std::string("UPDATE a SET ") + bad);
    EXPECT_TRUE(answer.starts_with("INVALID: row 1: column ")) << bad << " gave " << answer;
  }
  EXPECT_EQ(Ask("UPDATE a SET i = '{secret}' WHERE k = 1"),
            "INVALID: row 1: column i: an element of the array does not fit int");
}

TEST_F(TableWriteTest, array_columns_are_shown_altered_and_copied) {
  ASSERT_EQ(Ask("CREATE TABLE a (k INT PRIMARY KEY, i SMALLINT[])"), "OK");
  ASSERT_EQ(Ask("INSERT INTO a VALUES (1, '{1}')"), "OK");
  ASSERT_EQ(Ask("ALTER TABLE a ADD COLUMN s ARRAY<VARCHAR(5)> NOT NULL DEFAULT '[\"x\"]' AFTER k, MODIFY i BIGINT[]"),
            "OK");
  EXPECT_EQ(Ask("SELECT * FROM a"), "1|{x}|{1}\n");
  EXPECT_TRUE(Ask("ALTER TABLE a MODIFY COLUMN i INT[]")
                  .starts_with("UNSUPPORTED: not supported: MODIFY COLUMN i: array<bigint> to array<int>"));
  EXPECT_TRUE(Ask("ALTER TABLE a MODIFY COLUMN i BIGINT").starts_with("UNSUPPORTED"));
  EXPECT_TRUE(Ask("ALTER TABLE a ADD COLUMN z INT[] NOT NULL").starts_with("INVALID: column z is NOT NULL"));
  ASSERT_EQ(Ask("ALTER TABLE a MODIFY COLUMN i STRING[]"), "OK");
  ASSERT_EQ(Ask("UPDATE a SET i = '{\"not a number\"}'"), "OK");
  EXPECT_EQ(Ask("DESC a"), "k|int|NO|PRI|NULL|\ns|array<varchar(5)>|NO||{x}|\ni|array<longtext>|YES||NULL|\n");
  const std::string shown = Ask("SHOW CREATE TABLE a");
  ASSERT_EQ(Ask("CREATE TABLE copy LIKE a"), "OK");
  ASSERT_EQ(Ask("INSERT INTO copy SELECT * FROM a"), "OK");
  EXPECT_TRUE(Ask("INSERT INTO copy VALUES (2, '{abcdef}', NULL)").starts_with("INVALID: row 1: column s")) << shown;
  ASSERT_EQ(Ask("DROP TABLE a"), "OK");
  ASSERT_EQ(Ask(shown.substr(shown.find('|') + 1)), "OK");
  EXPECT_EQ(UpToOptions(Ask("SHOW CREATE TABLE a")), UpToOptions(shown));
}

TEST_F(TableWriteTest, a_table_like_a_mirrored_one_takes_arrays_of_any_text) {
  LogicalType number;
  number.kind = TypeKind::kInt64;
  LogicalType array;
  array.kind = TypeKind::kArray;
  Insert(MakeTable("shop", "mirrored", {{"id", number, true}, {"tags", array}}), {{"1", "[0:1]={a,\"b c\"}"}});
  ASSERT_EQ(Ask("CREATE TABLE own LIKE mirrored"), "OK");
  ASSERT_EQ(Ask("INSERT INTO own SELECT * FROM mirrored"), "OK");
  EXPECT_EQ(Ask("SELECT * FROM own"), "1|[0:1]={a,\"b c\"}\n");
  EXPECT_EQ(Ask("INSERT INTO own VALUES (2, 'a')"), "INVALID: row 1: column tags: text is no array");
  EXPECT_NE(Ask("SHOW CREATE TABLE own").find("`tags` array<string>"), std::string::npos);
}

TEST_F(TableWriteTest, types_of_postgres_that_mysql_lacks_can_be_made_and_shown) {
  ASSERT_EQ(Ask("CREATE TABLE p (k INT PRIMARY KEY, u UUID, b BOOLEAN, t TIME(3) WITHOUT TIME ZONE, z TIMETZ(0), "
                "i INTERVAL, v BIT VARYING(4), w VARBIT, x TIME(2))"),
            "OK");
  ASSERT_EQ(Ask("INSERT INTO p VALUES (1, '12345678-1234-1234-1234-123456789abc', 1, '23:59:59.5', '08:30:00+02', "
                "'1 month 2 days 03:04:05', '0101', '', '-12:00:00.5')"),
            "OK");
  EXPECT_EQ(Ask("SELECT k, u, b, t, z, CAST(i AS CHAR), v, w, x FROM p"),
            "1|12345678-1234-1234-1234-123456789abc|1|23:59:59.500000|08:30:00+02|1 month 2 days 03:04:05|0101||"
            "-12:00:00.50\n");
  for (const char* bad : {"t = '25:00:00'", "z = '08:30:00'", "z = '24:30:00+02'", "z = '08:30:00+02:'", "i = 'x'",
                          "v = '01010'", "v = '2'", "w = 'a'"}) {
    const std::string answer = Ask(std::string("UPDATE p SET ") + bad);
    EXPECT_TRUE(answer.starts_with("INVALID: row 1: column ")) << bad << " gave " << answer;
  }
  const std::string shown = Ask("SHOW CREATE TABLE p");
  for (const char* part : {"`u` uuid", "`b` boolean", "`t` time(3) without time zone", "`z` timetz(0)", "`i` interval",
                           "`v` varbit(4)", "`w` varbit,", "`x` time(2)"}) {
    EXPECT_NE(shown.find(part), std::string::npos) << part << " in " << shown;
  }
  ASSERT_EQ(Ask("DROP TABLE p"), "OK");
  ASSERT_EQ(Ask(shown.substr(shown.find('|') + 1)), "OK");
  EXPECT_EQ(UpToOptions(Ask("SHOW CREATE TABLE p")), UpToOptions(shown));
}

TEST_F(TableWriteTest, a_type_that_does_not_parse_is_shown_with_its_place) {
  const std::pair<const char*, const char*> cases[] = {
      {"CREATE TABLE n (a INT PRIMARY KEY,\n  b WRONG)",
       "INVALID: syntax error at line 2, column 5 near 'WRONG': expected a column type"},
      {"CREATE TABLE n (a INT PRIMARY KEY, b ARRAY<WRONG>)", "INVALID: syntax error at line 1, column 44 near 'WRONG'"},
      {"CREATE TABLE n (a INT PRIMARY KEY, b ARRAY<INT)",
       "INVALID: syntax error at line 1, column 48 near end of statement: expected '>'"},
      {"CREATE TABLE n (a INT PRIMARY KEY, b INT[)",
       "INVALID: syntax error at line 1, column 42 near ')': expected ']'"},
      {"CREATE TABLE n (a INT PRIMARY KEY, b DECIMAL(x))", "INVALID: syntax error at line 1, column 46 near 'x'"},
      {"CREATE TABLE n (a INT PRIMARY KEY, b INT FROB)", "INVALID: syntax error at line 1, column 42 near 'FROB'"},
      {"CREATE TABLE n (a INT PRIMARY KEY, b BOOLEAN FROB)", "INVALID: syntax error at line 1, column 46 near 'FROB'"},
      {"ALTER TABLE n ADD COLUMN b WRONG", "INVALID: syntax error at line 1, column 28 near 'WRONG'"},
      {"ALTER TABLE n FROB", "INVALID: syntax error at line 1, column 15 near 'FROB'"},
  };
  for (const auto& [sql, expected] : cases) EXPECT_TRUE(Ask(sql).starts_with(expected)) << sql << " gave " << Ask(sql);
}

TEST_F(TableWriteTest, doris_tables_are_made_and_shown_again) {
  ASSERT_EQ(
      Ask("CREATE TABLE IF NOT EXISTS d (a INT, b VARCHAR(10) NOT NULL COMMENT \"the b\", c DATETIME DEFAULT "
          "CURRENT_TIMESTAMP, "
          "n INT DEFAULT \"7\") ENGINE=OLAP UNIQUE KEY(`a`, b) COMMENT 'd table' PARTITION BY RANGE(a) (PARTITION p1 "
          "VALUES LESS THAN (10)) DISTRIBUTED BY HASH(a) BUCKETS AUTO PROPERTIES (\"replication_num\" = \"1\")"),
      "OK");
  const std::string shown = Ask("SHOW CREATE TABLE d");
  for (const char* part :
       {"PRIMARY KEY (`a`,`b`)", "ENGINE=OLAP", "PARTITION BY RANGE(a)", "BUCKETS AUTO", "\"replication_num\" = \"1\"",
        "COMMENT 'the b'", "DEFAULT CURRENT_TIMESTAMP", "DEFAULT '7'"}) {
    EXPECT_NE(shown.find(part), std::string::npos) << part << " in " << shown;
  }
  ASSERT_EQ(Ask("DROP TABLE d"), "OK");
  ASSERT_EQ(Ask(shown.substr(shown.find('|') + 1)), "OK") << "what is shown makes the table again";
  EXPECT_EQ(Ask("SHOW CREATE TABLE d"), shown);
  ASSERT_EQ(Ask("INSERT INTO d (a, b) VALUES (1, 'x')"), "OK");
  EXPECT_EQ(Ask("SELECT a, b, c > '2020-01-01', n FROM d"), "1|x|1|7\n");
  ASSERT_EQ(Ask("CREATE TABLE e LIKE d"), "OK");
  EXPECT_EQ(Ask("SELECT * FROM e"), "");
}

TEST_F(TableWriteTest, tables_change_their_shape_and_name) {
  MakeItems();
  ASSERT_EQ(Ask("INSERT INTO items (id, name) VALUES (1, 'a')"), "OK");
  ASSERT_EQ(Ask("ALTER TABLE items ADD COLUMN (stock INT NOT NULL DEFAULT 3, flag BOOLEAN), DROP COLUMN note"), "OK");
  EXPECT_EQ(Items(), "1|a|1.50|3|NULL\n");
  ASSERT_EQ(Ask("ALTER TABLE items MODIFY COLUMN name VARCHAR(20), RENAME COLUMN stock TO amount"), "OK");
  ASSERT_EQ(Ask("ALTER TABLE items MODIFY amount BIGINT NOT NULL AFTER id"), "OK");
  ASSERT_EQ(Ask("INSERT INTO items (id, name, amount) VALUES (2, 'a longer name', 5000000000)"), "OK");
  EXPECT_EQ(Ask("SELECT id, amount, name FROM items ORDER BY id"), "1|3|a\n2|5000000000|a longer name\n");
  EXPECT_TRUE(Ask("ALTER TABLE items MODIFY COLUMN name VARCHAR(3)").starts_with("UNSUPPORTED: not supported: MODIFY"));
  EXPECT_TRUE(Ask("ALTER TABLE items DROP COLUMN id").starts_with("UNSUPPORTED"));
  EXPECT_EQ(Ask("ALTER TABLE items DROP COLUMN nope"), "INVALID: Unknown column 'nope'");
  EXPECT_EQ(Ask("ALTER TABLE items ADD PARTITION (PARTITION p VALUES LESS THAN (3))"), "OK");
  EXPECT_EQ(Ask("ALTER TABLE items ADD INDEX by_name (name)"), "OK");
  ASSERT_EQ(Ask("RENAME TABLE items TO things"), "OK");
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM things"), "2\n");
  ASSERT_EQ(Ask("ALTER TABLE things RENAME items"), "OK");
  ASSERT_EQ(Ask("TRUNCATE TABLE items"), "OK");
  EXPECT_EQ(Items(), "");
  ASSERT_EQ(Ask("DROP TABLE items"), "OK");
  EXPECT_EQ(Ask("DROP TABLE IF EXISTS items"), "OK");
}

TEST_F(TableWriteTest, what_is_not_held_is_refused_by_name) {
  MakeItems();
  const std::pair<const char*, const char*> cases[] = {
      {"CREATE TABLE n (a INT)", "INVALID: table n has no key"},
      {"CREATE TABLE n (a INT) DUPLICATE KEY(a)", "UNSUPPORTED: not supported: DUPLICATE KEY"},
      {"CREATE TABLE n (a INT, v INT SUM) AGGREGATE KEY(a)", "UNSUPPORTED: not supported: AGGREGATE KEY"},
      {"CREATE TABLE n (a INT PRIMARY KEY AUTO_INCREMENT)", "UNSUPPORTED: column a: not supported: AUTO_INCREMENT"},
      {"CREATE TABLE n (a INT PRIMARY KEY, b INT UNIQUE)", "UNSUPPORTED: column b: not supported: UNIQUE"},
      {"CREATE TABLE n (a INT PRIMARY KEY, b MAP<INT,INT>)", "UNSUPPORTED: column b: type MAP"},
      {"CREATE TABLE n (a INT PRIMARY KEY, b ARRAY<ARRAY<INT>>)", "UNSUPPORTED: column b: not supported: arrays of"},
      {"CREATE TABLE n (a ARRAY<INT> PRIMARY KEY)", "UNSUPPORTED: column a: array<int> cannot be a key"},
      {"CREATE TABLE n (a INT PRIMARY KEY, b INT[] DEFAULT '{x}')", "UNSUPPORTED: column b: the default"},
      {"CREATE TABLE n (a INT PRIMARY KEY, b INT DEFAULT 'x')", "UNSUPPORTED: column b: the default"},
      {"CREATE TABLE n (a JSON PRIMARY KEY)", "UNSUPPORTED: column a: JSON cannot be a key"},
      {"CREATE TABLE n (a INT PRIMARY KEY) AS SELECT 1", "UNSUPPORTED: not supported: CREATE TABLE .. AS SELECT"},
      {"CREATE TABLE items (a INT PRIMARY KEY)", "EXISTS: Table 'items' already exists"},
      {"CREATE TABLE __freshet_jobs.t (a INT PRIMARY KEY)", "CONFLICT: database __freshet_jobs is the program's own"},
      {"INSERT IGNORE INTO items (id) VALUES (1)", "UNSUPPORTED: not supported: INSERT IGNORE"},
      {"INSERT INTO items (id) VALUES (1) ON DUPLICATE KEY UPDATE name = 'x'",
       "UNSUPPORTED: not supported: ON DUPLICATE"},
      {"UPDATE items SET id = 5", "UNSUPPORTED: not supported: UPDATE of key column id"},
      {"UPDATE items SET name = 'b', note = name", "UNSUPPORTED: not supported: an assignment that uses column name"},
      {"UPDATE items, other SET name = 'b'", "UNSUPPORTED: not supported: UPDATE of several tables"},
      {"INSERT INTO missing VALUES (1)", "NOT_FOUND: Table 'shop.missing' doesn't exist"},
  };
  for (const auto& [sql, expected] : cases) EXPECT_TRUE(Ask(sql).starts_with(expected)) << sql << " gave " << Ask(sql);
}

TEST_F(TableWriteTest, a_jobs_table_takes_no_user_writes_and_its_job_is_named) {
  LogicalType number;
  number.kind = TypeKind::kInt64;
  MakeTable("shop", "owned", {{"id", number, true}});
  for (const char* sql :
       {"INSERT INTO owned VALUES (1)", "UPDATE owned SET id = 1", "DELETE FROM owned", "TRUNCATE owned",
        "ALTER TABLE owned ADD COLUMN x INT", "DROP TABLE owned", "RENAME TABLE owned TO other"}) {
    EXPECT_TRUE(Ask(sql).starts_with("CONFLICT: table shop.owned is owned by job 77")) << sql << " gave " << Ask(sql);
  }
}

TEST_F(TableWriteTest, the_programs_own_databases_are_not_listed_but_read_by_name) {
  LogicalType number;
  number.kind = TypeKind::kInt64;
  Insert(MakeTable("__freshet_jobs", "shadow", {{"id", number, true}}), {{"4"}});
  EXPECT_EQ(Ask("SHOW DATABASES"), "shop\ninformation_schema\n");
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM information_schema.tables WHERE table_name = 'shadow'"), "0\n");
  EXPECT_EQ(Ask("SELECT id FROM __freshet_jobs.shadow"), "4\n");
  EXPECT_TRUE(Ask("DROP DATABASE __freshet_jobs").starts_with("CONFLICT"));
  EXPECT_TRUE(Ask("DROP TABLE __freshet_jobs.shadow").starts_with("CONFLICT"));
}

TEST_F(TableWriteTest, prepared_statements_write_what_was_bound) {
  MakeItems();
  const std::string insert = "INSERT INTO items (id, name, note) VALUES (?, ?, ?)";
  EXPECT_EQ(*session_->CountParameters(insert), 3u);
  EXPECT_EQ(Drain(session_->ExecutePrepared(insert, {{"1", true}, {"a'b", false}, {"? \\ \" 😀", false}})), "OK");
  EXPECT_EQ(Drain(session_->ExecutePrepared(insert, {{"2", true}, {std::nullopt, false}, {std::nullopt, false}})),
            "OK");
  EXPECT_EQ(
      Drain(session_->ExecutePrepared("UPDATE items SET price = price + ? WHERE id = ?", {{"0.5", true}, {"1", true}})),
      "OK");
  EXPECT_EQ(Drain(session_->ExecutePrepared("DELETE FROM items WHERE id = ?", {{"2", true}})), "OK");
  EXPECT_EQ(session_->outcome().affected_rows, 1u);
  EXPECT_EQ(Items(), "1|a'b|2.00|? \\ \" 😀\n");
}

}  // namespace
}  // namespace freshet
