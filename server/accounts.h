// SPDX-License-Identifier: Apache-2.0
// Accounts: who may log in and what is kept of each password. Filled before the listener starts, then only
// the fast-path digests change. Thread-safe after that.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/status.h"
#include "server/password.h"

namespace freshet {

enum class AuthPlugin : uint8_t { kCachingSha2, kNative };

std::string_view PluginName(AuthPlugin plugin);
std::optional<AuthPlugin> FindPlugin(std::string_view name);

struct Account {
  std::string name;
  std::optional<Sha1Digest> native;  // nullopt: no password
  std::optional<AuthPlugin> only;    // nullopt: either plugin
};

class Accounts {
 public:
  // Replaces an account of the same name. An empty password means that none is needed.
  void AddWithPassword(const std::string& name, std::string_view password, std::optional<AuthPlugin> only = {});
  // From a stored SHA1(SHA1(password)); the first caching_sha2 login needs the full exchange.
  void AddWithHash(const std::string& name, const Sha1Digest& hash, std::optional<AuthPlugin> only = {});

  // Null without such a user. Lives as long as this.
  const Account* Find(std::string_view name) const;
  // True when `name` exists and needs a password.
  bool HasPassword(std::string_view name) const;

  // The digest of the fast path, known once the password has been seen.
  std::optional<Sha256Digest> FastDigest(const std::string& name) const;
  void RememberFastDigest(const std::string& name, const Sha256Digest& digest) const;

 private:
  std::map<std::string, Account, std::less<>> accounts_;
  mutable Mutex mutex_;
  mutable std::map<std::string, Sha256Digest> fast_ GUARDED_BY(mutex_);
};

}  // namespace freshet
