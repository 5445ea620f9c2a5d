// SPDX-License-Identifier: Apache-2.0
// PacketChannel: whole packets over a ByteStream, with the sequence numbers of one command's exchange and a
// bounded send buffer. Used by one connection's thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/byte_stream.h"
#include "server/error_code.h"
#include "server/packet.h"

namespace freshet {

class PacketChannel {
 public:
  // `stream` must outlive this.
  PacketChannel(ByteStream& stream, size_t packet_bytes_max) : stream_(stream), reader_(packet_bytes_max) {}

  // The next packet's payload, valid until the next Read; nullopt when the peer closed. A packet that breaks the
  // protocol is answered with an error and gives kInvalid: the connection must end.
  Result<std::optional<std::string_view>> Read(Deadline deadline);
  // Starts a new exchange: the next packet is a command, number 0.
  void BeginCommand() { sequence_ = 0; }
  // Buffers; sends when enough has gathered. kTimeout when the client takes nothing for a while.
  Status Write(std::string_view payload);
  Status Flush();
  // After the TLS announcement packet.
  Status StartTls(Deadline deadline);
  // Lets an error reach a client that is still sending: reads and drops for a short, bounded while.
  void Drain();
  void set_packet_bytes_max(size_t bytes) { reader_.set_packet_bytes_max(bytes); }

 private:
  Status Refuse(const ServerError& error);

  ByteStream& stream_;
  PacketReader reader_;
  uint8_t sequence_ = 0;
  std::string out_;
};

}  // namespace freshet
