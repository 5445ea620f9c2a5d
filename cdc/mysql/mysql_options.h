// SPDX-License-Identifier: Apache-2.0
// MysqlOptions: everything that a MySQL or MariaDB connector is configured with. Plain data, made from job
// properties by the composition root. Never logged as a whole: it holds the password.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace freshet {

// As the mysql client's --ssl-mode.
enum class MysqlSslMode : uint8_t {
  kDisable,     // never
  kPreferred,   // when the server offers it; the certificate is not checked
  kRequired,    // always; the certificate is not checked
  kVerifyCa,    // always; signed by ssl_rootcert
  kVerifyFull,  // kVerifyCa and the host name matches
};

struct MysqlOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 3306;
  std::string user;
  std::string password;
  std::string database;
  MysqlSslMode ssl_mode = MysqlSslMode::kDisable;
  std::string ssl_rootcert;  // PEM file; "" uses the system's authorities
  // The log reader registers as a replica with an id from this range (inclusive). 0, 0: one is drawn from
  // 1,000,000,000 to 1,999,999,999.
  uint32_t server_id_first = 0;
  uint32_t server_id_last = 0;
  // Table name -> names of columns that are decoded past and never stored.
  std::map<std::string, std::vector<std::string>> exclude_columns;
};

}  // namespace freshet
