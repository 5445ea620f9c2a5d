// SPDX-License-Identifier: Apache-2.0
// SignalWatcher: SIGTERM and SIGINT as a stop token. Made first in main, before any other thread, so that
// every thread inherits the blocked signals and only the watcher's takes them.
#pragma once

#include "base/clock.h"
#include "base/stop.h"

namespace freshet {

class SignalWatcher {
 public:
  SignalWatcher();

  StopToken token() const { return stop_.get_token(); }
  // True as soon as a signal came, false at the deadline.
  bool Wait(Deadline deadline) const;

 private:
  StopSource stop_;
  NamedThread thread_;
};

}  // namespace freshet
