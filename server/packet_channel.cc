// SPDX-License-Identifier: Apache-2.0
#include "server/packet_channel.h"

#include "server/reply.h"

namespace freshet {
namespace {

// Large enough that a system call is cheap per row, small enough for a thousand connections.
constexpr size_t kSendBufferBytes = 64u << 10;
// A client that takes nothing for so long has gone (MySQL's net_write_timeout).
constexpr std::chrono::seconds kWriteTimeout{60};
constexpr std::chrono::seconds kDrainTime{2};
constexpr size_t kDrainBytesMax = 256u << 20;

}  // namespace

Status PacketChannel::Refuse(const ServerError& error) {
  ++sequence_;  // answers the frame that was refused
  TRY(Write(ErrPayload(error)));
  TRY(Flush());
  Drain();
  return Status(Code::kInvalid, error.message);
}

Result<std::optional<std::string_view>> PacketChannel::Read(Deadline deadline) {
  while (true) {
    switch (reader_.Next(sequence_)) {
      case PacketReader::Outcome::kPacket: return std::optional<std::string_view>(reader_.payload());
      case PacketReader::Outcome::kTooLarge: return Refuse(PacketTooLarge());
      case PacketReader::Outcome::kOutOfOrder: return Refuse(PacketsOutOfOrder());
      case PacketReader::Outcome::kNeedMore: break;
    }
    ASSIGN_OR_RETURN(const bool open, stream_.Read(reader_.input(), deadline));
    if (!open) return std::optional<std::string_view>();
  }
}

Status PacketChannel::Write(std::string_view payload) {
  AppendPacket(out_, payload, sequence_);
  return out_.size() >= kSendBufferBytes ? Flush() : Status();
}

Status PacketChannel::Flush() {
  if (out_.empty()) return Status();
  Status sent = stream_.Write(out_, Deadline::After(kWriteTimeout));
  out_.clear();
  if (out_.capacity() > 2 * kSendBufferBytes) out_.shrink_to_fit();  // after a huge row
  return sent;
}

Status PacketChannel::StartTls(Deadline deadline) {
  return stream_.StartTls(reader_.TakeRest(), deadline);
}

void PacketChannel::Drain() {
  const Deadline deadline = Deadline::After(kDrainTime);
  std::string dropped;
  for (size_t bytes = 0; bytes < kDrainBytesMax; bytes += dropped.size()) {
    dropped.clear();
    const Result<bool> open = stream_.Read(dropped, deadline);
    if (!open.ok() || !*open) return;
  }
}

}  // namespace freshet
