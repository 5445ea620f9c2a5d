// SPDX-License-Identifier: Apache-2.0
// MariadbServer: a throwaway mariadbd for one test: own data folder, free port on 127.0.0.1, stopped by pid.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cdc/mysql/mysql_connection.h"
#include "tests/support/server_process.h"

namespace freshet {

class MariadbServer {
 public:
  // Aborts the test process with a message when the server does not come up.
  explicit MariadbServer(const std::vector<std::string>& arguments = {});
  ~MariadbServer();

  MysqlOptions Options(const std::string& database = "shop") const;
  // Runs each statement over one connection that is kept; CHECKs that it works.
  void Run(const std::vector<std::string>& statements);
  std::string Value(const std::string& sql);
  MysqlConnection& connection() { return *connection_; }
  void Stop();
  void Start();

 private:
  test::ServerProcess process_;
  std::vector<std::string> arguments_;
  std::unique_ptr<MysqlConnection> connection_;
};

}  // namespace freshet
