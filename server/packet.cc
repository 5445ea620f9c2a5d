// SPDX-License-Identifier: Apache-2.0
#include "server/packet.h"

#include <algorithm>

#include "base/cursor.h"
#include "server/protocol.h"
#include "server/wire.h"

namespace freshet {
namespace {
constexpr size_t kFrameHeaderBytes = 4;
// A command's memory is given back when it was larger than most ever are.
constexpr size_t kKeptInputBytes = 64u << 10;
}  // namespace

PacketReader::Outcome PacketReader::Next(uint8_t& sequence) {
  if (!payload_open_) payload_.clear();
  while (true) {
    ByteCursor cursor(std::string_view(input_).substr(read_));
    if (cursor.remaining() < kFrameHeaderBytes) return Outcome::kNeedMore;
    const size_t size = static_cast<size_t>(cursor.UintLe(3));
    const uint8_t number = cursor.U8();
    // Both are judged by the header alone: nothing of a refused packet is waited for or kept.
    if (number != sequence) return Outcome::kOutOfOrder;
    if (payload_.size() + size > packet_bytes_max_) return Outcome::kTooLarge;
    if (cursor.remaining() < size) return Outcome::kNeedMore;
    payload_ += cursor.Take(size);
    read_ += kFrameHeaderBytes + size;
    ++sequence;
    payload_open_ = size == protocol::kFramePayloadMax;
    if (read_ == input_.size() || read_ > kKeptInputBytes) {
      input_.erase(0, read_);
      read_ = 0;
      if (input_.empty() && input_.capacity() > kKeptInputBytes) input_.shrink_to_fit();
    }
    if (!payload_open_) return Outcome::kPacket;
  }
}

std::string PacketReader::TakeRest() {
  std::string rest = input_.substr(read_);
  input_.clear();
  read_ = 0;
  return rest;
}

void AppendPacket(std::string& out, std::string_view payload, uint8_t& sequence) {
  while (true) {
    const size_t size = std::min(payload.size(), protocol::kFramePayloadMax);
    PutUint(out, size, 3);
    PutUint(out, sequence++, 1);
    out += payload.substr(0, size);
    payload.remove_prefix(size);
    if (size < protocol::kFramePayloadMax) return;
  }
}

}  // namespace freshet
