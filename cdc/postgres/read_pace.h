// SPDX-License-Identifier: Apache-2.0
// ReadPace: when to read from a fast replication stream, and how much at a time. A walsender hands each row to the
// network by itself. As long as the reader's window has room, each of them becomes a packet and goes through the whole
// network stack, which takes several times the processor time of decoding it; while the window is closed, rows
// gather in the sender's socket and leave in large segments. So the reader takes what lies there, rests until the
// window has been closed for a while, and rests longer or shorter by what came in while it read: when the window filled
// again at once, there are rows left at the sender and the next rest is shorter. That keeps a few rows waiting at the
// sender all the time, and the sender never waits for us. Pure; for one thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace freshet {

class ReadPace {
 public:
  using Duration = std::chrono::microseconds;

  // A round of reading begins: this many bytes lie in the socket.
  void Begin(uint64_t queued) {
    begun_with_ = queued;
    read_ = 0;
  }
  void Read(uint64_t bytes) { read_ += bytes; }
  // What lay there has been read; the rest is for the next round. Never before a client library's own buffer is empty.
  bool RoundIsOver() const { return read_ >= std::max(begun_with_, kRoundBytesMin); }
  // The round is over and this many bytes lie in the socket again. How long after its begin the next one may begin.
  Duration End(uint64_t queued);

 private:
  static constexpr uint64_t kRoundBytesMin = 48 << 10;

  uint64_t begun_with_ = 0;
  uint64_t read_ = 0;
  Duration rest_{2000};
};

}  // namespace freshet
