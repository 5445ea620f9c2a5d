// SPDX-License-Identifier: Apache-2.0
// A listener on a free port with fake backends, and libmariadb's client to talk to it.
#pragma once

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

namespace freshet::testing {

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
    environment_ = {.accounts = &accounts_,
                    .rsa = &rsa_,
                    .sql = &engine_,
                    .jobs = &jobs_,
                    .metrics = &metrics_,
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
  FakeEngine engine_;
  FakeJobs jobs_;
  Metrics metrics_;
  ConnectionRegistry connections_;
  SessionEnvironment environment_;
  std::unique_ptr<MysqlListener> listener_;
  unsigned client_error_ = 0;
  std::string client_message_;
};

inline std::string FirstCell(MYSQL* client) {
  MYSQL_RES* result = mysql_store_result(client);
  if (result == nullptr) return "no result";
  MYSQL_ROW row = mysql_fetch_row(result);
  std::string cell = row == nullptr      ? "no row"
                     : row[0] == nullptr ? "NULL"
                                         : std::string(row[0], mysql_fetch_lengths(result)[0]);
  mysql_free_result(result);
  return cell;
}

inline std::string Ask(MYSQL* client, const std::string& sql) {
  if (mysql_real_query(client, sql.data(), sql.size()) != 0)
    return std::string("error ") + std::to_string(mysql_errno(client));
  return FirstCell(client);
}

}  // namespace freshet::testing
