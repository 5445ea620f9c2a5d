// SPDX-License-Identifier: Apache-2.0
// Binlog events that carry no rows: rotate, GTIDs of both dialects, query, xid, XA prepare, heartbeats.
// Pure functions from an event body to a struct that borrows it; all fail with kCorrupt.
//
//   rotate           = position:u64 file:rest
//   query            = thread:u32 seconds:u32 db_length:u8 error:u16 variables_length:u16
//                      variables db NUL sql:rest
//   gtid (33, 34)    = flags:u8 uuid:16 gno:i64 [type:u8(=2) last_committed:i64 sequence:i64
//                      commit_time:u56 [original_commit_time:u56, when bit 55 is set] ..]
//   gtid tagged (42) = one message of MySQL's serialization library:
//                      version size last_non_ignorable_field *(field_id value), all numbers of 1 to 9 bytes;
//                      the count of low 1-bits of the first byte is the number of bytes that follow, the
//                      value's bits come after the first 0-bit. Signed ones keep the sign in bit 0.
//                      0 flags, 1 uuid (16 numbers), 2 gno (signed), 3 tag (length, bytes),
//                      4 last_committed, 5 sequence (signed), 6 commit time us, 7 original commit time, ..
//   mariadb gtid     = sequence:u64 domain:u32 flags:u8 ..
//   heartbeat (27)   = file:rest             ; offset in the header
//   heartbeat (41)   = *(type:u8 length:u8 value) ; 0 end, 1 file name, 2 offset (length-encoded integer)
//   xa prepare       = one_phase:u8 format:u32 gtrid_length:u32 bqual_length:u32 bytes
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/cursor.h"
#include "base/status.h"
#include "cdc/change/gtid.h"

namespace freshet {

struct RotateEventView {
  uint64_t offset = 0;
  std::string_view file;
};
Result<RotateEventView> ParseRotate(std::string_view body);

struct QueryEventView {
  std::string_view database;
  std::string_view sql;
  uint16_t client_collation = 0;  // collation id of character_set_client; 0 not logged
  uint64_t sql_mode = 0;
  bool has_sql_mode = false;
};
Result<QueryEventView> ParseQuery(std::string_view body);

struct MysqlGtidEvent {
  MysqlGtidSource source;
  int64_t sequence = 0;
  int64_t commit_time_us = 0;  // 0 unknown
};
// Anonymous GTIDs (34) have the same form with sequence 0.
Result<MysqlGtidEvent> ParseMysqlGtid(std::string_view body);
Result<MysqlGtidEvent> ParseMysqlTaggedGtid(std::string_view body);

struct MariadbGtidEvent {
  uint32_t domain = 0;
  uint64_t sequence = 0;
  bool standalone = false;   // the group is the one statement that follows, without an end event
  bool prepared_xa = false;  // the group ends in XA PREPARE
};
Result<MariadbGtidEvent> ParseMariadbGtid(std::string_view body);

struct HeartbeatView {
  std::string_view file;
  uint64_t offset = 0;
};
Result<HeartbeatView> ParseHeartbeat(std::string_view body, uint32_t next_position);
Result<HeartbeatView> ParseHeartbeatV2(std::string_view body);

struct XaPrepareEvent {
  bool one_phase = false;  // committed by this event; else only prepared
  std::string xid;         // as XidText
};
Result<XaPrepareEvent> ParseXaPrepare(std::string_view body);

// One printable form of a transaction branch's name: format:gtrid:bqual, the names in lower-case hex.
std::string XidText(uint32_t format, std::string_view gtrid, std::string_view bqual);
// The branch that a logged XA COMMIT or XA ROLLBACK names: both servers write  XA COMMIT X'gtrid',X'bqual',format.
Result<std::string> XidOfStatement(std::string_view sql);

// Length-encoded integer of the client/server protocol (1, 3, 4 or 9 bytes). Fails the cursor on 0xfb, 0xff.
uint64_t LengthEncoded(ByteCursor& cursor);

}  // namespace freshet
