// SPDX-License-Identifier: Apache-2.0
// MirrorUrl: the source named on the command line of `freshet mirror`.
//
//   url := ("mysql" | "mariadb" | "postgres" | "postgresql") "://" user [":" password] "@" host [":" port]
//          "/" database ["?" key "=" value ("&" key "=" value)*]
//   All parts are percent-decoded; an IPv6 host is in brackets. Keys: sslmode (disable, require, verify-ca),
//   sslrootcert, and for Postgres schema (a comma list).
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "sql/statement.h"

namespace freshet {

struct MirrorUrl {
  SourceKind kind = SourceKind::kMysql;
  std::string user;
  std::string password;
  std::string host;  // without brackets
  uint16_t port = 0;
  std::string database;
  std::string schemas = "public";  // Postgres only
  std::string ssl_mode = "disable";
  std::string ssl_rootcert;
};

// kInvalid says which part; the text itself, which holds a password, is never in the message.
Result<MirrorUrl> ParseMirrorUrl(std::string_view url);

// The job's statement: job and target database are named after the source database.
CreateJob JobOf(const MirrorUrl& url, const std::string& include_tables, const std::string& exclude_tables);

}  // namespace freshet
