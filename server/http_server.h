// SPDX-License-Identifier: Apache-2.0
// HttpServer: GET /healthz, /metrics, /version. Thin: what it says comes from two functions, called from its
// own threads. cpp-httplib stays inside.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

namespace freshet {

struct HttpServerOptions {
  std::string bind = "127.0.0.1";
  uint16_t port = 0;                                            // 0: any free one
  std::function<std::vector<std::string>()> unhealthy_reasons;  // empty: healthy
  std::function<std::string()> metrics_text;                    // Prometheus text format
};

class HttpServer {
 public:
  // Bound and answering when it returns. kConflict: the address cannot be bound.
  static Result<std::unique_ptr<HttpServer>> Start(HttpServerOptions options);
  ~HttpServer();

  uint16_t port() const;
  // Answers what has begun and joins. Safe to repeat.
  void Stop();

 private:
  struct Service;
  explicit HttpServer(std::unique_ptr<Service> service);
  std::unique_ptr<Service> service_;
};

}  // namespace freshet
