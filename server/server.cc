// SPDX-License-Identifier: Apache-2.0
#include "server/server.h"

#include "base/log.h"
#include "server/http_server.h"
#include "server/listener.h"
#include "server/service_gauges.h"

namespace freshet {
namespace {

std::string Address(const std::string& bind, uint16_t port) {
  const bool is_v6 = bind.find(':') != std::string::npos;
  return (is_v6 ? "[" + bind + "]" : bind) + ":" + std::to_string(port);
}

}  // namespace

struct Server::Parts {
  std::string data_dir;
  std::string bind;
  RsaKey rsa;
  Metrics metrics;
  ConnectionRegistry connections;
  SessionEnvironment environment;
  // After what they use.
  std::unique_ptr<MysqlListener> mysql;
  std::unique_ptr<HttpServer> http;
};

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Server::~Server() {
  Stop();
}

void Server::Stop() {
  if (parts_->http) parts_->http->Stop();
  if (parts_->mysql) parts_->mysql->Stop();
}

uint16_t Server::mysql_port() const {
  return parts_->mysql->port();
}

std::string Server::ReadyLine() const {
  return "ready mysql=" + Address(parts_->bind, parts_->mysql->port()) +
         " http=" + Address(parts_->bind, parts_->http->port()) + " data-dir=" + parts_->data_dir;
}

Result<std::unique_ptr<Server>> Server::Start(const Settings& settings, const Accounts& accounts, Backends backends) {
  auto parts = std::make_unique<Parts>();
  parts->data_dir = settings.data_dir;
  parts->bind = settings.bind;
  TlsFiles files{settings.tls_cert, settings.tls_key};
  if (files.certificate.empty()) {
    ASSIGN_OR_RETURN(files, SelfSignedFiles(settings.data_dir + "/tls"));
  }
  ASSIGN_OR_RETURN(std::shared_ptr<const TlsContext> tls, TlsContext::Load(files));
  parts->environment = {.accounts = &accounts,
                        .rsa = &parts->rsa,
                        .sql = backends.sql,
                        .jobs = backends.jobs,
                        .metrics = &parts->metrics,
                        .connections = &parts->connections,
                        .wait_timeout = std::chrono::seconds(settings.wait_timeout_s)};
  parts->metrics.AddReader(JobGauges(*backends.jobs));
  parts->metrics.AddReader(StoreGauges([store = backends.store] { return store->usage(); }));
  ASSIGN_OR_RETURN(parts->mysql, MysqlListener::Start(parts->environment, {.bind = settings.bind,
                                                                           .port = settings.mysql_port,
                                                                           .connections_max = settings.connections_max,
                                                                           .tls = std::move(tls)}));
  ASSIGN_OR_RETURN(parts->http,
                   HttpServer::Start({.bind = settings.bind,
                                      .port = settings.http_port,
                                      .unhealthy_reasons = [jobs = backends.jobs] { return jobs->UnhealthyReasons(); },
                                      .metrics_text = [metrics = &parts->metrics] { return metrics->Scrape(); }}));
  Log(LogLevel::kInfo, "serving", {{"mysql_port", parts->mysql->port()}, {"http_port", parts->http->port()}});
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

}  // namespace freshet
