// SPDX-License-Identifier: Apache-2.0
#include "cdc/postgres/replication_stream.h"

#include "base/cursor.h"
#include "base/stop.h"
#include "cdc/postgres/slot.h"

namespace freshet {
namespace {

constexpr std::chrono::seconds kConnectMax{10};
constexpr std::chrono::seconds kStartMax{120};  // the server may have to read a lot of log to get there
constexpr std::chrono::seconds kSlotBusyMax{10};
constexpr std::chrono::milliseconds kSlotBusyRetry{100};
constexpr int64_t kPostgresEpochUs = 946'684'800'000'000;

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

Result<ReplicationStream> ReplicationStream::Start(const PostgresOptions& options, uint64_t lsn, bool binary) {
  ASSIGN_OR_RETURN(PgConnection connection,
                   PgConnection::Connect(options, PgConnection::Kind::kReplication, Deadline::After(kConnectMax)));
  const std::string command = StartCommand(options, lsn, binary, connection.server_version());
  const Deadline busy = Deadline::After(kSlotBusyMax);
  while (true) {
    Status started = connection.StartCopy(command, Deadline::After(kStartMax));
    if (started.ok()) return ReplicationStream(std::move(connection));
    if (started.code() != Code::kConflict || busy.Passed()) return StartError(std::move(started), options.slot_name);
    WaitForStop({}, kSlotBusyRetry);
  }
}

Result<std::optional<StreamMessage>> ReplicationStream::TryRead() {
  StreamMessage message;
  Result<PgConnection::CopyState> state = connection_.TryCopyData(message.copy);
  if (!state.ok()) {
    // An invalidated slot ends a running stream by this code.
    if (state.code() == Code::kGone) {
      return Status(Code::kGone, "Replication slot invalidated: " + state.status().message());
    }
    return std::move(state).status().At("replication stream");
  }
  if (*state == PgConnection::CopyState::kWait) return std::optional<StreamMessage>();
  if (*state == PgConnection::CopyState::kEnd) {
    return Status(Code::kUnavailable, "the server ended the replication stream");
  }
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
