// SPDX-License-Identifier: Apache-2.0
// AuthExchange: the server's side of proving one password, after the client has named its user. A pure
// machine over payloads: no sockets, no clock. Used by one connection's thread, for the login and again for
// COM_CHANGE_USER.
//
//   AuthSwitchRequest := 0xfe plugin-name NUL scramble[20] NUL
//   AuthMoreData      := 0x01 bytes
//   caching_sha2:  client proof[32] | "" | 0x00
//                  server 0x01 0x03 (fast path succeeded) | 0x01 0x04 (send the password)
//                  client over TLS: password NUL; else 0x02 (asks for the key) or RSA(password NUL xor scramble)
//                  server 0x01 PEM
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/accounts.h"
#include "server/rsa_key.h"

namespace freshet {

struct AuthStep {
  enum class Verdict : uint8_t { kMore, kAccepted, kDenied, kMalformed };
  Verdict verdict = Verdict::kDenied;
  std::vector<std::string> send;  // payloads to send now, before waiting for the next packet or the final OK
};

class AuthExchange {
 public:
  struct Setup {
    const Accounts* accounts = nullptr;
    RsaKey* rsa = nullptr;
    std::string user;
    std::string scramble;
    bool secure = false;  // TLS: a password may come in the clear
  };
  explicit AuthExchange(Setup setup);

  // The client's first proof, made with `plugin` ("" when it cannot name one: mysql_native_password).
  AuthStep Begin(std::string_view plugin, std::string_view proof);
  // Asks for a proof with the user's own plugin and the scramble of the setup.
  AuthStep BeginWithSwitch();
  // The client's next packet. REQUIRES: the last step was kMore.
  AuthStep OnPacket(std::string_view payload);

  // Whether the client tried a password at all, for the error message.
  bool used_password() const { return used_password_; }

 private:
  enum class State : uint8_t { kIdle, kSwitched, kPasswordAsked };
  AuthPlugin Wanted() const;
  AuthStep Check(AuthPlugin plugin, std::string_view proof);
  AuthStep CheckSha2(std::string_view proof);
  AuthStep CheckPassword(std::string_view password);
  AuthStep OnPassword(std::string_view payload);

  Setup setup_;
  const Account* account_ = nullptr;  // null: no such user; the exchange goes on as if there were one
  AuthPlugin plugin_ = AuthPlugin::kCachingSha2;
  State state_ = State::kIdle;
  bool key_sent_ = false;
  bool used_password_ = false;
};

}  // namespace freshet
