// SPDX-License-Identifier: Apache-2.0
// Messages of the connection phase: what the server greets with and what the client answers. Pure
// functions over payloads; who may log in is auth_exchange.h's.
//
//   HandshakeV10 := u8 10  version NUL  u32 connection-id  scramble[8] NUL  u16 capabilities-low  u8 charset
//                   u16 status  u16 capabilities-high  u8 scramble-size(21)  zero[10]  scramble[12] NUL
//                   plugin-name NUL
//   SSLRequest   := u32 capabilities  u32 packet-max  u8 charset  zero[23]            (32 bytes)
//   HandshakeResponse41 := SSLRequest  user NUL  proof  [database NUL]  [plugin-name NUL]  [attributes]
//     proof      := lenenc-string with PLUGIN_AUTH_LENENC, else u8 size and bytes with SECURE_CONNECTION,
//                   else bytes NUL
//     attributes := lenenc-int bytes, then (lenenc-string lenenc-string)*
//   COM_CHANGE_USER := 0x11 user NUL u8 size proof database NUL [u16 charset [plugin-name NUL [attributes]]]
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/status.h"

namespace freshet {

struct Greeting {
  uint32_t connection_id = 0;
  std::string scramble;  // 20 bytes
  uint32_t capabilities = 0;
  std::string_view plugin;
};

std::string GreetingPayload(const Greeting& greeting);

// True for the 32 bytes that announce TLS.
bool IsTlsRequest(std::string_view payload);

struct LoginRequest {
  uint32_t capabilities = 0;
  uint16_t charset = 0;
  std::string user;
  std::string proof;
  std::string database;
  std::string plugin;
  std::map<std::string, std::string> attributes;
};

// kInvalid: malformed, or a protocol older than 4.1.
Result<LoginRequest> ParseHandshakeResponse(std::string_view payload);
// `payload` without the command byte; `capabilities` are those of the login.
Result<LoginRequest> ParseChangeUser(std::string_view payload, uint32_t capabilities);

}  // namespace freshet
