// SPDX-License-Identifier: Apache-2.0
// `freshet mirror URL`: the server and one job in one process, with progress.
#pragma once

#include <string>

#include "base/status.h"
#include "server/mirror_url.h"
#include "server/server.h"
#include "server/signal_watcher.h"

namespace freshet {

struct MirrorRequest {
  MirrorUrl url;
  std::string include_tables;
  std::string exclude_tables;
  bool exit_when_synced = false;
  bool verify = false;
};

// False: synced and verified, but not every table is equal to its source. Errors say why the mirror cannot be. A
// signal ends it cleanly with true.
Result<bool> RunMirror(const MirrorRequest& request, const Settings& settings, const Accounts& accounts,
                       Backends backends, const SignalWatcher& signals);

}  // namespace freshet
