// SPDX-License-Identifier: Apache-2.0
#include "tests/support/server_process.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/check.h"
#include "base/clock.h"

namespace freshet::test {
namespace {

constexpr int kReadyPollMs = 20;

uint16_t FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  socklen_t size = sizeof address;
  CHECK(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  close(fd);
  return ntohs(address.sin_port);
}

}  // namespace

ServerProcess::ServerProcess(const std::string& name, std::string user) : user_(std::move(user)), port_(FreePort()) {
  std::string pattern = (std::filesystem::temp_directory_path() / ("freshet-" + name + "-XXXXXX")).string();
  CHECK(mkdtemp(pattern.data()) != nullptr);
  folder_ = pattern;
  std::filesystem::permissions(folder_, std::filesystem::perms::all);
}

ServerProcess::~ServerProcess() {
  Stop(SIGKILL);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

pid_t ServerProcess::Spawn(std::vector<std::string> command) const {
  if (!user_.empty() && geteuid() == 0) {
    command.insert(command.begin(), {"setpriv", "--reuid=" + user_, "--regid=" + user_, "--clear-groups"});
  }
  const std::string log = folder_ + "/log";
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid != 0) return pid;
  const int fd = open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0666);
  dup2(fd, STDOUT_FILENO);
  dup2(fd, STDERR_FILENO);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

void ServerProcess::Run(std::vector<std::string> command) {
  const std::string name = command[0];
  int status = 0;
  const pid_t pid = Spawn(std::move(command));
  if (waitpid(pid, &status, 0) == pid && status == 0) return;
  std::fprintf(stderr, "%s failed, see %s/log\n", name.c_str(), folder_.c_str());
  std::abort();
}

void ServerProcess::Start(std::vector<std::string> command, const std::function<bool()>& ready) {
  CHECK(pid_ <= 0);
  const std::string name = command[0];
  pid_ = Spawn(std::move(command));
  const Deadline deadline = Deadline::After(kServerStartMax);
  while (!ready()) {
    if (deadline.Passed() || waitpid(pid_, nullptr, WNOHANG) == pid_) {
      std::fprintf(stderr, "%s did not start, see %s/log\n", name.c_str(), folder_.c_str());
      std::abort();
    }
    poll(nullptr, 0, kReadyPollMs);  // between two looks at the condition
  }
}

void ServerProcess::Stop(int signal_number) {
  if (pid_ <= 0) return;
  kill(pid_, signal_number);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

}  // namespace freshet::test
