// SPDX-License-Identifier: Apache-2.0
#include "server/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/check.h"

namespace freshet {
namespace {

constexpr size_t kDecryptStepBytes = 16u << 10;  // one TLS record

Status OpensslError(Code code, const std::string& what) {
  char reason[256] = "unknown reason";
  if (const unsigned long error = ERR_get_error(); error != 0) ERR_error_string_n(error, reason, sizeof(reason));
  ERR_clear_error();
  return Status(code, what + ": " + reason);
}

}  // namespace

struct TlsContext::Handle {
  SSL_CTX* context = nullptr;
  ~Handle() { SSL_CTX_free(context); }
};

TlsContext::TlsContext(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
TlsContext::~TlsContext() = default;

Result<std::shared_ptr<const TlsContext>> TlsContext::Load(const TlsFiles& files) {
  auto handle = std::make_unique<Handle>();
  handle->context = SSL_CTX_new(TLS_server_method());
  if (handle->context == nullptr) return OpensslError(Code::kLocalIo, "TLS");
  SSL_CTX* context = handle->context;
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
    return OpensslError(Code::kInvalid, "TLS certificate " + files.certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return OpensslError(Code::kInvalid, "TLS key " + files.key);
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    return OpensslError(Code::kInvalid, "TLS key " + files.key + " does not belong to " + files.certificate);
  }
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(handle)));
}

struct TlsChannel::Handle {
  std::shared_ptr<const TlsContext> context;
  SSL* ssl = nullptr;  // owns both buffers
  BIO* in = nullptr;
  BIO* out = nullptr;
  ~Handle() { SSL_free(ssl); }
};

TlsChannel::TlsChannel(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
TlsChannel::~TlsChannel() = default;

Result<std::unique_ptr<TlsChannel>> TlsChannel::Accept(std::shared_ptr<const TlsContext> context) {
  auto handle = std::make_unique<Handle>();
  handle->context = std::move(context);
  handle->ssl = SSL_new(handle->context->handle_->context);
  handle->in = BIO_new(BIO_s_mem());
  handle->out = BIO_new(BIO_s_mem());
  if (handle->ssl == nullptr || handle->in == nullptr || handle->out == nullptr) {
    BIO_free(handle->in);
    BIO_free(handle->out);
    return OpensslError(Code::kLocalIo, "TLS");
  }
  SSL_set_bio(handle->ssl, handle->in, handle->out);
  SSL_set_accept_state(handle->ssl);
  return std::unique_ptr<TlsChannel>(new TlsChannel(std::move(handle)));
}

void TlsChannel::Received(std::string_view bytes) {
  if (bytes.empty()) return;
  // A memory buffer takes everything or the process is out of memory.
  CHECK(BIO_write(handle_->in, bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size()));
}

void TlsChannel::TakeToSend(std::string& out) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(handle_->out, &data);
  if (size <= 0) return;
  out.append(data, static_cast<size_t>(size));
  (void)BIO_reset(handle_->out);
}

Result<bool> TlsChannel::Handshake() {
  ERR_clear_error();
  const int done = SSL_do_handshake(handle_->ssl);
  if (done == 1) return true;
  if (SSL_get_error(handle_->ssl, done) == SSL_ERROR_WANT_READ) return false;
  return OpensslError(Code::kCorrupt, "TLS handshake");
}

Result<bool> TlsChannel::Decrypt(std::string& out) {
  while (true) {
    const size_t old_size = out.size();
    out.resize(old_size + kDecryptStepBytes);
    ERR_clear_error();
    const int got = SSL_read(handle_->ssl, out.data() + old_size, static_cast<int>(kDecryptStepBytes));
    out.resize(old_size + (got > 0 ? static_cast<size_t>(got) : 0));
    if (got > 0) continue;
    const int reason = SSL_get_error(handle_->ssl, got);
    if (reason == SSL_ERROR_WANT_READ) return true;
    if (reason == SSL_ERROR_ZERO_RETURN) return false;
    return OpensslError(Code::kCorrupt, "TLS");
  }
}

Status TlsChannel::Encrypt(std::string_view plain) {
  if (plain.empty()) return Status();
  ERR_clear_error();
  size_t written = 0;
  if (SSL_write_ex(handle_->ssl, plain.data(), plain.size(), &written) != 1 || written != plain.size()) {
    return OpensslError(Code::kCorrupt, "TLS");
  }
  return Status();
}

}  // namespace freshet
