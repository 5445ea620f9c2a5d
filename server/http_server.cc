// SPDX-License-Identifier: Apache-2.0
#include "server/http_server.h"

#include <httplib.h>

#include <nlohmann/json.hpp>

#include "base/stop.h"
#include "base/version.h"

namespace freshet {
namespace {

constexpr size_t kThreads = 4;
constexpr size_t kBodyBytesMax = 1u << 20;  // nothing here takes a body
constexpr time_t kReadTimeoutSeconds = 5;
constexpr time_t kWriteTimeoutSeconds = 10;
constexpr time_t kKeepAliveSeconds = 2;  // a stop waits for idle connections so long at most
constexpr auto kWhatExists = "not found; there is GET /healthz, /metrics, /version\n";

std::string Json(const nlohmann::json& value) {
  // Messages of sources may hold any bytes.
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

struct HttpServer::Service {
  HttpServerOptions options;
  httplib::Server server;
  uint16_t port = 0;
  NamedThread thread;
};

HttpServer::HttpServer(std::unique_ptr<Service> service) : service_(std::move(service)) {}
HttpServer::~HttpServer() {
  Stop();
}
uint16_t HttpServer::port() const {
  return service_->port;
}

void HttpServer::Stop() {
  if (!service_->thread.running()) return;
  service_->server.stop();
  service_->thread.StopAndJoin();
}

Result<std::unique_ptr<HttpServer>> HttpServer::Start(HttpServerOptions options) {
  auto service = std::make_unique<Service>();
  service->options = std::move(options);
  Service* raw = service.get();
  httplib::Server& server = service->server;
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server.set_payload_max_length(kBodyBytesMax);
  server.set_read_timeout(kReadTimeoutSeconds, 0);
  server.set_write_timeout(kWriteTimeoutSeconds, 0);
  server.set_keep_alive_timeout(kKeepAliveSeconds);
  // The default (SO_REUSEPORT) would let two processes share a port in silence.
  server.set_socket_options([](socket_t socket) {
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  });
  server.Get("/healthz", [raw](const httplib::Request&, httplib::Response& response) {
    const std::vector<std::string> reasons = raw->options.unhealthy_reasons();
    response.status = reasons.empty() ? 200 : 503;
    const nlohmann::json body = reasons.empty() ? nlohmann::json{{"status", "ok"}}
                                                : nlohmann::json{{"status", "unhealthy"}, {"reasons", reasons}};
    response.set_content(Json(body), "application/json");
  });
  server.Get("/metrics", [raw](const httplib::Request&, httplib::Response& response) {
    response.set_content(raw->options.metrics_text(), "text/plain; version=0.0.4");
  });
  server.Get("/version", [](const httplib::Request&, httplib::Response& response) {
    response.set_content(Json({{"name", "freshet"}, {"version", kVersion}}), "application/json");
  });
  server.set_error_handler([](const httplib::Request&, httplib::Response& response) {
    if (response.status == 404) response.set_content(kWhatExists, "text/plain");
  });
  const HttpServerOptions& set = service->options;
  const int port =
      set.port == 0 ? server.bind_to_any_port(set.bind) : (server.bind_to_port(set.bind, set.port) ? set.port : -1);
  if (port <= 0) {
    return Status(Code::kConflict, "cannot listen on " + set.bind + ":" + std::to_string(set.port) + " for HTTP");
  }
  service->port = static_cast<uint16_t>(port);
  service->thread = NamedThread("http", [raw](StopToken) { raw->server.listen_after_bind(); });
  // stop() before the loop runs would be lost.
  while (!server.is_running()) std::this_thread::yield();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(service)));
}

}  // namespace freshet
