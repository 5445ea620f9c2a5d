// SPDX-License-Identifier: Apache-2.0
// DumpStream: a server's log as a replica sees it, over one connection: COM_BINLOG_DUMP_GTID on MySQL with
// GTIDs, COM_BINLOG_DUMP otherwise (MariaDB GTID positions go through @slave_connect_state).
//
//   COM_BINLOG_DUMP (18)      = position:u32 flags:u16 server_id:u32 file:rest
//   COM_BINLOG_DUMP_GTID (30) = flags:u16(=4) server_id:u32 file_length:u32 file position:u64
//                               set_length:u32 set
//   set (without tags) = count:u64 *(uuid:16 intervals:u64 *(first:u64 after_last:u64))
//   set (with tags)    = (1 << 56 | count << 8 | 1):u64 *(uuid:16 (tag_length << 1):u8 tag intervals:u64 ..)
//   answer packets     = 0:u8 event | 255 error | 254 end
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "cdc/change/position.h"
#include "cdc/mysql/mysql_connection.h"
#include "cdc/mysql/packet_stream.h"

namespace freshet {

// The server is asked to say that it is alive this often when the log is idle, and taken for dead after
// kSilenceMax without a byte.
inline constexpr std::chrono::seconds kHeartbeatPeriod{1};
inline constexpr std::chrono::seconds kSilenceMax{30};

struct DumpStart {
  MysqlLogPlace place;
  bool use_gtids = false;
  uint32_t server_id = 0;
};

class DumpStream : public PacketStream {
 public:
  // Sends the dump command. A position that is gone shows at the first Read.
  static Result<std::unique_ptr<PacketStream>> Open(const MysqlOptions& options, const DumpStart& start);

  Result<std::optional<std::string_view>> Read(Deadline deadline) override;
  bool HasBuffered() const override;

 private:
  explicit DumpStream(std::unique_ptr<MysqlConnection> connection);
  Status Prepare(const DumpStart& start);
  Status SendDump(const DumpStart& start);
  Status ServerError() const;

  std::unique_ptr<MysqlConnection> connection_;
  Deadline silent_at_;
};

// The set as COM_BINLOG_DUMP_GTID carries it.
std::string EncodeGtidSet(const MysqlGtidSet& set);

}  // namespace freshet
