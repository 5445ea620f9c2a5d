// SPDX-License-Identifier: Apache-2.0
#include "server/handshake.h"

#include "base/check.h"
#include "base/cursor.h"
#include "base/version.h"
#include "server/protocol.h"
#include "server/wire.h"

namespace freshet {
namespace {

using namespace protocol;

constexpr size_t kTlsRequestBytes = 32;
constexpr size_t kScrambleFirstPart = 8;
constexpr size_t kAttributesMax = 128;  // pairs; clients send about ten

Status Malformed(const char* what) {
  return Status(Code::kInvalid, std::string("malformed ") + what);
}

Status TakeAttributes(ByteCursor& cursor, LoginRequest& login) {
  ByteCursor pairs(TakeLenencString(cursor));
  if (!cursor.ok()) return Malformed("connection attributes");
  while (!pairs.done() && login.attributes.size() < kAttributesMax) {
    std::string name(TakeLenencString(pairs));
    std::string value(TakeLenencString(pairs));
    if (!pairs.ok()) return Malformed("connection attributes");
    login.attributes[std::move(name)] = std::move(value);
  }
  return Status();
}

// Some clients leave the last NUL out.
std::string TakeFinalString(ByteCursor& cursor) {
  const std::string_view rest(cursor.position(), cursor.remaining());
  return std::string(rest.find('\0') == std::string_view::npos ? cursor.TakeRest() : cursor.TakeCString());
}

}  // namespace

std::string GreetingPayload(const Greeting& greeting) {
  CHECK(greeting.scramble.size() == kScrambleBytes);
  std::string out;
  PutUint(out, kProtocolVersion, 1);
  out += kMysqlVersion;
  out += '\0';
  PutUint(out, greeting.connection_id, 4);
  out += greeting.scramble.substr(0, kScrambleFirstPart);
  out += '\0';
  PutUint(out, greeting.capabilities & 0xffff, 2);
  PutUint(out, kCharsetUtf8mb4, 1);
  PutUint(out, kStatusAutocommit, 2);
  PutUint(out, greeting.capabilities >> 16, 2);
  PutUint(out, kScrambleBytes + 1, 1);
  out.append(10, '\0');
  out += greeting.scramble.substr(kScrambleFirstPart);
  out += '\0';
  out += greeting.plugin;
  out += '\0';
  return out;
}

bool IsTlsRequest(std::string_view payload) {
  ByteCursor cursor(payload);
  const uint32_t capabilities = cursor.U32Le();
  return payload.size() == kTlsRequestBytes && (capabilities & kClientSsl) != 0;
}

Result<LoginRequest> ParseHandshakeResponse(std::string_view payload) {
  ByteCursor cursor(payload);
  LoginRequest login;
  login.capabilities = cursor.U32Le();
  cursor.Skip(4);  // the client's own packet limit
  login.charset = cursor.U8();
  cursor.Skip(23);
  if (!cursor.ok()) return Malformed("handshake response");
  if ((login.capabilities & kClientProtocol41) == 0) return Status(Code::kInvalid, "client protocol older than 4.1");
  login.user = cursor.TakeCString();
  if (login.capabilities & kClientPluginAuthLenenc) {
    login.proof = TakeLenencString(cursor);
  } else if (login.capabilities & kClientSecureConnection) {
    const uint8_t size = cursor.U8();
    login.proof = cursor.Take(size);
  } else {
    login.proof = cursor.TakeCString();
  }
  if (!cursor.ok()) return Malformed("handshake response");
  if ((login.capabilities & kClientConnectWithDb) && !cursor.done()) login.database = TakeFinalString(cursor);
  if ((login.capabilities & kClientPluginAuth) && !cursor.done()) login.plugin = TakeFinalString(cursor);
  if (!cursor.ok()) return Malformed("handshake response");
  if ((login.capabilities & kClientConnectAttrs) && !cursor.done()) TRY(TakeAttributes(cursor, login));
  return login;
}

Result<LoginRequest> ParseChangeUser(std::string_view payload, uint32_t capabilities) {
  ByteCursor cursor(payload);
  LoginRequest login;
  login.capabilities = capabilities;
  login.user = cursor.TakeCString();
  const uint8_t size = cursor.U8();
  login.proof = cursor.Take(size);
  login.database = cursor.TakeCString();
  if (!cursor.ok()) return Malformed("change user command");
  if (!cursor.done()) login.charset = cursor.U16Le();
  if ((capabilities & kClientPluginAuth) && !cursor.done()) login.plugin = TakeFinalString(cursor);
  if (!cursor.ok()) return Malformed("change user command");
  if ((capabilities & kClientConnectAttrs) && !cursor.done()) TRY(TakeAttributes(cursor, login));
  return login;
}

}  // namespace freshet
