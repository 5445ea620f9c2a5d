// SPDX-License-Identifier: Apache-2.0
// SelfSignedFiles of server/tls.h: encryption without set-up. Clients that check certificates need a real
// one (--tls-cert, --tls-key).
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "server/tls.h"

namespace freshet {
namespace {

constexpr long kValidSeconds = 10L * 365 * 24 * 3600;

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;

Status SystemError(const std::string& what) {
  return Status(Code::kLocalIo, what + ": " + std::strerror(errno));
}

// Written beside and renamed: a crash leaves no half file.
Status WriteFile(const std::string& path, std::string_view bytes, mode_t mode) {
  const std::string next = path + ".new";
  ::unlink(next.c_str());
  const int file = ::open(next.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0) return SystemError(next);
  const bool written = ::write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  if (::close(file) != 0 || !written) return SystemError(next);
  if (::rename(next.c_str(), path.c_str()) != 0) return SystemError(path);
  return Status();
}

Result<Certificate> Sign(EVP_PKEY* key) {
  Certificate certificate(X509_new());
  uint32_t serial = 0;
  if (certificate == nullptr || RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) != 1) {
    return Status(Code::kLocalIo, "TLS certificate cannot be made");
  }
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -24L * 3600);  // clocks differ
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kValidSeconds);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("freshet"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  if (X509_sign(certificate.get(), key, EVP_sha256()) == 0)
    return Status(Code::kLocalIo, "TLS certificate cannot be signed");
  return certificate;
}

template <typename Write>
Result<std::string> Pem(Write write) {
  Bio bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || write(bio.get()) != 1) return Status(Code::kLocalIo, "TLS certificate cannot be written");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

}  // namespace

Result<TlsFiles> SelfSignedFiles(const std::string& directory) {
  const TlsFiles files{directory + "/server-cert.pem", directory + "/server-key.pem"};
  std::error_code error;
  if (std::filesystem::exists(files.certificate, error) && std::filesystem::exists(files.key, error)) return files;
  std::filesystem::create_directories(directory, error);
  if (error) return Status(Code::kLocalIo, directory + ": " + error.message());
  Key key(EVP_EC_gen("P-256"));
  if (key == nullptr) return Status(Code::kLocalIo, "TLS key cannot be made");
  ASSIGN_OR_RETURN(Certificate certificate, Sign(key.get()));
  ASSIGN_OR_RETURN(const std::string key_pem, Pem([&](BIO* bio) {
                     return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
                   }));
  ASSIGN_OR_RETURN(const std::string certificate_pem,
                   Pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); }));
  TRY(WriteFile(files.key, key_pem, 0600));
  TRY(WriteFile(files.certificate, certificate_pem, 0644));
  return files;
}

}  // namespace freshet
