// SPDX-License-Identifier: Apache-2.0
// Packet framing of the MySQL protocol. Pure: bytes in, payloads out; no sockets. One PacketReader per
// connection, used by its thread.
//
//   packet := frame* ; all frames but the last carry exactly 0xffffff bytes, the last one less (maybe none)
//   frame  := u24 payload-length  u8 sequence  payload
//
// The sequence grows by one (mod 256) per frame in both directions and starts anew with each command.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace freshet {

class PacketReader {
 public:
  enum class Outcome : uint8_t {
    kNeedMore,    // feed more bytes
    kPacket,      // payload() holds a whole packet
    kTooLarge,    // more than the limit; the connection cannot go on
    kOutOfOrder,  // unexpected sequence number; the connection cannot go on
  };

  explicit PacketReader(size_t packet_bytes_max) : packet_bytes_max_(packet_bytes_max) {}

  // Where received bytes are appended.
  std::string& input() { return input_; }
  // Takes the next packet from the input. `sequence` is the number expected next; it moves with each frame.
  Outcome Next(uint8_t& sequence);
  // Valid after kPacket until the next Next().
  const std::string& payload() const { return payload_; }
  // Bytes that came after the last packet: what a TLS handshake begins with. Empties the input.
  std::string TakeRest();
  // Raised after a login.
  void set_packet_bytes_max(size_t bytes) { packet_bytes_max_ = bytes; }

 private:
  size_t packet_bytes_max_;
  std::string input_;
  size_t read_ = 0;  // consumed bytes of input_
  std::string payload_;
  bool payload_open_ = false;  // payload_ holds the first frames of a packet
};

// Appends `payload` as frames to `out`; `sequence` is the first frame's number and is left at the next one.
void AppendPacket(std::string& out, std::string_view payload, uint8_t& sequence);

}  // namespace freshet
