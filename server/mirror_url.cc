// SPDX-License-Identifier: Apache-2.0
#include "server/mirror_url.h"

#include <algorithm>

#include "sync/jdbc_url.h"

namespace freshet {
namespace {

Status Bad(const std::string& what) {
  return Status(Code::kInvalid, what +
                                    "; a source is mysql://user:password@host:port/database or "
                                    "postgres://user:password@host:port/database");
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> Decode(std::string_view text, const char* part) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? HexValue(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexValue(text[i + 2]) : -1;
    if (high < 0 || low < 0) return Bad(std::string("malformed %-escape in the ") + part);
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  if (out.find('\0') != std::string::npos) return Bad(std::string("NUL in the ") + part);
  return out;
}

Status ParseParameters(std::string_view query, MirrorUrl& url) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const size_t equals = pair.find('=');
    const std::string key(pair.substr(0, equals));
    if (equals == std::string_view::npos) return Bad("parameter '" + key + "' has no value");
    ASSIGN_OR_RETURN(const std::string value, Decode(pair.substr(equals + 1), "parameters"));
    if (key == "sslmode" || key == "ssl_mode") {
      url.ssl_mode = value;
    } else if (key == "sslrootcert" || key == "ssl_rootcert") {
      url.ssl_rootcert = value;
    } else if (key == "schema" && url.kind == SourceKind::kPostgres) {
      url.schemas = value;
    } else {
      return Bad("unknown parameter '" + key + "'");
    }
  }
  return Status();
}

}  // namespace

Result<MirrorUrl> ParseMirrorUrl(std::string_view text) {
  const size_t question = text.find('?');
  Result<SourceUrl> source = ParseSourceUrl(text.substr(0, question));
  if (!source.ok()) return Bad(source.status().message());
  if (source->user.empty()) return Bad("no user");
  if (source->database.empty()) return Bad("no database");
  MirrorUrl url;
  url.kind = source->kind;
  url.user = std::move(source->user);
  url.password = std::move(source->password);
  url.host = std::move(source->host);
  url.port = source->port;
  url.database = std::move(source->database);
  if (question != std::string_view::npos) TRY(ParseParameters(text.substr(question + 1), url));
  return url;
}

CreateJob JobOf(const MirrorUrl& url, const std::string& include_tables, const std::string& exclude_tables) {
  const bool postgres = url.kind == SourceKind::kPostgres;
  const std::string host = url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
  const std::string server = host + ":" + std::to_string(url.port);
  CreateJob job;
  job.name = url.database;
  job.source = url.kind;
  job.target_database = url.database;
  Properties& properties = job.source_properties;
  properties = {{"jdbc_url", (postgres ? "jdbc:postgresql://" : "jdbc:mysql://") + server},
                {"user", url.user},
                {"password", url.password},
                {"database", url.database},
                {"offset", "initial"},
                {"ssl_mode", url.ssl_mode}};
  if (postgres) properties.emplace_back("schema", url.schemas);
  if (!url.ssl_rootcert.empty()) properties.emplace_back("ssl_rootcert", "FILE:" + url.ssl_rootcert);
  if (!include_tables.empty()) properties.emplace_back("include_tables", include_tables);
  if (!exclude_tables.empty()) properties.emplace_back("exclude_tables", exclude_tables);
  return job;
}

}  // namespace freshet
