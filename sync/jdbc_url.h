// SPDX-License-Identifier: Apache-2.0
// SourceUrl: the address part of jdbc_url and of our own mysql:// and postgres:// URLs. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "sql/statement.h"

namespace freshet {

struct SourceUrl {
  SourceKind kind = SourceKind::kMysql;
  std::string host;
  uint16_t port = 0;  // the kind's default when the URL has none
  std::string user;   // "" when the URL has none
  std::string password;
  std::string database;  // "" when the URL has none
};

// url = ["jdbc:"] scheme "://" [user [":" password] "@"] host [":" port] ["/" database] ["?" parameters]
// scheme = "mysql" | "mariadb" | "postgresql" | "postgres"; host may be "[IPv6]". %XX is decoded in user,
// password and database. Of the parameters, user and password count when the address has none; all others are accepted
// and ignored: sessions are always UTC and UTF-8. kInvalid without the URL in the message, it may hold a password.
Result<SourceUrl> ParseSourceUrl(std::string_view text);

}  // namespace freshet
