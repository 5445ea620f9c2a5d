// SPDX-License-Identifier: Apache-2.0
// pgoutput: parser of logical replication messages (PostgreSQL manual, "Logical Replication Message Formats",
// protocol versions 1 to 4). Bytes to structs, no schema, no state. Views borrow the message's bytes.
//
//   message  := 'B' final_lsn:8 commit_time:8 xid:4                                     begin
//             | 'C' flags:1 commit_lsn:8 end_lsn:8 commit_time:8                        commit
//             | 'O' commit_lsn:8 name:cstring                                           origin
//             | 'R' [xid:4] oid:4 schema:cstring name:cstring identity:1 n:2 column*n   relation
//             | 'Y' [xid:4] oid:4 schema:cstring name:cstring                           type
//             | 'I' [xid:4] oid:4 'N' tuple                                             insert
//             | 'U' [xid:4] oid:4 [('K'|'O') tuple] 'N' tuple                           update
//             | 'D' [xid:4] oid:4 ('K'|'O') tuple                                       delete
//             | 'T' [xid:4] n:4 options:1 oid:4*n                                       truncate
//             | 'M' [xid:4] flags:1 lsn:8 prefix:cstring size:4 bytes                   message
//             | 'S' xid:4 first:1  | 'E'  | 'c' xid:4 commit  | 'A' xid:4 sub:4 [lsn:8 time:8]   streaming
//   column   := flags:1 name:cstring type:4 modifier:4          flags bit 0: part of the replica identity
//   tuple    := n:2 value*n
//   value    := 'n' | 'u' | 't' size:4 bytes | 'b' size:4 bytes   null, unchanged TOAST, text, binary
//
// All integers are big-endian; [xid:4] is there only between stream start and stream stop. Times are
// microseconds since 2000-01-01 UTC on the wire, since 1970 here.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"

namespace freshet::pgoutput {

// Bounds are checked by the parser: reading the columns cannot fail.
struct TupleView {
  uint16_t columns = 0;
  std::string_view bytes;
};

struct TupleColumn {
  char kind = 'n';  // n, u, t, b
  std::string_view data;
};

struct BeginMessage {
  uint64_t final_lsn = 0;  // start of the commit record
  int64_t commit_time_us = 0;
  uint32_t xid = 0;
};
struct CommitMessage {
  uint64_t commit_lsn = 0;
  uint64_t end_lsn = 0;  // end of the commit record: where to resume
  int64_t commit_time_us = 0;
};
struct OriginMessage {
  uint64_t commit_lsn = 0;
  std::string_view name;
};
struct RelationColumn {
  bool identity = false;
  std::string_view name;
  uint32_t type_oid = 0;
  int32_t type_modifier = -1;
};
struct RelationMessage {
  uint32_t oid = 0;
  std::string_view schema;  // "" means pg_catalog
  std::string_view name;
  char replica_identity = 'd';  // d default, n nothing, f full, i index
  std::vector<RelationColumn> columns;
};
struct TypeMessage {
  uint32_t oid = 0;
  std::string_view schema;
  std::string_view name;
};
struct InsertMessage {
  uint32_t oid = 0;
  TupleView after;
};
struct UpdateMessage {
  uint32_t oid = 0;
  char before_kind = 0;  // 0 none, K key only, O whole old row
  TupleView before;
  TupleView after;
};
struct DeleteMessage {
  uint32_t oid = 0;
  char before_kind = 'K';
  TupleView before;
};
struct TruncateMessage {
  bool cascade = false;
  bool restart_identity = false;
  std::vector<uint32_t> oids;
};
struct LogicalMessage {
  bool transactional = false;
  uint64_t lsn = 0;
  std::string_view prefix;
  std::string_view content;
};
struct StreamStartMessage {
  uint32_t xid = 0;
  bool first_segment = false;
};
struct StreamStopMessage {};
struct StreamCommitMessage {
  uint32_t xid = 0;
  CommitMessage commit;
};
struct StreamAbortMessage {
  uint32_t xid = 0;
  uint32_t subtransaction_xid = 0;
};

using Message = std::variant<BeginMessage, CommitMessage, OriginMessage, RelationMessage, TypeMessage, InsertMessage,
                             UpdateMessage, DeleteMessage, TruncateMessage, LogicalMessage, StreamStartMessage,
                             StreamStopMessage, StreamCommitMessage, StreamAbortMessage>;

// kCorrupt when the bytes do not parse or some are left over; kUnsupported for a message kind that we never
// ask for (two-phase commit). `in_stream`: between stream start and stream stop.
Result<Message> Parse(std::string_view bytes, bool in_stream = false);

// Replaces `columns` by the tuple's values; allocates only to grow it.
void ReadTuple(const TupleView& tuple, std::vector<TupleColumn>& columns);

}  // namespace freshet::pgoutput
