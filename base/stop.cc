// SPDX-License-Identifier: Apache-2.0
#include "base/stop.h"

#include <pthread.h>

#include <condition_variable>
#include <mutex>

namespace freshet {

bool WaitForStop(const StopToken& stop, std::chrono::microseconds wait) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock<std::mutex> lock(mutex);
  never.wait_for(lock, stop, wait, [] { return false; });
  return stop.stop_requested();
}

NamedThread::NamedThread(std::string name, std::function<void(StopToken)> body)
    : thread_([name = std::move(name), body = std::move(body)](StopToken stop) {
        pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
        body(stop);
      }) {}

void NamedThread::StopAndJoin() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

}  // namespace freshet
