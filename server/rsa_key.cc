// SPDX-License-Identifier: Apache-2.0
#include "server/rsa_key.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

namespace freshet {
namespace {
constexpr unsigned kRsaBits = 2048;  // what MySQL generates itself

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;

// The queue of OpenSSL's errors belongs to the thread: a later call must not find ours.
Status Failed(Code code, const char* what) {
  ERR_clear_error();
  return Status(code, what);
}
}  // namespace

struct RsaKey::Pair {
  std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>> key;
};

RsaKey::RsaKey() = default;
RsaKey::~RsaKey() = default;

Result<RsaKey::Pair*> RsaKey::Ready() {
  MutexLock lock(mutex_);
  if (pair_ == nullptr) {
    EVP_PKEY* key = EVP_RSA_gen(kRsaBits);
    if (key == nullptr) return Failed(Code::kLocalIo, "RSA key generation failed");
    pair_ = std::make_unique<Pair>();
    pair_->key.reset(key);
  }
  return pair_.get();
}

Result<std::string> RsaKey::PublicPem() {
  ASSIGN_OR_RETURN(Pair * pair, Ready());
  Bio bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_PUBKEY(bio.get(), pair->key.get()) != 1) {
    return Failed(Code::kLocalIo, "RSA public key cannot be written");
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

Result<std::string> RsaKey::Decrypt(std::string_view cipher_text) {
  ASSIGN_OR_RETURN(Pair * pair, Ready());
  const auto* in = reinterpret_cast<const unsigned char*>(cipher_text.data());
  KeyContext context(EVP_PKEY_CTX_new(pair->key.get(), nullptr));
  size_t size = static_cast<size_t>(EVP_PKEY_get_size(pair->key.get()));
  std::string plain(size, '\0');
  if (context == nullptr || EVP_PKEY_decrypt_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) != 1 ||
      EVP_PKEY_decrypt(context.get(), reinterpret_cast<unsigned char*>(plain.data()), &size, in, cipher_text.size()) !=
          1) {
    return Failed(Code::kAuth, "the encrypted password does not decrypt");
  }
  plain.resize(size);
  return plain;
}

}  // namespace freshet
