// SPDX-License-Identifier: Apache-2.0
// ReplicationStream: the walsender protocol inside CopyBoth (PostgreSQL manual, "Streaming Replication
// Protocol"). Used by the log reader's thread.
//
//   server := 'w' start_lsn:8 wal_end:8 time:8 pgoutput-message | 'k' wal_end:8 time:8 reply_requested:1
//   client := 'r' written:8 flushed:8 applied:8 time:8 reply_requested:1
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "cdc/postgres/pg_connection.h"
#include "cdc/postgres/server_identity.h"

namespace freshet {

struct StreamMessage {
  CopyBytes copy;  // owns the bytes below
  bool keepalive = false;
  uint64_t wal_end = 0;  // keepalive: the server has sent everything that ended before it
  bool reply_requested = false;
  std::string_view payload;  // not a keepalive: one pgoutput message
};

class ReplicationStream {
 public:
  // Retries for at most 10 s while an older walsender of ours still holds the slot. kGone: slot missing or
  // invalidated, or `resume` is no place in this server's log. kConflict: held by another consumer.
  static Result<ReplicationStream> Start(const PostgresOptions& options, const PostgresPosition& resume, bool binary);
  const ServerIdentity& server() const { return server_; }

  // The next message that can be had without waiting.
  Result<std::optional<StreamMessage>> TryRead();
  // Returns when there may be something to read or `deadline` passed. On a fast stream it lets bytes gather for a
  // few milliseconds: the server sends each row by itself, and a reader that wakes for each takes the processor
  // from the server and both the time for it.
  Status Wait(Deadline deadline);
  // Everything before `flushed` is on our disk.
  Status SendStatus(uint64_t written, uint64_t flushed, bool request_reply);

 private:
  ReplicationStream(PgConnection connection, ServerIdentity server);

  PgConnection connection_;
  ServerIdentity server_;
  bool fast_ = false;        // as of the last measurement
  uint64_t bytes_read_ = 0;  // since then
  std::chrono::steady_clock::time_point measured_;
};

}  // namespace freshet
