// SPDX-License-Identifier: Apache-2.0
#include "server/accounts.h"

namespace freshet {

std::string_view PluginName(AuthPlugin plugin) {
  return plugin == AuthPlugin::kNative ? "mysql_native_password" : "caching_sha2_password";
}

std::optional<AuthPlugin> FindPlugin(std::string_view name) {
  for (const AuthPlugin plugin : {AuthPlugin::kCachingSha2, AuthPlugin::kNative}) {
    if (name == PluginName(plugin)) return plugin;
  }
  return std::nullopt;
}

void Accounts::AddWithPassword(const std::string& name, std::string_view password, std::optional<AuthPlugin> only) {
  if (password.empty()) {
    accounts_[name] = Account{name, std::nullopt, only};
    return;
  }
  accounts_[name] = Account{name, NativeStoredHash(password), only};
  RememberFastDigest(name, Sha2StoredHash(password));
}

void Accounts::AddWithHash(const std::string& name, const Sha1Digest& hash, std::optional<AuthPlugin> only) {
  accounts_[name] = Account{name, hash, only};
  MutexLock lock(mutex_);
  fast_.erase(name);
}

const Account* Accounts::Find(std::string_view name) const {
  const auto found = accounts_.find(name);
  return found == accounts_.end() ? nullptr : &found->second;
}

bool Accounts::HasPassword(std::string_view name) const {
  const Account* account = Find(name);
  return account != nullptr && account->native.has_value();
}

std::optional<Sha256Digest> Accounts::FastDigest(const std::string& name) const {
  MutexLock lock(mutex_);
  const auto found = fast_.find(name);
  return found == fast_.end() ? std::nullopt : std::optional(found->second);
}

void Accounts::RememberFastDigest(const std::string& name, const Sha256Digest& digest) const {
  MutexLock lock(mutex_);
  fast_[name] = digest;
}

}  // namespace freshet
