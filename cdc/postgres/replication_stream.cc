// SPDX-License-Identifier: Apache-2.0
#include "cdc/postgres/replication_stream.h"

#include <algorithm>

#include "base/cursor.h"
#include "base/stop.h"
#include "cdc/postgres/slot.h"

namespace freshet {
namespace {

using TimePoint = std::chrono::steady_clock::time_point;

constexpr std::chrono::seconds kConnectMax{10};
constexpr std::chrono::seconds kStartMax{120};  // the server may have to read a lot of log to get there
constexpr std::chrono::seconds kSlotBusyMax{10};
constexpr std::chrono::milliseconds kSlotBusyRetry{100};
constexpr int64_t kPostgresEpochUs = 946'684'800'000'000;

// A stream is fast from here on: far above single-row transactions at a thousand per second, far below what a
// server decodes.
constexpr int64_t kFastBytesPerMs = 1024;
constexpr std::chrono::milliseconds kMeasureEvery{10};
// The longest wait for a fast stream that has paused.
constexpr std::chrono::milliseconds kPauseMax{4};
// From a server on this machine rows come so fast that the window never closes unless it is small. Over a network a
// small one would be the limit.
constexpr int kLocalBufferBytes = 64 << 10;

std::string StartCommand(const PostgresOptions& options, uint64_t lsn, bool binary, int server_version) {
  // The highest version that the server knows; streaming and two-phase stay off.
  const int protocol = server_version >= 160000 ? 4 : server_version >= 150000 ? 3 : 2;
  std::string command = "START_REPLICATION SLOT " + PgConnection::Identifier(options.slot_name) + " LOGICAL " +
                        LsnText(lsn) + " (proto_version '" + std::to_string(protocol) + "', publication_names " +
                        PgConnection::Literal(PgConnection::Identifier(options.publication_name));
  if (binary) command += ", binary 'true'";
  return command + ")";
}

Status StartError(Status status, const std::string& slot) {
  switch (status.code()) {
    case Code::kNotFound:
      return Status(Code::kGone, "replication slot does not exist: " + slot + ": " + status.message());
    case Code::kGone: return Status(Code::kGone, "Replication slot invalidated: " + slot + ": " + status.message());
    case Code::kConflict: return Status(Code::kConflict, SlotActiveMessage(slot));
    default: return std::move(status).At("start replication");
  }
}

void AppendBe(std::string& out, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

}  // namespace

Result<ReplicationStream> ReplicationStream::Start(const PostgresOptions& options, const PostgresPosition& resume,
                                                   bool binary) {
  ASSIGN_OR_RETURN(PgConnection connection,
                   PgConnection::Connect(options, PgConnection::Kind::kReplication, Deadline::After(kConnectMax)));
  if (connection.PeerIsThisMachine()) connection.LimitReceiveBuffer(kLocalBufferBytes);
  ASSIGN_OR_RETURN(const ServerIdentity server, IdentifyServer(connection));
  TRY(CheckSameHistory(connection, server, resume));
  const std::string command = StartCommand(options, resume.lsn, binary, connection.server_version());
  const Deadline busy = Deadline::After(kSlotBusyMax);
  while (true) {
    Status started = connection.StartCopy(command, Deadline::After(kStartMax));
    if (started.ok()) return ReplicationStream(std::move(connection), server);
    if (started.code() != Code::kConflict || busy.Passed()) return StartError(std::move(started), options.slot_name);
    WaitForStop({}, kSlotBusyRetry);
  }
}

ReplicationStream::ReplicationStream(PgConnection connection, ServerIdentity server)
    : connection_(std::move(connection)), server_(server), measured_(Clock::System().Now()) {}

Status ReplicationStream::Wait(Deadline deadline) {
  const TimePoint now = Clock::System().Now();
  const bool was_fast = fast_;
  Measure(now);
  if (!fast_) return connection_.WaitReadable(drained_ ? deadline : Deadline::After({})).status();
  const TimePoint next_round = was_fast ? round_began_ + pace_.End(connection_.QueuedBytes()) : now;
  const auto rest = std::min<std::chrono::steady_clock::duration>(next_round - now, deadline.Left());
  WaitForStop({}, std::chrono::duration_cast<ReadPace::Duration>(rest));
  uint64_t queued = connection_.QueuedBytes();
  if (queued == 0 && drained_) {
    TRY(connection_.WaitReadable(Deadline::After(std::min(deadline.Left(), kPauseMax))).status());
    queued = connection_.QueuedBytes();
  }
  round_began_ = Clock::System().Now();
  pace_.Begin(queued);
  return Status::Ok();
}

void ReplicationStream::Measure(TimePoint now) {
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now - measured_);
  if (since < kMeasureEvery) return;
  fast_ = static_cast<int64_t>(bytes_read_) >= kFastBytesPerMs * since.count();
  bytes_read_ = 0;
  measured_ = now;
}

Result<std::optional<StreamMessage>> ReplicationStream::TryRead() {
  StreamMessage message;
  drained_ = false;
  if (fast_ && pace_.RoundIsOver()) return std::optional<StreamMessage>();
  Result<PgConnection::CopyState> state = connection_.TryCopyData(message.copy);
  if (!state.ok()) {
    // An invalidated slot ends a running stream by this code.
    if (state.code() == Code::kGone) {
      return Status(Code::kGone, "Replication slot invalidated: " + state.status().message());
    }
    return std::move(state).status().At("replication stream");
  }
  if (*state == PgConnection::CopyState::kWait) {
    drained_ = true;
    return std::optional<StreamMessage>();
  }
  if (*state == PgConnection::CopyState::kEnd) {
    return Status(Code::kUnavailable, "the server ended the replication stream");
  }
  bytes_read_ += message.copy.view().size();
  pace_.Read(message.copy.view().size());
  ByteCursor in(message.copy.view());
  const uint8_t kind = in.U8();
  if (kind == 'w') {
    in.Skip(8 + 8 + 8);
    message.payload = in.TakeRest();
  } else if (kind == 'k') {
    message.keepalive = true;
    message.wal_end = in.U64Be();
    in.Skip(8);
    message.reply_requested = in.U8() != 0;
  } else {
    in.Fail();
  }
  if (!in.ok()) return Status(Code::kCorrupt, "replication stream: malformed message");
  return std::optional<StreamMessage>(std::move(message));
}

Status ReplicationStream::SendStatus(uint64_t written, uint64_t flushed, bool request_reply) {
  std::string bytes = "r";
  AppendBe(bytes, written);
  AppendBe(bytes, flushed);
  AppendBe(bytes, flushed);
  AppendBe(bytes, static_cast<uint64_t>(Clock::System().WallUs() - kPostgresEpochUs));
  bytes.push_back(request_reply ? 1 : 0);
  return connection_.SendCopyData(bytes);
}

}  // namespace freshet
