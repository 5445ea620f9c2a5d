// SPDX-License-Identifier: Apache-2.0
// SocketStream: a ByteStream over a connected TCP socket, plain at first, TLS after StartTls.
#pragma once

#include <memory>
#include <string>

#include "server/byte_stream.h"
#include "server/tls.h"

namespace freshet {

class SocketStream : public ByteStream {
 public:
  // Takes over `socket` (connected, made non-blocking here). A null context: TLS is not offered.
  SocketStream(int socket, std::string peer_host, std::shared_ptr<const TlsContext> tls);
  ~SocketStream() override;

  Result<bool> Read(std::string& buffer, Deadline deadline) override;
  Status Write(std::string_view bytes, Deadline deadline) override;
  Status StartTls(std::string_view received, Deadline deadline) override;
  bool can_start_tls() const override { return context_ != nullptr && channel_ == nullptr; }
  bool secure() const override { return channel_ != nullptr; }
  const std::string& peer_host() const override { return peer_host_; }
  void Interrupt() override;

 private:
  Result<bool> ReadRaw(std::string& buffer, Deadline deadline);
  Status WriteRaw(std::string_view bytes, Deadline deadline);
  Status FlushTls(Deadline deadline);
  Status Wait(short events, Deadline deadline);

  const int socket_;
  const std::string peer_host_;
  const std::shared_ptr<const TlsContext> context_;
  std::unique_ptr<TlsChannel> channel_;
};

}  // namespace freshet
