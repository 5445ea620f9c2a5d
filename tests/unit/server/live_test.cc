// SPDX-License-Identifier: Apache-2.0
// What clients do, with libmariadb's client: logins with both plugins, TLS on and off, text and prepared
// statements, job statements and the other commands.
#include "tests/unit/server/live_fixture.h"

namespace freshet::testing {
namespace {

TEST_F(Live, EveryUserLogsInWithEitherTransport) {
  for (const bool tls : {false, true}) {
    for (const Login& login :
         {Login{"root", "", nullptr, tls}, Login{"native", "n4tive", nullptr, tls}, Login{"sha2", "sh4", nullptr, tls},
          Login{"native", "n4tive", "caching_sha2_password", tls},
          Login{"sha2", "sh4", "mysql_native_password", tls}}) {
      ClientPtr client = Connect(login);
      ASSERT_NE(client, nullptr) << login.user << " tls=" << tls << ": " << client_message_;
      EXPECT_EQ(Ask(client.get(), "SELECT 42"), "42");
      EXPECT_EQ(mysql_get_ssl_cipher(client.get()) != nullptr, tls);
    }
  }
}

TEST_F(Live, FirstLoginByStoredHashTakesTheFullExchangeThenTheCache) {
  for (const bool tls : {true, false}) {
    accounts_.AddWithHash("hashed", NativeStoredHash("h4shed"), AuthPlugin::kCachingSha2);
    EXPECT_EQ(Connect({"hashed", "wrong", nullptr, tls}), nullptr);
    EXPECT_FALSE(accounts_.FastDigest("hashed").has_value());
    EXPECT_NE(Connect({"hashed", "h4shed", nullptr, tls}), nullptr) << client_message_;
    EXPECT_TRUE(accounts_.FastDigest("hashed").has_value());
    EXPECT_NE(Connect({"hashed", "h4shed", nullptr, tls}), nullptr) << client_message_;
  }
}

TEST_F(Live, WrongPasswordUnknownUserAndDatabaseAreRefusedByTheirNumbers) {
  for (const Login& login : {Login{"root", "wrong"}, Login{"native", "wrong"}, Login{"sha2", "wrong"},
                             Login{"nobody", ""}, Login{"nobody", "x"}}) {
    EXPECT_EQ(Connect(login), nullptr) << login.user;
    EXPECT_EQ(client_error_, 1045u) << client_message_;
    EXPECT_NE(client_message_.find("Access denied for user '" + login.user), std::string::npos);
  }
  EXPECT_EQ(Connect({.database = "missing"}), nullptr);
  EXPECT_EQ(client_error_, 1049u);
  EXPECT_NE(Connect({.database = "shop"}), nullptr);
}

TEST_F(Live, TextRowKeepsEveryValue) {
  ClientPtr client = Connect();
  ASSERT_EQ(mysql_query(client.get(), "SELECT typed"), 0);
  MYSQL_RES* result = mysql_store_result(client.get());
  ASSERT_NE(result, nullptr);
  MYSQL_ROW row = mysql_fetch_row(result);
  const char* expected[] = {"-7", "18446744073709551615", "1.5", "Zoë", "2024-02-29 23:59:58.000001", "-34:22:59"};
  for (int i = 0; i < 6; ++i) EXPECT_STREQ(row[i], expected[i]);
  EXPECT_EQ(row[6], nullptr);
  EXPECT_EQ(mysql_fetch_row(result), nullptr);
  EXPECT_TRUE(mysql_fetch_fields(result)[1].flags & UNSIGNED_FLAG);
  mysql_free_result(result);
}

TEST_F(Live, PreparedStatementKeepsEveryTypedValue) {
  ClientPtr client = Connect();
  MYSQL_STMT* statement = mysql_stmt_init(client.get());
  const std::string sql = "SELECT typed";
  ASSERT_EQ(mysql_stmt_prepare(statement, sql.data(), sql.size()), 0) << mysql_stmt_error(statement);
  EXPECT_EQ(mysql_stmt_field_count(statement), 7u);
  ASSERT_EQ(mysql_stmt_execute(statement), 0) << mysql_stmt_error(statement);
  int32_t i = 0;
  uint64_t u = 0;
  double f = 0;
  char s[16];
  unsigned long s_size = 0;
  MYSQL_TIME at{}, span{};
  my_bool is_null = 0;
  MYSQL_BIND bind[7]{};
  const auto set = [&](int column, enum_field_types type, void* buffer, bool is_unsigned = false) {
    bind[column].buffer_type = type;
    bind[column].buffer = buffer;
    bind[column].is_unsigned = is_unsigned;
  };
  set(0, MYSQL_TYPE_LONG, &i);
  set(1, MYSQL_TYPE_LONGLONG, &u, true);
  set(2, MYSQL_TYPE_DOUBLE, &f);
  set(3, MYSQL_TYPE_STRING, s);
  bind[3].buffer_length = sizeof(s);
  bind[3].length = &s_size;
  set(4, MYSQL_TYPE_DATETIME, &at);
  set(5, MYSQL_TYPE_TIME, &span);
  set(6, MYSQL_TYPE_STRING, nullptr);
  bind[6].is_null = &is_null;
  ASSERT_EQ(mysql_stmt_bind_result(statement, bind), 0);
  ASSERT_EQ(mysql_stmt_fetch(statement), 0) << mysql_stmt_error(statement);
  EXPECT_EQ(i, -7);
  EXPECT_EQ(u, UINT64_MAX);
  EXPECT_EQ(f, 1.5);
  EXPECT_EQ(std::string(s, s_size), "Zoë");
  EXPECT_EQ(at.year, 2024u);
  EXPECT_EQ(at.second, 58u);
  EXPECT_EQ(at.second_part, 1u);
  EXPECT_TRUE(span.neg);
  EXPECT_EQ(span.day * 24 + span.hour, 34u);
  EXPECT_TRUE(is_null);
  EXPECT_EQ(mysql_stmt_fetch(statement), MYSQL_NO_DATA);
  mysql_stmt_close(statement);
  EXPECT_EQ(Ask(client.get(), "SELECT 1"), "1");
}

TEST_F(Live, ParametersAndLongDataArrive) {
  ClientPtr client = Connect();
  MYSQL_STMT* statement = mysql_stmt_init(client.get());
  const std::string sql = "SELECT ?, ?, ?";
  ASSERT_EQ(mysql_stmt_prepare(statement, sql.data(), sql.size()), 0) << mysql_stmt_error(statement);
  EXPECT_EQ(mysql_stmt_param_count(statement), 3u);
  int64_t number = -5;
  MYSQL_BIND in[3]{};
  in[0].buffer_type = MYSQL_TYPE_LONGLONG;
  in[0].buffer = &number;
  in[1].buffer_type = MYSQL_TYPE_BLOB;
  in[2].buffer_type = MYSQL_TYPE_NULL;
  ASSERT_EQ(mysql_stmt_bind_param(statement, in), 0);
  ASSERT_EQ(mysql_stmt_send_long_data(statement, 1, "long", 4), 0);
  ASSERT_EQ(mysql_stmt_send_long_data(statement, 1, "er", 2), 0);
  ASSERT_EQ(mysql_stmt_execute(statement), 0) << mysql_stmt_error(statement);
  char text[2][16] = {};
  my_bool is_null = 0;
  MYSQL_BIND out[3]{};
  for (int i = 0; i < 3; ++i) {
    out[i].buffer_type = MYSQL_TYPE_STRING;
    out[i].buffer = text[i % 2];
    out[i].buffer_length = 16;
  }
  out[2].is_null = &is_null;
  ASSERT_EQ(mysql_stmt_bind_result(statement, out), 0);
  ASSERT_EQ(mysql_stmt_fetch(statement), 0);
  EXPECT_STREQ(text[0], "-5");
  EXPECT_STREQ(text[1], "longer");
  EXPECT_TRUE(is_null);
  mysql_stmt_close(statement);
}

TEST_F(Live, ValueWithoutBinaryFormIsAnErrorAndTheConnectionLives) {
  ClientPtr client = Connect();
  MYSQL_STMT* statement = mysql_stmt_init(client.get());
  const std::string sql = "SELECT infinite";
  ASSERT_EQ(mysql_stmt_prepare(statement, sql.data(), sql.size()), 0);
  EXPECT_NE(mysql_stmt_execute(statement) == 0 ? mysql_stmt_store_result(statement) : 1, 0);
  mysql_stmt_close(statement);
  EXPECT_EQ(Ask(client.get(), "SELECT infinite"), "infinity");
}

TEST_F(Live, RowAboveSixteenMegabytesArrivesWhole) {
  for (const bool tls : {false, true}) {
    ClientPtr client = Connect({.tls = tls});
    EXPECT_EQ(Ask(client.get(), "SELECT large").size(), 17u << 20);
    EXPECT_EQ(Ask(client.get(), "SELECT 1"), "1");
  }
}

TEST_F(Live, SeveralStatementsNeedTheOptionAndGiveSeveralResults) {
  ClientPtr plain = Connect();
  EXPECT_EQ(Ask(plain.get(), "SELECT 1; SELECT 2"), "error 1064");
  ASSERT_EQ(mysql_set_server_option(plain.get(), MYSQL_OPTION_MULTI_STATEMENTS_ON), 0) << mysql_error(plain.get());
  for (const bool by_flag : {false, true}) {
    ClientPtr flagged = by_flag ? Connect({.flags = CLIENT_MULTI_STATEMENTS}) : std::move(plain);
    EXPECT_EQ(Ask(flagged.get(), "SELECT 1; SELECT missing; SELECT 3"), "1");
    EXPECT_EQ(mysql_next_result(flagged.get()), 1);
    EXPECT_EQ(mysql_errno(flagged.get()), 1146u);
    EXPECT_EQ(Ask(flagged.get(), "SELECT 4; SELECT 5"), "4");
    ASSERT_EQ(mysql_next_result(flagged.get()), 0);
    EXPECT_EQ(FirstCell(flagged.get()), "5");
    EXPECT_EQ(mysql_next_result(flagged.get()), -1);
  }
}

TEST_F(Live, JobStatementsReachTheJobs) {
  ClientPtr client = Connect();
  EXPECT_EQ(Ask(client.get(), "SYNC JOB WHERE jobName = 'shop'"), "{\"lsn\":\"7\"}");
  EXPECT_EQ(Ask(client.get(), "VERIFY JOB WHERE jobName = 'shop'"), "shop.orders");
  EXPECT_EQ(Ask(client.get(), "PAUSE JOB WHERE jobName = 'nope'"), "error 1105");
  EXPECT_EQ(Ask(client.get(), "CREATE JOB shop ON STREAMING FROM MYSQL ('user' = 'u') TO DATABASE d"), "no result");
  EXPECT_EQ(jobs_.created().name, "shop");
  EXPECT_EQ(jobs_.definer(), "root");
  EXPECT_EQ(Ask(client.get(), "SELEKT 1"), "error 1064");
  EXPECT_EQ(Ask(client.get(), ""), "error 1065");
}

TEST_F(Live, CommandsBesideQueriesAnswer) {
  ClientPtr client = Connect();
  EXPECT_EQ(mysql_ping(client.get()), 0);
  EXPECT_EQ(mysql_select_db(client.get(), "shop"), 0);
  EXPECT_NE(mysql_select_db(client.get(), "missing"), 0);
  EXPECT_EQ(mysql_errno(client.get()), 1049u);
  EXPECT_NE(mysql_stat(client.get()), nullptr);
  MYSQL_RES* fields = mysql_list_fields(client.get(), "typed", nullptr);
  ASSERT_NE(fields, nullptr) << mysql_error(client.get());
  EXPECT_EQ(mysql_num_fields(fields), 7u);
  mysql_free_result(fields);
  EXPECT_EQ(mysql_reset_connection(client.get()), 0) << mysql_error(client.get());
  EXPECT_EQ(mysql_change_user(client.get(), "sha2", "sh4", "shop"), 0) << mysql_error(client.get());
  EXPECT_EQ(mysql_change_user(client.get(), "native", "n4tive", nullptr), 0) << mysql_error(client.get());
  EXPECT_EQ(Ask(client.get(), "SELECT 3"), "3");
}

TEST_F(Live, DeniedChangeOfUserEndsTheConnection) {
  ClientPtr client = Connect();
  ASSERT_EQ(mysql_change_user(client.get(), "sha2", "sh4", "shop"), 0) << mysql_error(client.get());
  EXPECT_NE(mysql_change_user(client.get(), "native", "wrong", nullptr), 0);
  EXPECT_EQ(mysql_errno(client.get()), 1045u);
  EXPECT_EQ(Ask(client.get(), "SELECT 3").substr(0, 5), "error");
}

}  // namespace
}  // namespace freshet::testing
