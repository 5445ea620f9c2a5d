// SPDX-License-Identifier: Apache-2.0
// ServerProcess: a database server of a test: a temporary folder, a free port on 127.0.0.1, one child process that is
// stopped by its pid. What the server is and when it is ready is the caller's matter. One thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace freshet::test {

inline constexpr std::chrono::seconds kServerStartMax{60};

class ServerProcess {
 public:
  // `user`: runs commands as that user when we are root; "" as ourselves. The folder is open to every user.
  explicit ServerProcess(const std::string& name, std::string user = "");
  // Ends the child at once and removes the folder.
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  const std::string& folder() const { return folder_; }
  uint16_t port() const { return port_; }  // the same for the object's life

  // A command to its end; CHECKs that it succeeds.
  void Run(std::vector<std::string> command);
  // Starts the server and returns when `ready` is true, asked again and again. Aborts with the log's place when the
  // server ends before or kServerStartMax has passed.
  void Start(std::vector<std::string> command, const std::function<bool()>& ready);
  // Sends `signal_number` and waits for the end; nothing when it does not run.
  void Stop(int signal_number);

 private:
  pid_t Spawn(std::vector<std::string> command) const;

  std::string user_;
  std::string folder_;
  uint16_t port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace freshet::test
