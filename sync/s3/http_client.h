// SPDX-License-Identifier: Apache-2.0
// HttpClient: one HTTP request after another over kept connections; the wrapper of libcurl. It knows nothing of S3: no
// retries, no redirects, no meaning of a status. Thread-safe. Its messages hold host and reason, never headers.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "base/stop.h"
#include "sync/s3/sigv4.h"

namespace freshet {

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case

  // "" when absent.
  const std::string& header(const std::string& name) const;
};

class HttpClient {
 public:
  // `ca_file`: PEM, "" the system's.
  explicit HttpClient(std::string ca_file);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  struct Request {
    std::string method;  // GET, HEAD
    std::string url;
    HttpHeaders headers;
  };
  // Called with the answer's status and headers for each piece of its body. An error ends the transfer with it.
  using BodySink = std::function<Status(const HttpAnswer& answer, std::string_view bytes)>;

  // Whole answers only. kUnavailable: no connection, reset, stalled, cut off. kInvalid: certificate not trusted, CA
  // file unreadable. kCancelled.
  Result<HttpAnswer> Run(const Request& request, const BodySink& sink, StopToken stop);

 private:
  void* Take();
  void Return(void* handle);

  const std::string ca_file_;
  Mutex mutex_;
  std::vector<void*> idle_ GUARDED_BY(mutex_);  // CURL handles; each keeps its connection
};

}  // namespace freshet
