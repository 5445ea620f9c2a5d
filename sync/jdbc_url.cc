// SPDX-License-Identifier: Apache-2.0
#include "sync/jdbc_url.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace freshet {

namespace {

struct Scheme {
  std::string_view prefix;
  SourceKind kind;
  uint16_t port;
};
constexpr Scheme kSchemes[] = {
    {"mysql://", SourceKind::kMysql, 3306},
    {"mariadb://", SourceKind::kMysql, 3306},
    {"postgresql://", SourceKind::kPostgres, 5432},
    {"postgres://", SourceKind::kPostgres, 5432},
};

std::optional<int> HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::string DecodePercent(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const auto high = HexDigit(text[i + 1]);
      const auto low = HexDigit(text[i + 2]);
      if (high && low) {
        out.push_back(static_cast<char>(*high * 16 + *low));
        i += 2;
        continue;
      }
    }
    out.push_back(text[i]);
  }
  return out;
}

Status Malformed(std::string_view what) {
  return Status(Code::kInvalid, "Failed to parse db type from jdbcUrl: " + std::string(what) +
                                    "; expected jdbc:mysql://host:port or jdbc:postgresql://host:port/db");
}

Status ParseHostPort(std::string_view text, SourceUrl& url) {
  std::string_view port;
  if (!text.empty() && text.front() == '[') {
    const size_t close = text.find(']');
    if (close == text.npos) return Malformed("unclosed [ in the host");
    url.host = text.substr(1, close - 1);
    text.remove_prefix(close + 1);
    if (!text.empty() && text.front() != ':') return Malformed("unexpected text after the host");
    if (!text.empty()) port = text.substr(1);
  } else {
    const size_t colon = text.find(':');
    url.host = text.substr(0, colon);
    if (colon != text.npos) port = text.substr(colon + 1);
  }
  if (url.host.empty()) return Malformed("no host");
  if (port.empty()) return Status::Ok();
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
  if (error != std::errc() || end != port.data() + port.size() || url.port == 0) {
    return Malformed("the port is not a number from 1 to 65535");
  }
  return Status::Ok();
}

// Logins that JDBC drivers take from the parameters; everything else there is for a driver that is not ours.
void ReadLoginParameters(std::string_view parameters, SourceUrl& url) {
  while (!parameters.empty()) {
    const std::string_view parameter = parameters.substr(0, parameters.find('&'));
    parameters.remove_prefix(std::min(parameter.size() + 1, parameters.size()));
    const size_t equals = parameter.find('=');
    if (equals == parameter.npos) continue;
    const std::string_view name = parameter.substr(0, equals);
    if (name == "user" && url.user.empty()) url.user = DecodePercent(parameter.substr(equals + 1));
    if (name == "password" && url.password.empty()) url.password = DecodePercent(parameter.substr(equals + 1));
  }
}

}  // namespace

Result<SourceUrl> ParseSourceUrl(std::string_view text) {
  if (text.starts_with("jdbc:")) text.remove_prefix(5);
  const Scheme* scheme = nullptr;
  for (const Scheme& candidate : kSchemes) {
    if (text.starts_with(candidate.prefix)) scheme = &candidate;
  }
  if (scheme == nullptr) return Malformed("unknown scheme");
  SourceUrl url;
  url.kind = scheme->kind;
  url.port = scheme->port;
  text.remove_prefix(scheme->prefix.size());
  const size_t question = text.find('?');
  const std::string_view parameters = question == text.npos ? std::string_view() : text.substr(question + 1);
  text = text.substr(0, question);
  const size_t slash = text.rfind('/');
  const size_t at = text.rfind('@');
  // A '/' before the '@' belongs to an unescaped password.
  const bool has_path = slash != text.npos && (at == text.npos || slash > at);
  std::string_view authority = has_path ? text.substr(0, slash) : text;
  if (has_path) url.database = DecodePercent(text.substr(slash + 1));
  if (at != text.npos) {
    const std::string_view login = authority.substr(0, at);
    authority.remove_prefix(at + 1);
    const size_t colon = login.find(':');
    url.user = DecodePercent(login.substr(0, colon));
    if (colon != login.npos) url.password = DecodePercent(login.substr(colon + 1));
  }
  TRY(ParseHostPort(authority, url));
  ReadLoginParameters(parameters, url);
  return url;
}

}  // namespace freshet
