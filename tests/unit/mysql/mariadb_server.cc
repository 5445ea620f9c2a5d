// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/mysql/mariadb_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/clock.h"

namespace freshet {
namespace {

constexpr std::chrono::seconds kStartMax{60};

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

pid_t Spawn(const std::vector<std::string>& command, const std::string& log) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t pid = fork();
  if (pid == 0) {
    const int fd = open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
    dup2(fd, 1);
    dup2(fd, 2);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  return pid;
}

}  // namespace

MariadbServer::MariadbServer(const std::vector<std::string>& arguments) : arguments_(arguments) {
  // A tmpdir of its own: a starting server removes what it takes for an older one's left-over tables there.
  char folder[] = "/tmp/freshet-mariadb-XXXXXX";
  CHECK(mkdtemp(folder) != nullptr);
  folder_ = folder;
  const pid_t install = Spawn({"mariadb-install-db", "--no-defaults", "--user=root", "--datadir=" + folder_ + "/data",
                               "--auth-root-authentication-method=normal", "--skip-test-db", "--tmpdir=" + folder_},
                              folder_ + "/install.log");
  int status = 0;
  waitpid(install, &status, 0);
  CHECK(status == 0);
  Start();
  Run({"CREATE USER 'u'@'%' IDENTIFIED BY 'pw'", "GRANT ALL ON *.* TO 'u'@'%'", "CREATE DATABASE shop", "USE shop"});
}

void MariadbServer::Start() {
  port_ = port_ == 0 ? FreePort() : port_;
  std::vector<std::string> command = {"mariadbd",
                                      "--no-defaults",
                                      "--user=root",
                                      "--datadir=" + folder_ + "/data",
                                      "--socket=" + folder_ + "/s.sock",
                                      "--port=" + std::to_string(port_),
                                      "--bind-address=127.0.0.1",
                                      "--log-bin=binlog",
                                      "--server-id=7",
                                      "--binlog-format=ROW",
                                      "--innodb-flush-log-at-trx-commit=0",
                                      "--sync-binlog=0",
                                      "--innodb-buffer-pool-size=32M",
                                      "--skip-name-resolve",
                                      "--tmpdir=" + folder_};
  command.insert(command.end(), arguments_.begin(), arguments_.end());
  pid_ = Spawn(command, folder_ + "/server.log");
  const Deadline deadline = Deadline::After(kStartMax);
  MysqlOptions root = Options();
  root.user = "root";
  root.password = "";
  while (true) {
    Result<std::unique_ptr<MysqlConnection>> opened = MysqlConnection::Open(root, {});
    if (opened.ok()) {
      connection_ = std::move(opened).value();
      return;
    }
    if (deadline.Passed() || waitpid(pid_, nullptr, WNOHANG) == pid_) {
      std::fprintf(stderr, "mariadbd did not start: %s\n", opened.status().ToString().c_str());
      std::abort();
    }
    poll(nullptr, 0, 20);  // until the server accepts connections
  }
}

void MariadbServer::Stop() {
  connection_.reset();
  if (pid_ <= 0) return;
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

MariadbServer::~MariadbServer() {
  Stop();
  std::filesystem::remove_all(folder_);
}

MysqlOptions MariadbServer::Options(const std::string& database) const {
  MysqlOptions options;
  options.port = port_;
  options.user = "u";
  options.password = "pw";
  options.database = database;
  return options;
}

void MariadbServer::Run(const std::vector<std::string>& statements) {
  for (const std::string& sql : statements) {
    const Status status = connection_->Execute(sql);
    if (!status.ok()) std::fprintf(stderr, "%s\n  %s\n", sql.c_str(), status.ToString().c_str());
    CHECK(status.ok());
  }
}

std::string MariadbServer::Value(const std::string& sql) {
  Result<std::string> value = connection_->QueryValue(sql);
  CHECK(value.ok());
  return std::move(value).value();
}

}  // namespace freshet
