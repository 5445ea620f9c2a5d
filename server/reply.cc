// SPDX-License-Identifier: Apache-2.0
#include "server/reply.h"

#include "server/wire.h"

namespace freshet {
namespace {

// Longest message that old clients keep (MYSQL_ERRMSG_SIZE).
constexpr size_t kErrorMessageBytesMax = 511;

std::string OkWithHeader(char header, uint16_t status_flags, uint64_t affected_rows = 0) {
  std::string out(1, header);
  PutLenencInt(out, affected_rows);
  PutLenencInt(out, 0);
  PutUint(out, status_flags, 2);
  PutUint(out, 0, 2);
  return out;
}

std::string_view Clipped(std::string_view message) {
  if (message.size() <= kErrorMessageBytesMax) return message;
  size_t size = kErrorMessageBytesMax;
  while (size > 0 && (static_cast<unsigned char>(message[size]) & 0xc0) == 0x80) --size;  // whole UTF-8 characters
  return message.substr(0, size);
}

}  // namespace

std::string OkPayload(uint16_t status_flags, uint64_t affected_rows, std::string_view info) {
  std::string out = OkWithHeader('\x00', status_flags, affected_rows);
  if (!info.empty()) PutLenencString(out, info);
  return out;
}

std::string ErrPayload(const ServerError& error) {
  std::string out("\xff");
  PutUint(out, error.number, 2);
  out += '#';
  out += error.sqlstate;
  out += Clipped(error.message);
  return out;
}

std::string EarlyErrPayload(const ServerError& error) {
  std::string out("\xff");
  PutUint(out, error.number, 2);
  out += Clipped(error.message);
  return out;
}

std::string EofPayload(uint16_t status_flags) {
  std::string out("\xfe");
  PutUint(out, 0, 2);
  PutUint(out, status_flags, 2);
  return out;
}

std::string EndOfRowsPayload(uint16_t status_flags, bool deprecate_eof) {
  return deprecate_eof ? OkWithHeader('\xfe', status_flags) : EofPayload(status_flags);
}

}  // namespace freshet
