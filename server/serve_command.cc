// SPDX-License-Identifier: Apache-2.0
#include "server/serve_command.h"

#include <cstdio>

#include "base/log.h"

namespace freshet {

Status RunServe(const Settings& settings, const Accounts& accounts, Backends backends, const SignalWatcher& signals) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Server> server, Server::Start(settings, accounts, backends));
  std::printf("%s\n", server->ReadyLine().c_str());
  std::fflush(stdout);
  signals.Wait(Deadline::Never());
  Log(LogLevel::kInfo, "stopping", {});
  server->Stop();
  return Status();
}

}  // namespace freshet
