// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/dump_stream.h"

#include <mysql.h>
// After <mysql.h>, whose types they need. HAVE_TLS makes the connection's TLS session visible.
#define HAVE_TLS 1
using uchar = unsigned char;
#include <ma_pvio.h>

#include <openssl/ssl.h>
#include <poll.h>

#include <algorithm>

#include "base/log.h"

namespace freshet {
namespace {

constexpr unsigned long kPacketError = 0xffffffff;                         // libmariadb's packet_error, an unsigned int
constexpr unsigned kErrorMasterFatal = 1236;                               // ER_MASTER_FATAL_ERROR_READING_BINLOG
constexpr auto kComBinlogDumpGtid = static_cast<enum_server_command>(30);  // MariaDB's header lacks it
constexpr uint16_t kDumpThroughGtid = 4;
constexpr uint64_t kFirstEventOffset = 4;

void PutLe(std::string& out, uint64_t value, size_t width) {
  for (size_t i = 0; i < width; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

void PutUuid(std::string& out, const std::string& uuid) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  std::string digits;
  for (const char c : uuid) {
    if (c != '-') digits += c;
  }
  for (size_t i = 0; i + 1 < digits.size(); i += 2) {
    out += static_cast<char>(digit(digits[i]) << 4 | digit(digits[i + 1]));
  }
}

}  // namespace

std::string EncodeGtidSet(const MysqlGtidSet& set) {
  const auto& sources = set.sources();
  const bool tagged = std::any_of(sources.begin(), sources.end(), [](auto& entry) { return !entry.first.tag.empty(); });
  std::string out;
  PutLe(out, tagged ? uint64_t{1} << 56 | uint64_t{sources.size()} << 8 | 1 : sources.size(), 8);
  for (const auto& [source, intervals] : sources) {
    PutUuid(out, source.uuid);
    if (tagged) {
      out += static_cast<char>(source.tag.size() << 1);
      out += source.tag;
    }
    PutLe(out, intervals.size(), 8);
    for (const MysqlGtidSet::Interval& interval : intervals) {
      PutLe(out, static_cast<uint64_t>(interval.first), 8);
      PutLe(out, static_cast<uint64_t>(interval.last) + 1, 8);
    }
  }
  return out;
}

DumpStream::DumpStream(std::unique_ptr<MysqlConnection> connection)
    : connection_(std::move(connection)), silent_at_(Deadline::After(kSilenceMax)) {}

Result<std::unique_ptr<PacketStream>> DumpStream::Open(const MysqlOptions& options, const DumpStart& start) {
  MysqlConnection::Timeouts timeouts;
  timeouts.read = kSilenceMax;
  ASSIGN_OR_RETURN(std::unique_ptr<MysqlConnection> connection, MysqlConnection::Open(options, timeouts));
  std::unique_ptr<DumpStream> stream(new DumpStream(std::move(connection)));
  TRY(stream->Prepare(start));
  TRY(stream->SendDump(start));
  return std::unique_ptr<PacketStream>(std::move(stream));
}

Status DumpStream::Prepare(const DumpStart& start) {
  const std::string period = std::to_string(std::chrono::nanoseconds(kHeartbeatPeriod).count());
  const bool mariadb = connection_->version().mariadb();
  TRY(connection_->Execute("SET @master_heartbeat_period = " + period));
  TRY(connection_->Execute("SET @master_binlog_checksum = 'CRC32'"));
  TRY(connection_->Execute("SET net_write_timeout = 600"));
  if (!mariadb) {
    TRY(connection_->Execute("SET @source_heartbeat_period = " + period));
    TRY(connection_->Execute("SET @source_binlog_checksum = 'CRC32'"));
    // A server ends an older dump that has the same id; unlike the numeric id, this one is ours alone.
    return connection_->Execute("SET @replica_uuid = UUID(), @slave_uuid = @replica_uuid");
  }
  TRY(connection_->Execute("SET @mariadb_slave_capability = 4"));
  if (!start.use_gtids) return Status::Ok();
  TRY(connection_->Execute("SET @slave_connect_state = '" + start.place.mariadb_gtids.ToString() + "'"));
  TRY(connection_->Execute("SET @slave_gtid_strict_mode = 0"));
  return connection_->Execute("SET @slave_gtid_ignore_duplicates = 0");
}

Status DumpStream::SendDump(const DumpStart& start) {
  std::string command;
  enum_server_command code = COM_BINLOG_DUMP;
  if (start.use_gtids && !connection_->version().mariadb()) {
    code = kComBinlogDumpGtid;
    const std::string set = EncodeGtidSet(start.place.gtids);
    PutLe(command, kDumpThroughGtid, 2);
    PutLe(command, start.server_id, 4);
    PutLe(command, 0, 4);
    PutLe(command, kFirstEventOffset, 8);
    PutLe(command, set.size(), 4);
    command += set;
  } else {
    const uint64_t offset = start.use_gtids ? kFirstEventOffset : start.place.offset;
    if (offset > UINT32_MAX) {
      return Status(Code::kUnsupported, "log offset " + std::to_string(offset) + " in " + start.place.file +
                                            " is above 4 GiB and can only be resumed with GTIDs: set gtid_mode=ON");
    }
    PutLe(command, std::max(offset, kFirstEventOffset), 4);
    PutLe(command, 0, 2);
    PutLe(command, start.server_id, 4);
    if (!start.use_gtids) command += start.place.file;
  }
  MYSQL* mysql = connection_->native();
  if (mysql->methods->db_command(mysql, code, command.data(), command.size(), 1, nullptr) != 0) {
    return connection_->LastError("binlog dump");
  }
  return Status::Ok();
}

bool DumpStream::HasBuffered() const {
  const MYSQL* mysql = connection_->native();
  const MARIADB_PVIO* pvio = mysql->net.pvio;
  if (pvio == nullptr) return true;  // the next Read reports the loss
  if (pvio->cache != nullptr && pvio->cache_pos > pvio->cache &&
      static_cast<size_t>(pvio->cache_pos - pvio->cache) < pvio->cache_size) {
    return true;
  }
  if (pvio->ctls != nullptr && SSL_pending(static_cast<const SSL*>(pvio->ctls->ssl)) > 0) return true;
  pollfd socket{static_cast<int>(mysql_get_socket(connection_->native())), POLLIN, 0};
  return poll(&socket, 1, 0) > 0;
}

Result<std::optional<std::string_view>> DumpStream::Read(Deadline deadline) {
  while (!HasBuffered()) {
    if (silent_at_.Passed()) {
      return Status(Code::kUnavailable,
                    "binlog dump: the server was silent for " + std::to_string(kSilenceMax.count()) + " s");
    }
    if (deadline.Passed()) return std::optional<std::string_view>();
    const auto wait = std::min(deadline.Left(), silent_at_.Left());
    pollfd socket{static_cast<int>(mysql_get_socket(connection_->native())), POLLIN, 0};
    // One more millisecond than what is left, so that the wait does not end just before the deadline.
    (void)poll(&socket, 1, static_cast<int>(wait.count()) + 1);
  }
  MYSQL* mysql = connection_->native();
  const unsigned long size = mysql_net_read_packet(mysql);
  if (size == kPacketError) return ServerError();
  silent_at_ = Deadline::After(kSilenceMax);
  const std::string_view packet(reinterpret_cast<const char*>(mysql->net.read_pos), size);
  constexpr uint8_t kEnd = 0xfe;
  if (packet.empty()) return Status(Code::kCorrupt, "binlog dump: empty packet");
  if (static_cast<uint8_t>(packet[0]) == kEnd && size < 8) {
    return Status(Code::kUnavailable, "binlog dump: the server ended the stream");
  }
  if (packet[0] != 0) return Status(Code::kCorrupt, "binlog dump: packet of unknown kind");
  return std::optional<std::string_view>(packet.substr(1));
}

// 1236 covers everything from a purged file to a damaged one; the server tells them apart by text alone.
Status DumpStream::ServerError() const {
  const unsigned number = mysql_errno(connection_->native());
  const std::string text = mysql_error(connection_->native());
  if (number != kErrorMasterFatal) return connection_->LastError("binlog dump");
  static constexpr std::string_view kGoneTexts[] = {"purged",
                                                    "Could not find first log file",
                                                    "not in the master's binlog",
                                                    "not in the binlog",
                                                    "Could not open log file",
                                                    "requires replicating",
                                                    "has purged required"};
  for (const std::string_view gone : kGoneTexts) {
    if (text.find(gone) != std::string::npos) return Status(Code::kGone, "the log position is gone: " + text);
  }
  static constexpr std::string_view kLostTexts[] = {"same server_uuid", "same server_id", "Dump thread", "killed"};
  for (const std::string_view lost : kLostTexts) {
    if (text.find(lost) != std::string::npos) return Status(Code::kUnavailable, "binlog dump: " + text);
  }
  return Status(Code::kCorrupt, "binlog dump: " + text);
}

}  // namespace freshet
