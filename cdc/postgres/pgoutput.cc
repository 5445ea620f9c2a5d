// SPDX-License-Identifier: Apache-2.0
#include "cdc/postgres/pgoutput.h"

#include <limits>
#include <string>

#include "base/cursor.h"

namespace freshet::pgoutput {
namespace {

// 2000-01-01 in microseconds since 1970-01-01.
constexpr int64_t kPostgresEpochUs = 946'684'800'000'000;

int64_t TakeTime(ByteCursor& in) {
  const int64_t since_2000 = in.IntBe(8);
  if (since_2000 > std::numeric_limits<int64_t>::max() - kPostgresEpochUs) return since_2000;
  return since_2000 + kPostgresEpochUs;
}

// Walks over the values so that every later reader may trust the bounds.
TupleView TakeTuple(ByteCursor& in) {
  TupleView tuple;
  tuple.columns = in.U16Be();
  const char* start = in.position();
  for (uint16_t i = 0; i < tuple.columns && in.ok(); ++i) {
    switch (in.U8()) {
      case 'n':
      case 'u': break;
      case 't':
      case 'b': in.Skip(in.U32Be()); break;
      default: in.Fail();
    }
  }
  if (in.ok()) tuple.bytes = {start, static_cast<size_t>(in.position() - start)};
  return tuple;
}

void Expect(ByteCursor& in, char byte) {
  if (in.U8() != static_cast<uint8_t>(byte)) in.Fail();
}

BeginMessage TakeBegin(ByteCursor& in) {
  BeginMessage begin;
  begin.final_lsn = in.U64Be();
  begin.commit_time_us = TakeTime(in);
  begin.xid = in.U32Be();
  return begin;
}

CommitMessage TakeCommit(ByteCursor& in) {
  CommitMessage commit;
  in.Skip(1);  // flags, unused so far
  commit.commit_lsn = in.U64Be();
  commit.end_lsn = in.U64Be();
  commit.commit_time_us = TakeTime(in);
  return commit;
}

RelationMessage TakeRelation(ByteCursor& in) {
  RelationMessage relation;
  relation.oid = in.U32Be();
  relation.schema = in.TakeCString();
  relation.name = in.TakeCString();
  relation.replica_identity = static_cast<char>(in.U8());
  const uint16_t count = in.U16Be();
  for (uint16_t i = 0; i < count && in.ok(); ++i) {
    RelationColumn column;
    column.identity = (in.U8() & 1) != 0;
    column.name = in.TakeCString();
    column.type_oid = in.U32Be();
    column.type_modifier = static_cast<int32_t>(in.IntBe(4));
    relation.columns.push_back(column);
  }
  return relation;
}

InsertMessage TakeInsert(ByteCursor& in) {
  InsertMessage insert;
  insert.oid = in.U32Be();
  Expect(in, 'N');
  insert.after = TakeTuple(in);
  return insert;
}

UpdateMessage TakeUpdate(ByteCursor& in) {
  UpdateMessage update;
  update.oid = in.U32Be();
  char kind = static_cast<char>(in.U8());
  if (kind == 'K' || kind == 'O') {
    update.before_kind = kind;
    update.before = TakeTuple(in);
    kind = static_cast<char>(in.U8());
  }
  if (kind != 'N') in.Fail();
  update.after = TakeTuple(in);
  return update;
}

DeleteMessage TakeDelete(ByteCursor& in) {
  DeleteMessage deleted;
  deleted.oid = in.U32Be();
  deleted.before_kind = static_cast<char>(in.U8());
  if (deleted.before_kind != 'K' && deleted.before_kind != 'O') in.Fail();
  deleted.before = TakeTuple(in);
  return deleted;
}

TruncateMessage TakeTruncate(ByteCursor& in) {
  TruncateMessage truncate;
  const uint32_t count = in.U32Be();
  const uint8_t options = in.U8();
  truncate.cascade = (options & 1) != 0;
  truncate.restart_identity = (options & 2) != 0;
  for (uint32_t i = 0; i < count && in.ok(); ++i) truncate.oids.push_back(in.U32Be());
  return truncate;
}

LogicalMessage TakeLogical(ByteCursor& in) {
  LogicalMessage message;
  message.transactional = (in.U8() & 1) != 0;
  message.lsn = in.U64Be();
  message.prefix = in.TakeCString();
  message.content = in.Take(in.U32Be());
  return message;
}

StreamAbortMessage TakeStreamAbort(ByteCursor& in) {
  StreamAbortMessage abort;
  abort.xid = in.U32Be();
  abort.subtransaction_xid = in.U32Be();
  if (in.ok() && !in.done()) in.Skip(16);  // protocol 4 with parallel streaming: abort LSN and time
  return abort;
}

OriginMessage TakeOrigin(ByteCursor& in) {
  OriginMessage origin;
  origin.commit_lsn = in.U64Be();
  origin.name = in.TakeCString();
  return origin;
}

TypeMessage TakeType(ByteCursor& in) {
  TypeMessage type;
  type.oid = in.U32Be();
  type.schema = in.TakeCString();
  type.name = in.TakeCString();
  return type;
}

StreamStartMessage TakeStreamStart(ByteCursor& in) {
  StreamStartMessage start;
  start.xid = in.U32Be();
  start.first_segment = in.U8() != 0;
  return start;
}

StreamCommitMessage TakeStreamCommit(ByteCursor& in) {
  StreamCommitMessage commit;
  commit.xid = in.U32Be();
  commit.commit = TakeCommit(in);
  return commit;
}

Result<Message> TakeMessage(char kind, ByteCursor& in) {
  switch (kind) {
    case 'B': return Message(TakeBegin(in));
    case 'C': return Message(TakeCommit(in));
    case 'O': return Message(TakeOrigin(in));
    case 'R': return Message(TakeRelation(in));
    case 'Y': return Message(TakeType(in));
    case 'I': return Message(TakeInsert(in));
    case 'U': return Message(TakeUpdate(in));
    case 'D': return Message(TakeDelete(in));
    case 'T': return Message(TakeTruncate(in));
    case 'M': return Message(TakeLogical(in));
    case 'S': return Message(TakeStreamStart(in));
    case 'E': return Message(StreamStopMessage{});
    case 'c': return Message(TakeStreamCommit(in));
    case 'A': return Message(TakeStreamAbort(in));
    case 'b':
    case 'P':
    case 'K':
    case 'r':
    case 'p':
      return Status(Code::kUnsupported, std::string("pgoutput: two-phase message '") + kind + "' was not asked for");
    default:
      return Status(Code::kCorrupt, "pgoutput: unknown message kind " + std::to_string(static_cast<uint8_t>(kind)));
  }
}

}  // namespace

Result<Message> Parse(std::string_view bytes, bool in_stream) {
  ByteCursor in(bytes);
  const char kind = static_cast<char>(in.U8());
  if (!in.ok()) return Status(Code::kCorrupt, "pgoutput: empty message");
  if (in_stream && std::string_view("RYIUDTM").find(kind) != std::string_view::npos) in.Skip(4);
  Result<Message> message = TakeMessage(kind, in);
  if (message.ok() && (!in.ok() || !in.done())) {
    return Status(Code::kCorrupt, std::string("pgoutput: message '") + kind + "' of " + std::to_string(bytes.size()) +
                                      " bytes does not parse");
  }
  return message;
}

void ReadTuple(const TupleView& tuple, std::vector<TupleColumn>& columns) {
  columns.resize(tuple.columns);
  ByteCursor in(tuple.bytes);
  for (TupleColumn& column : columns) {
    column.kind = static_cast<char>(in.U8());
    column.data = column.kind == 't' || column.kind == 'b' ? in.Take(in.U32Be()) : std::string_view();
  }
  CHECK(in.ok());  // the parser walked these bytes
}

}  // namespace freshet::pgoutput
