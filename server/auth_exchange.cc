// SPDX-License-Identifier: Apache-2.0
#include "server/auth_exchange.h"

#include <openssl/crypto.h>

#include "base/check.h"

namespace freshet {
namespace {

using Verdict = AuthStep::Verdict;

constexpr std::string_view kFastPathSucceeded("\x01\x03", 2);
constexpr std::string_view kSendThePassword("\x01\x04", 2);
constexpr std::string_view kPublicKeyRequest("\x02", 1);
// Longest password of MySQL; what is longer is no password and is not hashed.
constexpr size_t kPasswordBytesMax = 256;

AuthStep Denied() {
  return {Verdict::kDenied, {}};
}

}  // namespace

AuthExchange::AuthExchange(Setup setup) : setup_(std::move(setup)) {
  account_ = setup_.accounts->Find(setup_.user);
}

AuthPlugin AuthExchange::Wanted() const {
  return account_ != nullptr && account_->only ? *account_->only : AuthPlugin::kCachingSha2;
}

AuthStep AuthExchange::Begin(std::string_view plugin, std::string_view proof) {
  used_password_ = !proof.empty() && proof != std::string_view("\0", 1);
  const std::optional<AuthPlugin> offered = plugin.empty() ? AuthPlugin::kNative : FindPlugin(plugin);
  const bool restricted = account_ != nullptr && account_->only.has_value();
  if (!offered || (restricted && *offered != Wanted())) return BeginWithSwitch();
  return Check(*offered, proof);
}

AuthStep AuthExchange::BeginWithSwitch() {
  plugin_ = Wanted();
  state_ = State::kSwitched;
  std::string request("\xfe");
  request += PluginName(plugin_);
  request += '\0';
  request += setup_.scramble;
  request += '\0';
  return {Verdict::kMore, {std::move(request)}};
}

AuthStep AuthExchange::OnPacket(std::string_view payload) {
  CHECK(state_ != State::kIdle);
  if (state_ == State::kSwitched) {
    used_password_ = !payload.empty() && payload != std::string_view("\0", 1);
    return Check(plugin_, payload);
  }
  return OnPassword(payload);
}

AuthStep AuthExchange::Check(AuthPlugin plugin, std::string_view proof) {
  plugin_ = plugin;
  state_ = State::kIdle;
  if (account_ != nullptr && !account_->native) {
    return used_password_ ? Denied() : AuthStep{Verdict::kAccepted, {}};
  }
  if (!used_password_) return Denied();
  if (plugin == AuthPlugin::kCachingSha2) return CheckSha2(proof);
  const bool right = account_ != nullptr && CheckNativeProof(*account_->native, setup_.scramble, proof);
  return right ? AuthStep{Verdict::kAccepted, {}} : Denied();
}

AuthStep AuthExchange::CheckSha2(std::string_view proof) {
  if (proof.size() != sizeof(Sha256Digest)) return {Verdict::kMalformed, {}};
  if (const auto digest = setup_.accounts->FastDigest(setup_.user)) {
    if (CheckSha2Proof(*digest, setup_.scramble, proof)) {
      return {Verdict::kAccepted, {std::string(kFastPathSucceeded)}};
    }
    return Denied();  // the digest was made from the password itself, a full exchange would end the same
  }
  // Unknown users take this way too: who they are is not told apart from a wrong password here.
  state_ = State::kPasswordAsked;
  return {Verdict::kMore, {std::string(kSendThePassword)}};
}

AuthStep AuthExchange::OnPassword(std::string_view payload) {
  if (setup_.secure) {
    if (payload.empty() || payload.back() != '\0') return {Verdict::kMalformed, {}};
    return CheckPassword(payload.substr(0, payload.size() - 1));
  }
  if (payload == kPublicKeyRequest) {
    if (key_sent_) return {Verdict::kMalformed, {}};
    key_sent_ = true;
    Result<std::string> pem = setup_.rsa->PublicPem();
    if (!pem.ok()) return Denied();
    return {Verdict::kMore, {'\x01' + *pem}};
  }
  Result<std::string> plain = setup_.rsa->Decrypt(payload);
  if (!plain.ok()) return Denied();
  for (size_t i = 0; i < plain->size(); ++i) (*plain)[i] ^= setup_.scramble[i % setup_.scramble.size()];
  AuthStep step{Verdict::kMalformed, {}};
  if (!plain->empty() && plain->back() == '\0')
    step = CheckPassword(std::string_view(*plain).substr(0, plain->size() - 1));
  OPENSSL_cleanse(plain->data(), plain->size());
  return step;
}

AuthStep AuthExchange::CheckPassword(std::string_view password) {
  if (password.size() > kPasswordBytesMax || account_ == nullptr || !account_->native) return Denied();
  const Sha1Digest hash = NativeStoredHash(password);
  if (CRYPTO_memcmp(hash.data(), account_->native->data(), hash.size()) != 0) return Denied();
  setup_.accounts->RememberFastDigest(setup_.user, Sha2StoredHash(password));
  return {Verdict::kAccepted, {}};
}

}  // namespace freshet
