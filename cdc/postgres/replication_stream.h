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
#include "cdc/postgres/read_pace.h"
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

  // The next message that can be had without waiting; none as well when a round of a fast stream is over (ReadPace).
  Result<std::optional<StreamMessage>> TryRead();
  // Returns when there may be something to read or `deadline` passed. On a fast stream it lets bytes gather for a few
  // milliseconds.
  Status Wait(Deadline deadline);
  // Everything before `flushed` is on our disk.
  Status SendStatus(uint64_t written, uint64_t flushed, bool request_reply);

 private:
  ReplicationStream(PgConnection connection, ServerIdentity server);
  void Measure(std::chrono::steady_clock::time_point now);

  PgConnection connection_;
  ServerIdentity server_;
  ReadPace pace_;
  std::chrono::steady_clock::time_point round_began_;
  bool fast_ = false;        // as of the last measurement
  bool drained_ = false;     // the last TryRead found nothing that had arrived
  uint64_t bytes_read_ = 0;  // since then
  std::chrono::steady_clock::time_point measured_;
};

}  // namespace freshet
