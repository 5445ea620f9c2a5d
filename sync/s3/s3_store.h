// SPDX-License-Identifier: Apache-2.0
// S3Store: ObjectStore over an S3 bucket: ListObjectsV2, HEAD and ranged GET, signed with version 4 or anonymous. Tries
// again what may come back (reset, 5xx, throttling, stalled), a bounded number of times; whoever calls waits longer.
// Thread-safe.
#pragma once

#include <atomic>
#include <optional>

#include "base/clock.h"
#include "sync/s3/glob.h"
#include "sync/s3/http_client.h"
#include "sync/s3/object_store.h"
#include "sync/s3/s3_answer.h"

namespace freshet {

class NewFile;

class S3Store final : public ObjectStore {
 public:
  S3Store(ObjectSource source, Glob glob, const Clock& clock = Clock::System());
  Status List(const std::string& after, const std::function<bool(const ObjectInfo&)>& visit, StopToken stop) override;
  Status Fetch(const ObjectInfo& object, const std::string& path, StopToken stop) override;
  bool lists_in_order() const override { return order_.load() != Order::kUnknown; }

 private:
  struct Answered {
    HttpAnswer answer;
    std::string body;
  };
  HttpClient::Request MakeRequest(const std::string& method, const std::string& key, const HttpHeaders& query) const;
  // One request whose body is kept whole; tried again while it may come back. Errors are S3's.
  Result<Answered> Ask(const std::string& method, const std::string& key, const HttpHeaders& query, StopToken stop);
  Result<S3Page> ListPage(const std::string& token, const std::string& after, StopToken stop);
  Status ListPages(const std::string& after, const std::function<bool(const ObjectInfo&)>& visit, StopToken stop);
  Result<std::optional<ObjectInfo>> Head(const std::string& key, StopToken stop);
  Status FetchOnce(const ObjectInfo& object, NewFile& file, StopToken stop);
  Status FetchAll(const ObjectInfo& object, NewFile& file, StopToken stop);

  const ObjectSource source_;
  const Glob glob_;
  const Clock& clock_;
  std::string base_url_;   // "https://host:port"
  std::string host_;       // of the Host header
  std::string base_path_;  // "/bucket" or ""
  HttpClient http_;
  enum class Order : uint8_t { kUnknown, kBytes, kOther };
  std::atomic<Order> order_{Order::kUnknown};  // in which the endpoint lists keys, as far as was seen
};

}  // namespace freshet
