// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/control_events.h"

#include <bit>
#include <cctype>
#include <charconv>

namespace freshet {
namespace {

constexpr size_t kUuidBytes = 16;
constexpr size_t kTagBytesMax = 32;

// Codes of the status variables in a query event; the ones before the character set must be stepped over.
constexpr uint8_t kVariableFlags2 = 0;
constexpr uint8_t kVariableSqlMode = 1;
constexpr uint8_t kVariableCatalogOld = 2;
constexpr uint8_t kVariableAutoIncrement = 3;
constexpr uint8_t kVariableCharset = 4;
constexpr uint8_t kVariableTimeZone = 5;
constexpr uint8_t kVariableCatalog = 6;

Status Corrupt(const char* what) {
  return Status(Code::kCorrupt, std::string(what) + " event does not parse");
}

constexpr char kHex[] = "0123456789abcdef";

void AppendHex(std::string_view bytes, std::string& out) {
  for (const char c : bytes) {
    out += kHex[static_cast<uint8_t>(c) >> 4];
    out += kHex[static_cast<uint8_t>(c) & 15];
  }
}

std::string UuidText(std::string_view bytes) {
  std::string text;
  text.reserve(36);
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    const uint8_t byte = static_cast<uint8_t>(bytes[i]);
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

uint64_t VariableLength(ByteCursor& cursor) {
  const uint8_t first = cursor.U8();
  const size_t following = static_cast<size_t>(std::countr_one(first));
  if (following == 0) return first >> 1;
  if (following == 8) return cursor.U64Le();
  const uint64_t low = static_cast<uint64_t>(first) >> (following + 1);
  return low | cursor.UintLe(following) << (7 - following);
}

int64_t VariableLengthSigned(ByteCursor& cursor) {
  const uint64_t coded = VariableLength(cursor);
  return static_cast<int64_t>((coded >> 1) ^ (~(coded & 1) + 1));
}

// The status variables stand in code order; the ones after the character set are of no interest here.
Status ParseQueryVariables(std::string_view bytes, QueryEventView* query) {
  ByteCursor cursor(bytes);
  while (cursor.ok() && !cursor.done()) {
    switch (cursor.U8()) {
      case kVariableFlags2: cursor.Skip(4); break;
      case kVariableSqlMode:
        query->sql_mode = cursor.U64Le();
        query->has_sql_mode = true;
        break;
      case kVariableCatalogOld: cursor.Skip(cursor.U8() + size_t{1}); break;
      case kVariableAutoIncrement: cursor.Skip(4); break;
      case kVariableCharset:
        query->client_collation = cursor.U16Le();
        return cursor.ok() ? Status::Ok() : Corrupt("query");
      case kVariableTimeZone: cursor.Skip(cursor.U8()); break;
      case kVariableCatalog: cursor.Skip(cursor.U8()); break;
      default: return Status::Ok();
    }
  }
  return cursor.ok() ? Status::Ok() : Corrupt("query");
}

}  // namespace

uint64_t LengthEncoded(ByteCursor& cursor) {
  const uint8_t first = cursor.U8();
  if (first < 0xfb) return first;
  if (first == 0xfc) return cursor.U16Le();
  if (first == 0xfd) return cursor.UintLe(3);
  if (first == 0xfe) return cursor.U64Le();
  cursor.Fail();
  return 0;
}

Result<RotateEventView> ParseRotate(std::string_view body) {
  ByteCursor cursor(body);
  RotateEventView rotate;
  rotate.offset = cursor.U64Le();
  rotate.file = cursor.TakeRest();
  if (!cursor.ok() || rotate.file.empty()) return Corrupt("rotate");
  return rotate;
}

Result<QueryEventView> ParseQuery(std::string_view body) {
  ByteCursor cursor(body);
  cursor.Skip(8);
  const uint8_t database_length = cursor.U8();
  cursor.Skip(2);
  const uint16_t variables_length = cursor.U16Le();
  const std::string_view variables = cursor.Take(variables_length);
  QueryEventView query;
  query.database = cursor.Take(database_length);
  const uint8_t nul = cursor.U8();
  if (!cursor.ok() || nul != 0) return Corrupt("query");
  query.sql = cursor.TakeRest();
  TRY(ParseQueryVariables(variables, &query));
  return query;
}

Result<MysqlGtidEvent> ParseMysqlGtid(std::string_view body) {
  ByteCursor cursor(body);
  MysqlGtidEvent gtid;
  cursor.Skip(1);
  const std::string_view uuid = cursor.Take(kUuidBytes);
  gtid.sequence = cursor.IntLe(8);
  if (!cursor.ok()) return Corrupt("gtid");
  gtid.source.uuid = UuidText(uuid);
  constexpr size_t kCommitTimeBytes = 7;
  if (cursor.remaining() < 17 + kCommitTimeBytes) return gtid;  // MySQL 5.7 ends here
  cursor.Skip(17);
  gtid.commit_time_us = static_cast<int64_t>(cursor.UintLe(kCommitTimeBytes) & ~(uint64_t{1} << 55));
  return gtid;
}

Result<MysqlGtidEvent> ParseMysqlTaggedGtid(std::string_view body) {
  ByteCursor cursor(body);
  const size_t start_bytes = cursor.remaining();
  const uint64_t version = VariableLength(cursor);
  const uint64_t size = VariableLength(cursor);
  const uint64_t last_known_field = VariableLength(cursor);
  if (!cursor.ok() || size > start_bytes) return Corrupt("tagged gtid");
  constexpr uint64_t kFieldsKnown = 12;
  if (version != 0 && version != 1) return Status(Code::kUnsupported, "tagged gtid event of an unknown format version");
  if (last_known_field > kFieldsKnown) {
    return Status(Code::kUnsupported, "tagged gtid event with fields that this version does not know");
  }
  MysqlGtidEvent gtid;
  bool has_uuid = false;
  bool has_sequence = false;
  // Fields 0 to 6 are all that is needed; they come in ascending order and optional ones may be missing.
  while (cursor.ok() && !cursor.done()) {
    const uint64_t field = VariableLength(cursor);
    if (field == 0 || field == 4 || field == 5) {
      (void)VariableLength(cursor);
    } else if (field == 1) {
      char uuid[kUuidBytes];
      for (char& byte : uuid) byte = static_cast<char>(VariableLength(cursor));
      gtid.source.uuid = UuidText({uuid, kUuidBytes});
      has_uuid = true;
    } else if (field == 2) {
      gtid.sequence = VariableLengthSigned(cursor);
      has_sequence = true;
    } else if (field == 3) {
      const uint64_t length = VariableLength(cursor);
      if (length > kTagBytesMax) return Corrupt("tagged gtid");
      gtid.source.tag = std::string(cursor.Take(length));
    } else if (field == 6) {
      gtid.commit_time_us = static_cast<int64_t>(VariableLength(cursor));
      break;
    } else {
      break;
    }
  }
  if (!cursor.ok() || !has_uuid || !has_sequence) return Corrupt("tagged gtid");
  return gtid;
}

Result<MariadbGtidEvent> ParseMariadbGtid(std::string_view body) {
  constexpr uint8_t kStandalone = 1;
  constexpr uint8_t kPreparedXa = 64;
  ByteCursor cursor(body);
  MariadbGtidEvent gtid;
  gtid.sequence = cursor.U64Le();
  gtid.domain = cursor.U32Le();
  const uint8_t flags = cursor.U8();
  if (!cursor.ok()) return Corrupt("mariadb gtid");
  gtid.standalone = (flags & kStandalone) != 0;
  gtid.prepared_xa = (flags & kPreparedXa) != 0;
  return gtid;
}

Result<HeartbeatView> ParseHeartbeat(std::string_view body, uint32_t next_position) {
  if (body.empty()) return Corrupt("heartbeat");
  return HeartbeatView{body, next_position};
}

Result<HeartbeatView> ParseHeartbeatV2(std::string_view body) {
  constexpr uint64_t kEnd = 0;
  constexpr uint64_t kFile = 1;
  constexpr uint64_t kOffset = 2;
  ByteCursor cursor(body);
  HeartbeatView heartbeat;
  while (cursor.ok() && !cursor.done()) {
    const uint64_t type = LengthEncoded(cursor);
    if (type == kEnd) break;
    const std::string_view value = cursor.Take(LengthEncoded(cursor));
    if (type == kFile) heartbeat.file = value;
    if (type == kOffset) {
      ByteCursor number(value);
      heartbeat.offset = LengthEncoded(number);
      if (!number.ok()) return Corrupt("heartbeat");
    }
  }
  if (!cursor.ok() || heartbeat.file.empty()) return Corrupt("heartbeat");
  return heartbeat;
}

Result<XaPrepareEvent> ParseXaPrepare(std::string_view body) {
  ByteCursor cursor(body);
  XaPrepareEvent event;
  event.one_phase = cursor.U8() != 0;
  const uint32_t format = cursor.U32Le();
  const uint32_t gtrid_length = cursor.U32Le();
  const uint32_t bqual_length = cursor.U32Le();
  const std::string_view gtrid = cursor.Take(gtrid_length);
  const std::string_view bqual = cursor.Take(bqual_length);
  if (!cursor.ok()) return Corrupt("xa prepare");
  event.xid = XidText(format, gtrid, bqual);
  return event;
}

std::string XidText(uint32_t format, std::string_view gtrid, std::string_view bqual) {
  std::string text = std::to_string(format) + ":";
  AppendHex(gtrid, text);
  text += ':';
  AppendHex(bqual, text);
  return text;
}

Result<std::string> XidOfStatement(std::string_view sql) {
  std::string names[2];
  for (std::string& name : names) {
    const size_t open = sql.find("X'");
    const size_t close = open == sql.npos ? sql.npos : sql.find('\'', open + 2);
    if (close == sql.npos) return Corrupt("XA statement in a query");
    for (const char c : sql.substr(open + 2, close - open - 2)) {
      if (std::isxdigit(static_cast<unsigned char>(c)) == 0) return Corrupt("XA statement in a query");
      name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    sql.remove_prefix(close + 1);
  }
  const size_t digits = sql.find_first_of("0123456789");
  uint64_t format = 0;
  if (digits == sql.npos || std::from_chars(sql.data() + digits, sql.data() + sql.size(), format).ec != std::errc()) {
    return Corrupt("XA statement in a query");
  }
  return std::to_string(static_cast<uint32_t>(format)) + ":" + names[0] + ":" + names[1];
}

}  // namespace freshet
