// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/mysql/mariadb_server.h"

#include <signal.h>

#include <cstdio>

namespace freshet {

MariadbServer::MariadbServer(const std::vector<std::string>& arguments) : process_("mariadb"), arguments_(arguments) {
  // A tmpdir of its own: a starting server removes what it takes for an older one's left-over tables there.
  process_.Run({"mariadb-install-db", "--no-defaults", "--user=root", "--datadir=" + process_.folder() + "/data",
                "--auth-root-authentication-method=normal", "--skip-test-db", "--tmpdir=" + process_.folder()});
  Start();
  Run({"CREATE USER 'u'@'%' IDENTIFIED BY 'pw'", "GRANT ALL ON *.* TO 'u'@'%'", "CREATE DATABASE shop", "USE shop"});
}

void MariadbServer::Start() {
  const std::string& folder = process_.folder();
  std::vector<std::string> command = {"mariadbd",
                                      "--no-defaults",
                                      "--user=root",
                                      "--datadir=" + folder + "/data",
                                      "--socket=" + folder + "/s.sock",
                                      "--port=" + std::to_string(process_.port()),
                                      "--bind-address=127.0.0.1",
                                      "--log-bin=binlog",
                                      "--server-id=7",
                                      "--binlog-format=ROW",
                                      "--innodb-flush-log-at-trx-commit=0",
                                      "--sync-binlog=0",
                                      "--innodb-buffer-pool-size=32M",
                                      "--skip-name-resolve",
                                      "--tmpdir=" + folder};
  command.insert(command.end(), arguments_.begin(), arguments_.end());
  MysqlOptions root = Options();
  root.user = "root";
  root.password = "";
  process_.Start(std::move(command), [&] {
    Result<std::unique_ptr<MysqlConnection>> opened = MysqlConnection::Open(root, {});
    if (opened.ok()) connection_ = std::move(opened).value();
    return connection_ != nullptr;
  });
}

void MariadbServer::Stop() {
  connection_.reset();
  process_.Stop(SIGTERM);
}

MariadbServer::~MariadbServer() {
  Stop();
}

MysqlOptions MariadbServer::Options(const std::string& database) const {
  MysqlOptions options;
  options.port = process_.port();
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
