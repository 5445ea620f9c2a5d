// SPDX-License-Identifier: Apache-2.0
// RsaKey: the key pair with which a caching_sha2_password client without TLS hides its password. Made on
// first use, kept in memory only, one per process. Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/status.h"

namespace freshet {

class RsaKey {
 public:
  RsaKey();
  ~RsaKey();
  // PEM of the public half (SubjectPublicKeyInfo).
  Result<std::string> PublicPem();
  // RSA-OAEP (SHA-1, as the plugin's clients do it). kAuth when it does not decrypt.
  Result<std::string> Decrypt(std::string_view cipher_text);

 private:
  struct Pair;
  Result<Pair*> Ready();
  Mutex mutex_;
  std::unique_ptr<Pair> pair_ GUARDED_BY(mutex_);
};

}  // namespace freshet
