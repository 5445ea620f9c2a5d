// SPDX-License-Identifier: Apache-2.0
// Goal: endpoints that answer almost as S3 does neither hold a listing for ever, nor lose keys or bytes. Method: a
// server of this process with answers written by hand.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "base/check.h"
#include "base/mutex.h"
#include "base/stop.h"
#include "sync/s3/s3_store.h"

namespace freshet {
namespace {

// Answers connections one after the other: `answer` gets the request's head and gives the whole answer.
class HandMadeServer {
 public:
  explicit HandMadeServer(std::function<std::string(const std::string&)> answer) : answer_(std::move(answer)) {
    socket_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 && listen(socket_, 8) == 0);
    socklen_t size = sizeof(address);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = NamedThread("endpoint", [this](StopToken) { Serve(); });
  }
  ~HandMadeServer() {
    shutdown(socket_, SHUT_RDWR);
    thread_.StopAndJoin();
    close(socket_);
  }
  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  void Serve() {
    while (true) {
      const int connection = accept(socket_, nullptr, nullptr);
      if (connection < 0) return;
      std::string head;
      char block[4096];
      while (head.find("\r\n\r\n") == std::string::npos) {
        const ssize_t got = read(connection, block, sizeof(block));
        if (got <= 0) break;
        head.append(block, static_cast<size_t>(got));
      }
      const std::string answer = answer_(head);
      for (size_t sent = 0; sent < answer.size();) {
        const ssize_t put = send(connection, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
        if (put <= 0) break;
        sent += static_cast<size_t>(put);
      }
      close(connection);
    }
  }

  const std::function<std::string(const std::string&)> answer_;
  int socket_ = -1;
  uint16_t port_ = 0;
  NamedThread thread_;
};

std::string Http(const std::string& headers, const std::string& body) {
  return "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers +
         "\r\n" + body;
}

std::string Page(const std::vector<std::string>& keys, const std::string& next) {
  std::string body = "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>";
  body += next.empty() ? "false</IsTruncated>"
                       : "true</IsTruncated><NextContinuationToken>" + next + "</NextContinuationToken>";
  for (const std::string& key : keys) {
    body += "<Contents><Key>" + key + "</Key><ETag>\"e\"</ETag><Size>3</Size></Contents>";
  }
  return Http("Content-Type: application/xml\r\n", body + "</ListBucketResult>");
}

std::unique_ptr<ObjectStore> OpenStore(const HandMadeServer& server) {
  Properties properties{
      {"uri", "s3://bucket/**"}, {"s3.endpoint", server.endpoint()}, {"s3.region", "x"}, {"use_path_style", "true"}};
  Result<ObjectSource> source = TakeObjectSource(properties, "");
  EXPECT_TRUE(source.ok()) << source.status().message();
  Result<std::unique_ptr<ObjectStore>> store = ObjectStore::Open(*source);
  EXPECT_TRUE(store.ok()) << store.status().message();
  return std::move(store).value();
}

// Keys with a space behind each, then the error.
std::string List(ObjectStore& store, size_t enough = SIZE_MAX) {
  std::string keys;
  size_t seen = 0;
  const Status status = store.List("",
                                   [&](const ObjectInfo& object) {
                                     keys += object.key + " ";
                                     return ++seen < enough;
                                   },
                                   {});
  return status.ok() ? keys : keys + std::string(CodeName(status.code())) + ": " + status.message();
}

TEST(S3Store, pages_without_an_end_are_an_error) {
  const HandMadeServer same([](const std::string&) { return Page({}, "again"); });
  EXPECT_EQ(List(*OpenStore(same)),
            "INVALID: list s3://bucket/**: the endpoint does not answer as S3 does: the same continuation token twice");
  int pages = 0;
  const HandMadeServer circle([&pages](const std::string&) { return Page({}, ++pages % 2 == 0 ? "a" : "b"); });
  EXPECT_NE(List(*OpenStore(circle)).find("the same continuation token twice"), std::string::npos);
}

TEST(S3Store, keys_out_of_order_on_a_later_page_are_told_and_sorted_from_then_on) {
  const HandMadeServer server([](const std::string& head) {
    return head.find("continuation-token=2") != std::string::npos ? Page({"d.csv"}, "") : Page({"d/1", "d/2"}, "2");
  });
  const std::unique_ptr<ObjectStore> store = OpenStore(server);
  EXPECT_FALSE(store->lists_in_order());
  EXPECT_EQ(List(*store),
            "d/1 d/2 CONFLICT: list s3://bucket/**: the endpoint does not list keys in byte order; list again");
  EXPECT_TRUE(store->lists_in_order());
  EXPECT_EQ(List(*store), "d.csv d/1 d/2 ");
  EXPECT_EQ(List(*store, 1), "d.csv ");
}

TEST(S3Store, a_weak_tag_is_not_sent_as_a_condition_and_is_looked_at_in_the_answer) {
  std::string tag = "W/\"one\"";
  Mutex mutex;
  std::string heads;
  const HandMadeServer server([&](const std::string& head) {
    MutexLock lock(mutex);
    heads += head;
    return Http("ETag: " + tag + "\r\n", "abc");
  });
  const std::unique_ptr<ObjectStore> store = OpenStore(server);
  const std::string path =
      (std::filesystem::temp_directory_path() / ("freshet_s3_store_" + std::to_string(getpid()))).string();
  std::filesystem::remove(path);
  ObjectInfo object{"k", "one", 3, 0, true};
  ASSERT_TRUE(store->Fetch(object, path, {}).ok());
  std::filesystem::remove(path);
  {
    MutexLock lock(mutex);
    EXPECT_EQ(heads.find("if-match"), std::string::npos) << heads;
    tag = "W/\"two\"";
  }
  EXPECT_EQ(store->Fetch(object, path, {}).code(), Code::kConflict);
  {
    MutexLock lock(mutex);
    tag = "\"one\"";
  }
  object.weak_etag = false;
  ASSERT_TRUE(store->Fetch(object, path, {}).ok());
  std::filesystem::remove(path);
  MutexLock lock(mutex);
  EXPECT_NE(heads.find("if-match: \"one\""), std::string::npos) << heads;
}

}  // namespace
}  // namespace freshet
