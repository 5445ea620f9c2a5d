// SPDX-License-Identifier: Apache-2.0
// Goal: what clients ask on connect and for their object trees is answered as MySQL would.
#include "tests/unit/sql/sql_fixture.h"

namespace freshet {
namespace {

class SessionTest : public SqlFixture {
 protected:
  void SetUp() override {
    SqlFixture::SetUp();
    LogicalType integer;
    integer.kind = TypeKind::kInt32;
    LogicalType text;
    text.kind = TypeKind::kString;
    text.length = 20;
    MakeTable("shop", "orders", {{"id", integer, true}, {"who", text}});
  }
};

TEST_F(SessionTest, databases_and_tables_are_shown) {
  EXPECT_EQ(Ask("SHOW DATABASES"), "shop\ninformation_schema\n");
  EXPECT_EQ(Ask("SHOW DATABASES LIKE 's%'"), "shop\n");
  EXPECT_EQ(Ask("SHOW TABLES FROM shop"), "orders\n");
  EXPECT_EQ(Ask("SHOW FULL TABLES FROM shop WHERE Table_type = 'BASE TABLE'"), "orders|BASE TABLE\n");
  EXPECT_EQ(Ask("SHOW TABLES"), "INVALID: No database selected");
  EXPECT_EQ(Ask("SHOW TABLES FROM nothing"), "NOT_FOUND: Unknown database 'nothing'");
  EXPECT_EQ(Ask("DESC shop.orders"), "id|int|NO|PRI|NULL|\nwho|varchar(20)|YES||NULL|\n");
  EXPECT_NE(Ask("SHOW CREATE TABLE shop.orders").find("PRIMARY KEY (`id`)"), std::string::npos);
  EXPECT_EQ(Ask("SHOW COLUMNS FROM orders FROM shop LIKE 'w%'"), "who|varchar(20)|YES||NULL|\n");
  EXPECT_NE(Ask("SHOW INDEX FROM shop.orders").find("PRIMARY|1|id"), std::string::npos);
  EXPECT_NE(Ask("SHOW TABLE STATUS FROM shop").find("orders|freshet"), std::string::npos);
}

TEST_F(SessionTest, every_show_form_answers) {
  for (const char* sql :
       {"SHOW WARNINGS", "SHOW ENGINES", "SHOW COLLATION", "SHOW CHARSET", "SHOW PROCESSLIST", "SHOW FULL PROCESSLIST",
        "SHOW GRANTS", "SHOW PLUGINS", "SHOW STATUS", "SHOW VARIABLES", "SHOW COLLATION WHERE Charset = 'utf8mb4'",
        "SHOW TRIGGERS FROM shop", "SHOW PRIVILEGES",
        "SHOW VARIABLES WHERE Variable_name = 'sql_mode' OR Variable_name = 'port'", "SHOW PROCEDURE STATUS",
        "SHOW CREATE DATABASE shop", "SHOW GLOBAL STATUS WHERE Variable_name = 'x'"}) {
    const auto statement = ParseStatement(sql);
    ASSERT_TRUE(statement.ok()) << sql;
    const auto cursor = session_->Execute(*statement);
    ASSERT_TRUE(cursor.ok()) << sql << ": " << cursor.status().message();
    EXPECT_FALSE((*cursor)->columns().empty()) << sql;
  }
}

TEST_F(SessionTest, what_drivers_send_on_connect_is_answered) {
  EXPECT_EQ(Ask("SELECT @@version_comment LIMIT 1"), "freshet\n");
  EXPECT_EQ(
      Ask("/* mysql-connector-j */SELECT  @@session.auto_increment_increment AS auto_increment_increment, "
          "@@character_set_client AS character_set_client, @@character_set_connection AS character_set_connection, "
          "@@character_set_results AS character_set_results, @@character_set_server AS character_set_server, "
          "@@collation_server AS collation_server, @@collation_connection AS collation_connection, "
          "@@init_connect AS init_connect, @@interactive_timeout AS interactive_timeout, @@license AS license, "
          "@@lower_case_table_names AS lower_case_table_names, @@max_allowed_packet AS max_allowed_packet, "
          "@@net_write_timeout AS net_write_timeout, @@performance_schema AS performance_schema, "
          "@@sql_mode AS sql_mode, @@system_time_zone AS system_time_zone, @@time_zone AS time_zone, "
          "@@transaction_isolation AS transaction_isolation, @@wait_timeout AS wait_timeout"),
      "1|utf8mb4|utf8mb4|utf8mb4|utf8mb4|utf8mb4_bin|utf8mb4_bin||28800|Apache-2.0|0|67108864|60|0|"
      "STRICT_TRANS_TABLES|UTC|+00:00|REPEATABLE-READ|28800\n");
  EXPECT_EQ(Ask("SET NAMES utf8mb4"), "OK");
  EXPECT_EQ(Ask("SET autocommit=0, sql_mode='ANSI_QUOTES', never_heard_of='x'"), "OK");
  EXPECT_EQ(Ask("SELECT @@never_heard_of, @@autocommit"), "x|0\n");
  EXPECT_EQ(Ask("BEGIN"), "OK");
  EXPECT_EQ(Ask("COMMIT"), "OK");
  EXPECT_EQ(Ask("SELECT DATABASE(), USER(), CONNECTION_ID(), VERSION()"),
            "NULL|root@127.0.0.1|7|8.0.33-freshet-0.1.0\n");
}

TEST_F(SessionTest, ansi_quotes_make_double_quotes_names) {
  EXPECT_EQ(Ask("SELECT \"who\" FROM shop.orders"), "");
  EXPECT_EQ(Header("SELECT \"who\" AS x FROM shop.orders"), "x");
  EXPECT_EQ(Ask("SET sql_mode='ANSI_QUOTES'"), "OK");
  EXPECT_EQ(Ask("SELECT count(\"who\") FROM \"shop\".\"orders\""), "0\n");
}

TEST_F(SessionTest, information_schema_lists_the_catalog) {
  EXPECT_EQ(Ask("SELECT schema_name FROM information_schema.schemata ORDER BY 1"),
            "information_schema\nperformance_schema\nshop\n");
  EXPECT_EQ(Ask("SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'shop'"),
            "orders|BASE TABLE\n");
  EXPECT_EQ(Ask("SELECT column_name, ordinal_position, column_type, column_key FROM information_schema.columns "
                "WHERE table_schema = 'shop' ORDER BY ordinal_position"),
            "id|1|int|PRI\nwho|2|varchar(20)|\n");
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM information_schema.routines"), "0\n");
  EXPECT_EQ(Ask("USE information_schema"), "OK");
  EXPECT_EQ(Ask("SELECT constraint_type FROM table_constraints WHERE table_name = 'orders'"), "PRIMARY KEY\n");
  EXPECT_EQ(Ask("SELECT DATABASE()"), "information_schema\n");
  for (const char* table : {"statistics", "key_column_usage", "views", "engines", "character_sets", "collations",
                            "referential_constraints", "triggers", "partitions", "processlist", "user_privileges"}) {
    EXPECT_EQ(Ask(std::string("SELECT * FROM information_schema.") + table).find("NOT_FOUND"), std::string::npos)
        << table;
    EXPECT_EQ(Ask(std::string("SELECT * FROM information_schema.") + table).find("INVALID"), std::string::npos)
        << table;
  }
}

TEST_F(SessionTest, databases_are_made_and_dropped_but_not_under_a_job) {
  EXPECT_EQ(Ask("CREATE DATABASE a"), "OK");
  EXPECT_TRUE(Ask("CREATE DATABASE a").starts_with("EXISTS"));
  EXPECT_EQ(Ask("CREATE DATABASE IF NOT EXISTS a"), "OK");
  EXPECT_EQ(Ask("USE a"), "OK");
  EXPECT_EQ(session_->database(), "a");
  EXPECT_EQ(Ask("SELECT 1"), "1\n");
  EXPECT_EQ(Ask("DROP DATABASE a"), "OK");
  EXPECT_EQ(session_->database(), "");
  EXPECT_EQ(Ask("USE a"), "NOT_FOUND: Unknown database 'a'");
  EXPECT_EQ(Ask("DROP DATABASE IF EXISTS a"), "OK");
  EXPECT_TRUE(Ask("DROP DATABASE shop").starts_with("CONFLICT"));
  EXPECT_TRUE(Ask("DROP TABLE shop.orders").starts_with("CONFLICT: table shop.orders is owned by job 77"));
  EXPECT_TRUE(Ask("DROP TABLE shop.nothing").starts_with("NOT_FOUND"));
  EXPECT_EQ(Ask("DROP TABLE IF EXISTS shop.nothing"), "OK");
}

}  // namespace
}  // namespace freshet
