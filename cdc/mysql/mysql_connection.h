// SPDX-License-Identifier: Apache-2.0
// MysqlConnection: one libmariadb connection with our error codes. The only files that include <mysql.h> are
// mysql_connection.cc and dump_stream.cc. One thread at a time. Passwords and statement texts never get into
// messages.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "cdc/mysql/mysql_options.h"
#include "ddl/mysql_token.h"

struct st_mysql;

namespace freshet {

struct ServerVersion {
  MysqlFlavour flavour = MysqlFlavour::kMysql;
  uint32_t number = 0;  // 80036, 101106
  std::string text;     // "10.11.6-MariaDB"
  bool mariadb() const { return flavour == MysqlFlavour::kMariadb; }
};

// A small result, held in memory. Missing is NULL.
using SqlRow = std::vector<std::optional<std::string>>;
struct SqlRows {
  std::vector<std::string> names;
  std::vector<SqlRow> rows;
  // Value of the named column (ASCII case-insensitive) of row `row`; "" when NULL or missing.
  std::string Get(size_t row, std::string_view name) const;
};

class MysqlConnection {
 public:
  struct Timeouts {
    std::chrono::seconds connect{10};
    std::chrono::seconds read{60};
    std::chrono::seconds write{30};
  };
  // Logs in; no default database. kUnavailable "can not connect to host:port: ..", kAuth, kInvalid (ssl).
  static Result<std::unique_ptr<MysqlConnection>> Open(const MysqlOptions& options, const Timeouts& timeouts);
  ~MysqlConnection();
  MysqlConnection(const MysqlConnection&) = delete;
  MysqlConnection& operator=(const MysqlConnection&) = delete;

  const ServerVersion& version() const { return version_; }
  Status Execute(const std::string& sql);
  Result<SqlRows> Query(const std::string& sql);
  // First value of the first row; "" when NULL. kNotFound without a row.
  Result<std::string> QueryValue(const std::string& sql);
  // Rows one by one, unbuffered. `row` gets the values (data() null for NULL), valid during the call; false
  // stops reading: the rest is drained, so the query must be bounded.
  using RowFunction = std::function<Result<bool>(const std::string_view* values, size_t count)>;
  Status Stream(const std::string& sql, const RowFunction& row);

  // kAuth, kUnavailable, ... from the connection's last error; `what` says what was tried.
  Status LastError(std::string_view what) const;
  // False once an error has shown that the connection is lost.
  bool alive() const { return alive_; }
  st_mysql* native() { return mysql_; }

 private:
  explicit MysqlConnection(st_mysql* mysql) : mysql_(mysql) {}
  static Result<std::unique_ptr<MysqlConnection>> OpenOnce(const MysqlOptions& options, const Timeouts& timeouts,
                                                           bool tls);
  Status Run(const std::string& sql);

  st_mysql* mysql_;
  ServerVersion version_;
  mutable bool alive_ = true;
};

// What a server or client error number means to us. One table; messages are never looked at.
Code CodeOfMysqlError(unsigned number);

// `name` quoted as an identifier; 'text' as a string literal that holds under any sql_mode and character set.
std::string QuoteMysqlName(std::string_view name);
std::string HexLiteral(std::string_view bytes);  // X'6162'
std::string TextLiteral(std::string_view utf8);  // _utf8mb4 X'6162'

}  // namespace freshet
