// SPDX-License-Identifier: Apache-2.0
// PacketStream: where binlog events come from, one whole event at a time: a server's dump (dump_stream.h) or
// memory (tests). Not aware of what is in them. One reading thread.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"

namespace freshet {

class PacketStream {
 public:
  virtual ~PacketStream() = default;
  // The next event's bytes, valid until the next call; nullopt when `deadline` passed. kUnavailable when the
  // connection is lost or silent, kGone when the server no longer has the position, kAuth, kCorrupt.
  virtual Result<std::optional<std::string_view>> Read(Deadline deadline) = 0;
  // True when Read will likely return without waiting.
  virtual bool HasBuffered() const = 0;
};

}  // namespace freshet
