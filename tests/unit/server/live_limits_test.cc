// SPDX-License-Identifier: Apache-2.0
// Ends and limits of connections on a real port: kills, time-outs, too many, too large, garbage, stop.
#include "tests/unit/server/live_fixture.h"

namespace freshet::testing {
namespace {

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
  for (const std::string& garbage :
       {std::string("\x01\x00\x00\x07x", 5), std::string("GET / HTTP/1.1\r\n\r\n"), std::string("\xff\xff\xff\x01", 4),
        std::string(5, '\0') + std::string("\x05\0\0\1aaaaa", 9)}) {
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
  EXPECT_EQ(std::filesystem::status(files->key).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  ASSERT_TRUE(SelfSignedFiles(name).ok());
  EXPECT_EQ(std::filesystem::last_write_time(files->certificate), made);
  EXPECT_EQ(TlsContext::Load({"/nonexistent", files->key}).code(), Code::kInvalid);
  EXPECT_EQ(TlsContext::Load({files->certificate, files->certificate}).code(), Code::kInvalid);
  std::filesystem::remove_all(name);
}

}  // namespace
}  // namespace freshet::testing
