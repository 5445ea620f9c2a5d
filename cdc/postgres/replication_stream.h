// SPDX-License-Identifier: Apache-2.0
// ReplicationStream: the walsender protocol inside CopyBoth (PostgreSQL manual, "Streaming Replication
// Protocol"). Used by the log reader's thread.
//
//   server := 'w' start_lsn:8 wal_end:8 time:8 pgoutput-message | 'k' wal_end:8 time:8 reply_requested:1
//   client := 'r' written:8 flushed:8 applied:8 time:8 reply_requested:1
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "cdc/postgres/pg_connection.h"

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
  // invalidated. kConflict: held by another consumer.
  static Result<ReplicationStream> Start(const PostgresOptions& options, uint64_t lsn, bool binary);

  // The next message that can be had without waiting.
  Result<std::optional<StreamMessage>> TryRead();
  // False when `deadline` passed.
  Result<bool> Wait(Deadline deadline) { return connection_.WaitReadable(deadline); }
  // Everything before `flushed` is on our disk.
  Status SendStatus(uint64_t written, uint64_t flushed, bool request_reply);

 private:
  explicit ReplicationStream(PgConnection connection) : connection_(std::move(connection)) {}
  PgConnection connection_;
};

}  // namespace freshet
