// SPDX-License-Identifier: Apache-2.0
// ByteStream: one connection as the session sees it. Implementations: socket_stream.h and the tests' script.
// Used by one thread, but for Interrupt().
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"

namespace freshet {

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Appends what has arrived, at least one byte, to `buffer`. False: the peer closed. kTimeout,
  // kUnavailable (broken or interrupted), kCorrupt (TLS).
  virtual Result<bool> Read(std::string& buffer, Deadline deadline) = 0;
  // All of it. kTimeout when the peer takes nothing.
  virtual Status Write(std::string_view bytes, Deadline deadline) = 0;
  // Goes on in TLS; `received` are bytes that were read already but belong to it.
  virtual Status StartTls(std::string_view received, Deadline deadline) = 0;
  virtual bool can_start_tls() const = 0;
  virtual bool secure() const = 0;
  // "127.0.0.1", for messages.
  virtual const std::string& peer_host() const = 0;
  // From any thread: reads and writes, running or to come, end soon with kUnavailable or as closed.
  virtual void Interrupt() = 0;
};

}  // namespace freshet
