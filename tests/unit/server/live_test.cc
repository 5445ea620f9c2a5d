// SPDX-License-Identifier: Apache-2.0
// The listener on a real port, with libmariadb's client: logins with both plugins, TLS on and off, text and
// prepared statements, kills, limits, and raw sockets that break the protocol.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <mysql.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "server/listener.h"
#include "server/packet.h"
#include "server/wire.h"
#include "tests/unit/server/fake_backend.h"

namespace freshet {
namespace {

using ClientPtr = std::unique_ptr<MYSQL, decltype(&mysql_close)>;

struct Login {
  std::string user = "root";
  std::string password;
  const char* plugin = nullptr;
  bool tls = false;
  unsigned long flags = 0;
  const char* database = nullptr;
};

class Live : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/freshet-live-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    directory_ = name;
    accounts_.AddWithPassword("root", "");
    accounts_.AddWithPassword("native", "n4tive", AuthPlugin::kNative);
    accounts_.AddWithPassword("sha2", "sh4", AuthPlugin::kCachingSha2);
    accounts_.AddWithHash("hashed", NativeStoredHash("h4shed"), AuthPlugin::kCachingSha2);
    environment_ = {.accounts = &accounts_, .rsa = &rsa_, .sql = &engine_, .jobs = &jobs_, .metrics = &metrics_,
                    .connections = &connections_};
    StartListener();
  }
  void TearDown() override {
    listener_.reset();
    std::filesystem::remove_all(directory_);
  }
  void StartListener(int connections_max = 100) {
    listener_.reset();
    auto files = SelfSignedFiles(directory_);
    ASSERT_TRUE(files.ok()) << files.status().message();
    auto tls = TlsContext::Load(*files);
    ASSERT_TRUE(tls.ok()) << tls.status().message();
    auto started = MysqlListener::Start(environment_, {.port = 0, .connections_max = connections_max, .tls = *tls});
    ASSERT_TRUE(started.ok()) << started.status().message();
    listener_ = std::move(*started);
  }
  // Null with client_error_ set when refused.
  ClientPtr Connect(const Login& login = {}) {
    ClientPtr client(mysql_init(nullptr), mysql_close);
    if (login.plugin != nullptr) mysql_options(client.get(), MYSQL_DEFAULT_AUTH, login.plugin);
    if (login.tls) mysql_ssl_set(client.get(), nullptr, nullptr, nullptr, nullptr, nullptr);
    my_bool enforce = login.tls;
    mysql_options(client.get(), MYSQL_OPT_SSL_ENFORCE, &enforce);
    unsigned timeout = 20;
    mysql_options(client.get(), MYSQL_OPT_READ_TIMEOUT, &timeout);
    if (mysql_real_connect(client.get(), "127.0.0.1", login.user.c_str(), login.password.c_str(), login.database,
                           listener_->port(), nullptr, login.flags) == nullptr) {
      client_error_ = mysql_errno(client.get());
      client_message_ = mysql_error(client.get());
      client.reset();
    }
    return client;
  }
  int RawSocket() {
    const int raw = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(listener_->port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(raw, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    return raw;
  }
  // All that comes until the server closes; fails the test when it does not close.
  std::string ReadToEnd(int raw) {
    std::string all;
    char buffer[4096];
    while (true) {
      pollfd watched{raw, POLLIN, 0};
      if (::poll(&watched, 1, 15'000) <= 0) {
        ADD_FAILURE() << "the server does not close";
        return all;
      }
      const ssize_t got = ::recv(raw, buffer, sizeof(buffer), 0);
      if (got <= 0) return all;
      all.append(buffer, static_cast<size_t>(got));
    }
  }

  std::string directory_;
  Accounts accounts_;
  RsaKey rsa_;
  testing::FakeEngine engine_;
  testing::FakeJobs jobs_;
  Metrics metrics_;
  ConnectionRegistry connections_;
  SessionEnvironment environment_;
  std::unique_ptr<MysqlListener> listener_;
  unsigned client_error_ = 0;
  std::string client_message_;
};

std::string FirstCell(MYSQL* client) {
  MYSQL_RES* result = mysql_store_result(client);
  if (result == nullptr) return "no result";
  MYSQL_ROW row = mysql_fetch_row(result);
  std::string cell = row == nullptr ? "no row" : row[0] == nullptr ? "NULL" : std::string(row[0], mysql_fetch_lengths(result)[0]);
  mysql_free_result(result);
  return cell;
}

std::string Ask(MYSQL* client, const std::string& sql) {
  if (mysql_real_query(client, sql.data(), sql.size()) != 0) return std::string("error ") + std::to_string(mysql_errno(client));
  return FirstCell(client);
}

TEST_F(Live, EveryUserLogsInWithEitherTransport) {
  for (const bool tls : {false, true}) {
    for (const Login& login : {Login{"root", "", nullptr, tls}, Login{"native", "n4tive", nullptr, tls},
                               Login{"sha2", "sh4", nullptr, tls}, Login{"native", "n4tive", "caching_sha2_password", tls},
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
  for (const Login& login : {Login{"root", "wrong"}, Login{"native", "wrong"}, Login{"sha2", "wrong"}, Login{"nobody", ""},
                             Login{"nobody", "x"}}) {
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

TEST_F(Live, KillQueryEndsTheStatementOnly) {
  ClientPtr busy = Connect();
  ClientPtr killer = Connect();
  const std::string kill = "KILL QUERY " + std::to_string(mysql_thread_id(busy.get()));
  std::string answer;
  std::atomic<bool> done = false;
  std::thread running([&] {
    answer = Ask(busy.get(), "SELECT sleep");
    done = true;
  });
  while (!done) EXPECT_EQ(Ask(killer.get(), kill), "no result");
  running.join();
  EXPECT_EQ(answer, "error 1317");
  EXPECT_EQ(Ask(busy.get(), "SELECT 8"), "8");
}

TEST_F(Live, KillEndsTheConnectionAndOnlyOnesOwnUnlessRoot) {
  ClientPtr victim = Connect();
  ClientPtr other = Connect({"sha2", "sh4"});
  const std::string kill = "KILL " + std::to_string(mysql_thread_id(victim.get()));
  EXPECT_EQ(Ask(other.get(), kill), "error 1095");
  EXPECT_EQ(Ask(other.get(), "KILL 99999"), "error 1094");
  ClientPtr killer = Connect();
  EXPECT_EQ(Ask(killer.get(), kill), "no result");
  EXPECT_NE(mysql_ping(victim.get()), 0);
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

TEST_F(Live, ConnectionsAboveTheLimitAreRefusedAndRoomIsMadeAgain) {
  StartListener(2);
  ClientPtr one = Connect();
  ClientPtr two = Connect();
  ASSERT_NE(two, nullptr);
  EXPECT_EQ(Connect(), nullptr);
  EXPECT_EQ(client_error_, 1040u);
  two.reset();
  ClientPtr three(nullptr, mysql_close);
  const Deadline deadline = Deadline::After(std::chrono::seconds(20));
  while (three == nullptr && !deadline.Passed()) three = Connect();
  EXPECT_NE(three, nullptr);
}

TEST_F(Live, PacketTooLargeIsToldByItsError) {
  ClientPtr client = Connect();
  unsigned long packet = 1ul << 30;
  mysql_options(client.get(), MYSQL_OPT_MAX_ALLOWED_PACKET, &packet);
  const std::string sql(protocol::kMaxAllowedPacket + 1, ' ');
  ASSERT_NE(mysql_real_query(client.get(), sql.data(), sql.size()), 0);
  EXPECT_EQ(mysql_errno(client.get()), 1153u) << mysql_error(client.get());
}

TEST_F(Live, WrongSequenceAndGarbageAreAnsweredAndClosed) {
  for (const std::string& garbage : {std::string("\x01\x00\x00\x07x", 5), std::string("GET / HTTP/1.1\r\n\r\n"),
                                     std::string("\xff\xff\xff\x01", 4), std::string(5, '\0') + std::string("\x05\0\0\1aaaaa", 9)}) {
    const int raw = RawSocket();
    ASSERT_EQ(::send(raw, garbage.data(), garbage.size(), MSG_NOSIGNAL), static_cast<ssize_t>(garbage.size()));
    ::shutdown(raw, SHUT_WR);
    const std::string answer = ReadToEnd(raw);
    EXPECT_NE(answer.find('\xff', answer.find("caching_sha2_password")), std::string::npos);
    ::close(raw);
  }
  EXPECT_NE(Connect(), nullptr);
}

TEST_F(Live, ClientThatNeverAnswersTheGreetingIsDropped) {
  environment_.handshake_timeout = std::chrono::milliseconds(50);
  const int raw = RawSocket();
  ReadToEnd(raw);
  ::close(raw);
}

TEST_F(Live, IdleConnectionIsClosedAfterTheWaitTimeout) {
  environment_.wait_timeout = std::chrono::seconds(1);
  ClientPtr client = Connect();
  std::string all;
  pollfd watched{static_cast<int>(mysql_get_socket(client.get())), POLLIN, 0};
  ASSERT_EQ(::poll(&watched, 1, 15'000), 1);
  EXPECT_EQ(Ask(client.get(), "SELECT 1").substr(0, 5), "error");
}

TEST_F(Live, StopEndsSleepingAndBusyConnections) {
  ClientPtr idle = Connect();
  ClientPtr busy = Connect();
  std::string answer;
  std::thread running([&] { answer = Ask(busy.get(), "SELECT sleep"); });
  const auto busy_now = [&] {
    for (const ConnectionInfo& info : connections_.List()) {
      if (info.command == "Query") return true;
    }
    return false;
  };
  while (!busy_now()) std::this_thread::yield();
  const Deadline deadline = Deadline::After(std::chrono::seconds(10));
  listener_->Stop();
  EXPECT_FALSE(deadline.Passed());
  running.join();
  EXPECT_EQ(answer.substr(0, 5), "error");
  EXPECT_NE(mysql_ping(idle.get()), 0);
  EXPECT_TRUE(connections_.List().empty());
}

TEST_F(Live, PortInUseIsAConflict) {
  EXPECT_EQ(MysqlListener::Start(environment_, {.port = listener_->port()}).code(), Code::kConflict);
  EXPECT_EQ(MysqlListener::Start(environment_, {.bind = "no address"}).code(), Code::kInvalid);
}

TEST(TlsFiles, SelfSignedPairIsMadeOnceAndItsKeyIsPrivate) {
  char name[] = "/tmp/freshet-tls-XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  const auto files = SelfSignedFiles(name);
  ASSERT_TRUE(files.ok());
  const auto made = std::filesystem::last_write_time(files->certificate);
  EXPECT_EQ(std::filesystem::status(files->key).permissions(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  ASSERT_TRUE(SelfSignedFiles(name).ok());
  EXPECT_EQ(std::filesystem::last_write_time(files->certificate), made);
  EXPECT_EQ(TlsContext::Load({"/nonexistent", files->key}).code(), Code::kInvalid);
  EXPECT_EQ(TlsContext::Load({files->certificate, files->certificate}).code(), Code::kInvalid);
  std::filesystem::remove_all(name);
}

}  // namespace
}  // namespace freshet
