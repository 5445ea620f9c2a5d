// SPDX-License-Identifier: Apache-2.0
// StopToken and NamedThread: every thread of ours has a name, an owner that joins it and a token that
// it checks at each blocking call. Thread names are at most 15 bytes (Linux).
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>

namespace freshet {

using StopToken = std::stop_token;
using StopSource = std::stop_source;

// Waits for `wait` or until a stop is requested, whichever is first; true on a stop. For polling a remote
// side that gives no sign; a default token never stops.
bool WaitForStop(const StopToken& stop, std::chrono::microseconds wait);

class NamedThread {
 public:
  NamedThread() = default;
  // Starts at once. `body` must return soon after the token is stopped.
  NamedThread(std::string name, std::function<void(StopToken)> body);
  ~NamedThread() { StopAndJoin(); }
  NamedThread(NamedThread&&) = default;
  NamedThread& operator=(NamedThread&& other) {
    StopAndJoin();
    thread_ = std::move(other.thread_);
    return *this;
  }

  bool running() const { return thread_.joinable(); }
  void RequestStop() { thread_.request_stop(); }
  void StopAndJoin();

 private:
  std::jthread thread_;
};

}  // namespace freshet
