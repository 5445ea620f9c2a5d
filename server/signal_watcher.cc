// SPDX-License-Identifier: Apache-2.0
#include "server/signal_watcher.h"

#include <condition_variable>
#include <csignal>
#include <ctime>
#include <mutex>

namespace freshet {
namespace {
constexpr long kLookNs = 200'000'000;  // how long the process' end may wait for this thread
}  // namespace

SignalWatcher::SignalWatcher() {
  ::signal(SIGPIPE, SIG_IGN);  // a peer that left is an error of its own connection
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  thread_ = NamedThread("signals", [this, signals](StopToken stop) {
    const timespec look{0, kLookNs};
    while (!stop.stop_requested()) {
      if (::sigtimedwait(&signals, nullptr, &look) > 0) stop_.request_stop();
    }
  });
}

bool SignalWatcher::Wait(Deadline deadline) const {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  // Never() does not fit the library's clock arithmetic.
  const auto at = std::min(deadline.at(), Clock::System().Now() + std::chrono::hours(1));
  do {
    changed.wait_until(lock, stop_.get_token(), at, [] { return false; });
  } while (!stop_.stop_requested() && !deadline.Passed());
  return stop_.stop_requested();
}

}  // namespace freshet
