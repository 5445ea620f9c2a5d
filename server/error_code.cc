// SPDX-License-Identifier: Apache-2.0
#include "server/error_code.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "base/check.h"

namespace freshet {
namespace {

// A Code says what happened, MySQL's numbers also say to what; the noun in the message tells. Only the
// number shown to the client depends on it, nothing that we do.
bool Mentions(std::string_view message, std::string_view word) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  };
  return std::search(message.begin(), message.end(), word.begin(), word.end(), same) != message.end();
}

// Which of two nouns comes first: "table x does not exist in database y" is about a table.
bool IsAboutDatabase(std::string_view message) {
  const auto at = [&](std::string_view word) {
    const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
    return std::search(message.begin(), message.end(), word.begin(), word.end(), same) - message.begin();
  };
  return at("database") < at("table");
}

ServerError Numbered(const Status& status) {
  const std::string& text = status.message();
  switch (status.code()) {
    case Code::kOk: break;
    case Code::kInvalid:
      if (Mentions(text, "syntax error") || Mentions(text, "Parser Error")) return {1064, "42000", text};
      if (Mentions(text, "No database selected")) return {1046, "3D000", text};
      if (Mentions(text, "Binder Error") && Mentions(text, "column")) return {1054, "42S22", text};
      return {1105, "HY000", text};
    case Code::kNotFound:
      if (text.starts_with("Unknown thread id")) return {1094, "HY000", text};
      if (IsAboutDatabase(text)) return {1049, "42000", text};
      if (Mentions(text, "job")) return {1105, "HY000", text};
      return {1146, "42S02", text};
    case Code::kExists:
      if (Mentions(text, "job")) return {1105, "HY000", text};
      if (IsAboutDatabase(text)) return {1007, "HY000", text};
      return {1050, "42S01", text};
    case Code::kUnsupported: return {1235, "42000", text};
    case Code::kCorrupt: return {1194, "HY000", text};      // ER_CRASHED_ON_USAGE
    case Code::kUnavailable: return {1429, "HY000", text};  // ER_CONNECT_TO_FOREIGN_DATA_SOURCE
    case Code::kTimeout: return {3024, "HY000", text};      // ER_QUERY_TIMEOUT
    case Code::kAuth:
      if (text.starts_with("You are not owner of thread")) return {1095, "HY000", text};
      return {1045, "28000", text};
    case Code::kGone: return {1236, "HY000", text};  // ER_MASTER_FATAL_ERROR_READING_BINLOG
    case Code::kConflict:
      if (Mentions(text, "read-only") || Mentions(text, "read only")) return {1290, "HY000", text};
      return {1105, "HY000", text};
    case Code::kLocalIo: return {1030, "HY000", text};      // ER_GET_ERRNO
    case Code::kCancelled: return {1317, "70100", text};    // ER_QUERY_INTERRUPTED
    case Code::kSchemaMoved: return {1412, "HY000", text};  // ER_TABLE_DEF_CHANGED
  }
  return {1105, "HY000", text};
}

}  // namespace

ServerError ErrorOf(const Status& status) {
  CHECK(!status.ok());
  return Numbered(status);
}

ServerError AccessDenied(const std::string& user, const std::string& host, bool with_password) {
  return {
      1045, "28000",
      "Access denied for user '" + user + "'@'" + host + "' (using password: " + (with_password ? "YES" : "NO") + ")"};
}
ServerError TooManyConnections() {
  return {1040, "08004", "Too many connections"};
}
ServerError PacketTooLarge() {
  return {1153, "08S01", "Got a packet bigger than 'max_allowed_packet' bytes"};
}
ServerError PacketsOutOfOrder() {
  return {1156, "08S01", "Got packets out of order"};
}
ServerError BadHandshake() {
  return {1043, "08S01", "Bad handshake"};
}
ServerError MalformedPacket() {
  return {1835, "HY000", "Malformed communication packet."};
}
ServerError UnknownCommand() {
  return {1047, "08S01", "Unknown command"};
}
ServerError QueryWasEmpty() {
  return {1065, "42000", "Query was empty"};
}
ServerError UnknownStatementHandler(uint32_t statement_id) {
  return {1243, "HY000", "Unknown prepared statement handler (" + std::to_string(statement_id) + ")"};
}
ServerError TooManyPreparedStatements() {
  return {1461, "42000", "Can't create more prepared statements on this connection"};
}
ServerError IdleTimeout() {
  return {4031, "HY000", "The client was disconnected by the server because of inactivity."};
}
ServerError ServerShutdown() {
  return {1053, "08S01", "Server shutdown in progress"};
}

}  // namespace freshet
