// SPDX-License-Identifier: Apache-2.0
// TlsContext: the server's certificate and key. TlsChannel: one TLS connection over memory buffers, without
// sockets. OpenSSL's types stay inside. A context is immutable and shared by the connections' threads.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace freshet {

struct TlsFiles {
  std::string certificate;  // PEM, with its chain
  std::string key;          // PEM
};

// Names the pair under `directory`, making a self-signed one (P-256, ten years) when there is none. The key is
// readable by its owner only.
Result<TlsFiles> SelfSignedFiles(const std::string& directory);

class TlsContext {
 public:
  // kInvalid names the file and OpenSSL's reason. At least TLS 1.2.
  static Result<std::shared_ptr<const TlsContext>> Load(const TlsFiles& files);
  ~TlsContext();

 private:
  friend class TlsChannel;
  struct Handle;
  explicit TlsContext(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;
};

class TlsChannel {
 public:
  static Result<std::unique_ptr<TlsChannel>> Accept(std::shared_ptr<const TlsContext> context);
  ~TlsChannel();

  // Bytes from the peer.
  void Received(std::string_view bytes);
  // Appends bytes that are to be sent to the peer.
  void TakeToSend(std::string& out);
  // True when done, false when it needs more bytes. kCorrupt: not TLS or no common ground.
  Result<bool> Handshake();
  // Appends decrypted bytes. False: the peer closed the TLS connection.
  Result<bool> Decrypt(std::string& out);
  Status Encrypt(std::string_view plain);

 private:
  struct Handle;
  explicit TlsChannel(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;
};

}  // namespace freshet
