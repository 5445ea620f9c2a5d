// SPDX-License-Identifier: Apache-2.0
// `freshet serve`: the server until a signal comes.
#pragma once

#include "base/status.h"
#include "server/server.h"
#include "server/signal_watcher.h"

namespace freshet {

// Prints the ready line on standard output. Ok after a clean stop.
Status RunServe(const Settings& settings, const Accounts& accounts, Backends backends, const SignalWatcher& signals);

}  // namespace freshet
