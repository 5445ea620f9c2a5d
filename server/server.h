// SPDX-License-Identifier: Apache-2.0
// Server: both listeners over the engine, the jobs and the store, with their accounts, TLS and metrics. Made and
// stopped by the command that runs it.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "server/accounts.h"
#include "server/settings.h"
#include "sql/engine.h"
#include "storage/store.h"
#include "sync/job_service.h"

namespace freshet {

// The parts that main makes; they outlive the server.
struct Backends {
  Store* store = nullptr;
  SqlEngine* sql = nullptr;
  JobService* jobs = nullptr;
};

class Server {
 public:
  static Result<std::unique_ptr<Server>> Start(const Settings& settings, const Accounts& accounts, Backends backends);
  ~Server();

  // "ready mysql=127.0.0.1:9030 http=127.0.0.1:8030 data-dir=..."
  std::string ReadyLine() const;
  uint16_t mysql_port() const;  // bound, also when the settings said 0
  // Closes the listeners, ends the sessions and joins. Safe to repeat.
  void Stop();

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace freshet
