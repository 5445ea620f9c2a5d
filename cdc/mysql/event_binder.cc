// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/event_binder.h"

#include <algorithm>

#include "base/log.h"

namespace freshet {
namespace {

constexpr uint64_t kLow32 = 0xffffffff;

Status Misplaced(const char* what) {
  return Status(Code::kCorrupt, std::string("log has ") + what);
}

}  // namespace

EventBinder::EventBinder(MirroredTables& tables, MysqlPosition start, StatementFollower follower, Options options)
    : tables_(tables),
      follower_(std::move(follower)),
      rows_(tables),
      position_(std::move(start)),
      track_gtids_(options.track_gtids),
      rereading_(position_.read_again_from.has_value()),
      xa_(std::move(options.database)),
      xa_commits_(std::move(options.xa_commits)) {
  const MysqlLogPlace& from = rereading_ ? *position_.read_again_from : position_;
  file_ = from.file;
  offset_ = from.offset;
  read_gtids_ = from.mariadb_gtids;
}

ChangeEvent EventBinder::TakeReady() {
  CHECK(!ready_.empty());
  ChangeEvent event = std::move(ready_.front());
  ready_.pop_front();
  return event;
}

Status EventBinder::OnEvent(const BinlogEventView& event, const FormatDescription& format) {
  MoveOffset(event.header);
  if (rereading_) return Reread(event, format);
  if (IsRowsEvent(event.header.type)) return OnRows(event);
  switch (event.header.type) {
    case BinlogEventType::kTableMap:
      return xa_.is_open() ? xa_.Add(event.header.type, event.body) : rows_.OnTableMap(event.body);
    case BinlogEventType::kGtid:
    case BinlogEventType::kAnonymousGtid:
    case BinlogEventType::kGtidTagged:
    case BinlogEventType::kMariadbGtid: return OnGroup(event.header.type, event);
    case BinlogEventType::kQuery:
    case BinlogEventType::kMariadbQueryCompressed: return OnQuery(event, format);
    case BinlogEventType::kXid:
      if (!in_transaction_) return Misplaced("a commit outside a transaction");
      EndGroup(event.header.timestamp_s);
      return Status::Ok();
    case BinlogEventType::kXaPrepare: return OnXaPrepare(event);
    case BinlogEventType::kTransactionPayload: {
      ASSIGN_OR_RETURN(payload_, PayloadReader::Open(event.body));
      return Status::Ok();
    }
    default: return OnControl(event, format);
  }
}

Status EventBinder::OnControl(const BinlogEventView& event, const FormatDescription& format) {
  switch (event.header.type) {
    case BinlogEventType::kRotate: return OnRotate(event);
    case BinlogEventType::kFormatDescription: return OnFormat(format);
    case BinlogEventType::kHeartbeat:
    case BinlogEventType::kHeartbeatV2: return OnHeartbeat(event);
    case BinlogEventType::kIncident:
      return Status(Code::kCorrupt, "the source logged an incident: events were lost before " + file_ + ":" +
                                        std::to_string(offset_) + "; its tables must be copied again");
    case BinlogEventType::kPartialUpdateRows:
      return Status(Code::kUnsupported, "partial JSON updates are in the log: SET GLOBAL binlog_row_value_options=''");
    case BinlogEventType::kBeginLoadQuery:
    case BinlogEventType::kExecuteLoadQuery:
    case BinlogEventType::kAppendBlock:
    case BinlogEventType::kDeleteFile:
      FlushRows();
      for (const SchemaPtr& schema : tables_.ActiveSchemas()) {
        StopTable(schema, "LOAD DATA was logged as a statement: use binlog_format=ROW in every session");
      }
      return Status::Ok();
    case BinlogEventType::kStop:
    case BinlogEventType::kIntvar:
    case BinlogEventType::kRand:
    case BinlogEventType::kUserVar:
    case BinlogEventType::kIgnorable:
    case BinlogEventType::kRowsQuery:
    case BinlogEventType::kPreviousGtids:
    case BinlogEventType::kTransactionContext:
    case BinlogEventType::kViewChange:
    case BinlogEventType::kMariadbAnnotateRows:
    case BinlogEventType::kMariadbBinlogCheckpoint:
    case BinlogEventType::kMariadbGtidList:
    case BinlogEventType::kMariadbStartEncryption: return Status::Ok();
    default: break;
  }
  if ((event.header.flags & kBinlogFlagIgnorable) != 0) return Status::Ok();
  return Status(Code::kUnsupported, "log event type " + std::to_string(static_cast<int>(event.header.type)) +
                                        " is not known: the server is newer than this version of freshet");
}

void EventBinder::MoveOffset(const BinlogHeader& header) {
  if (payload_ || header.next_position == 0 || (header.flags & kBinlogFlagArtificial) != 0) return;
  if (header.type == BinlogEventType::kFormatDescription) return;
  // The header holds the low 32 bits; files grow past 4 GiB when one transaction does.
  uint64_t next = (offset_ & ~kLow32) | header.next_position;
  if (next < offset_ && offset_ - next > kLow32 / 2) next += kLow32 + 1;
  offset_ = next;
}

Status EventBinder::OnRotate(const BinlogEventView& event) {
  ASSIGN_OR_RETURN(const RotateEventView rotate, ParseRotate(event.body));
  if (in_transaction_) return Misplaced("a transaction that does not end in its file");
  file_ = std::string(rotate.file);
  offset_ = rotate.offset;
  const bool real = event.header.next_position != 0 && (event.header.flags & kBinlogFlagArtificial) == 0;
  if (!rereading_ && (real || position_.file.empty())) {
    position_.file = file_;
    position_.offset = offset_;
  }
  return Status::Ok();
}

Status EventBinder::OnFormat(const FormatDescription& format) {
  if (in_transaction_) return Misplaced("a transaction that does not end in its file");
  group_open_ = false;
  rows_.OnFormat(format.mariadb);
  return Status::Ok();
}

Status EventBinder::OnHeartbeat(const BinlogEventView& event) {
  const bool v2 = event.header.type == BinlogEventType::kHeartbeatV2;
  ASSIGN_OR_RETURN(const HeartbeatView heartbeat,
                   v2 ? ParseHeartbeatV2(event.body) : ParseHeartbeat(event.body, event.header.next_position));
  if (in_transaction_ || group_open_) return Status::Ok();
  // What the server skipped up to there is not for us. It may be behind us just after a reconnect.
  if (heartbeat.file == position_.file && heartbeat.offset > position_.offset) {
    position_.offset = heartbeat.offset;
    offset_ = heartbeat.offset;
  }
  ready_.push_back({Position{position_}, Heartbeat{}});
  return Status::Ok();
}

Status EventBinder::OnGroup(BinlogEventType type, const BinlogEventView& event) {
  if (in_transaction_ || xa_.is_open()) return Misplaced("a transaction inside another");
  bool prepares_xa = false;
  TRY(ReadGroup(type, event, &prepares_xa));
  if (type != BinlogEventType::kMariadbGtid || standalone_) return Status::Ok();
  if (prepares_xa) xa_.Open();
  return Begin();
}

Status EventBinder::ReadGroup(BinlogEventType type, const BinlogEventView& event, bool* prepares_xa) {
  group_open_ = true;
  group_offset_ = offset_ - std::min<uint64_t>(offset_, event.header.size);
  standalone_ = false;
  mysql_gtid_ = MysqlGtidEvent();
  has_mariadb_gtid_ = false;
  if (type == BinlogEventType::kMariadbGtid) {
    ASSIGN_OR_RETURN(const MariadbGtidEvent gtid, ParseMariadbGtid(event.body));
    mariadb_domain_ = gtid.domain;
    mariadb_gtid_ = {event.header.server_id, gtid.sequence};
    has_mariadb_gtid_ = true;
    standalone_ = gtid.standalone;
    *prepares_xa = gtid.prepared_xa;
    return Status::Ok();
  }
  ASSIGN_OR_RETURN(mysql_gtid_, type == BinlogEventType::kGtidTagged ? ParseMysqlTaggedGtid(event.body)
                                                                     : ParseMysqlGtid(event.body));
  if (type == BinlogEventType::kAnonymousGtid || !track_gtids_) mysql_gtid_.sequence = 0;
  return Status::Ok();
}

Status EventBinder::Begin() {
  if (in_transaction_) return Status::Ok();
  tables_.Reached(Position{position_});
  in_transaction_ = true;
  touched_.clear();
  ready_.push_back({Position(), freshet::Begin{}});
  return Status::Ok();
}

void EventBinder::EndGroup(uint32_t timestamp_s) {
  FlushRows();
  if (mysql_gtid_.sequence > 0) position_.gtids.Add(mysql_gtid_.source, mysql_gtid_.sequence);
  if (has_mariadb_gtid_) {
    position_.mariadb_gtids.Add(mariadb_domain_, mariadb_gtid_);
    read_gtids_.Add(mariadb_domain_, mariadb_gtid_);
  }
  position_.file = file_;
  position_.offset = offset_;
  position_.read_again_from = xa_.ReadAgainFrom(position_);
  constexpr int64_t kMicros = 1'000'000;
  const int64_t commit_us = mysql_gtid_.commit_time_us > 0 ? mysql_gtid_.commit_time_us : timestamp_s * kMicros;
  ready_.push_back({Position{position_}, Commit{commit_us}});
  in_transaction_ = false;
  group_open_ = false;
  standalone_ = false;
  has_mariadb_gtid_ = false;
  mysql_gtid_ = MysqlGtidEvent();
}

void EventBinder::FlushRows() {
  rows_.EndBatch();
  while (std::optional<RowBatch> batch = rows_.TakeFull()) ready_.push_back({Position(), std::move(*batch)});
}

Status EventBinder::OnRows(const BinlogEventView& event) {
  if (!in_transaction_) return Misplaced("rows outside a transaction");
  if (xa_.is_open()) return xa_.Add(event.header.type, event.body);
  ASSIGN_OR_RETURN(RowBinder::Outcome outcome, rows_.OnRows(event.header.type, event.body));
  while (std::optional<RowBatch> batch = rows_.TakeFull()) ready_.push_back({Position(), std::move(*batch)});
  if (outcome.touched) touched_.insert(outcome.touched->name);
  if (outcome.stop) StopTable(outcome.stop, outcome.stop_reason);
  return Status::Ok();
}

void EventBinder::StopTable(SchemaPtr schema, const std::string& reason) {
  FlushRows();
  SchemaChange change;
  change.kind = SchemaChangeKind::kStopTable;
  change.old_schema = schema;
  change.reason = reason;
  tables_.Remove(schema->name);
  touched_.erase(schema->name);
  Log(LogLevel::kWarn, "table_stopped", {{"table", schema->name.ToString()}, {"error", reason}});
  if (in_transaction_) {
    ready_.push_back({Position(), std::move(change)});
    return;
  }
  ready_.push_back({Position(), freshet::Begin{}});
  ready_.push_back({Position(), std::move(change)});
  ready_.push_back({Position{position_}, Commit{}});
}

void EventBinder::StopTouched(const std::string& reason) {
  const std::set<TableName> touched = touched_;
  for (const TableName& name : touched) {
    if (const MirroredTables::Table* table = tables_.Find(name)) StopTable(table->schema, reason);
  }
}

Status EventBinder::ContinuePayload(const FormatDescription& format) {
  CHECK(payload_ != nullptr);
  ASSIGN_OR_RETURN(const std::optional<BinlogEventView> inner, payload_->Next());
  if (!inner) {
    payload_.reset();
    return Status::Ok();
  }
  if (inner->header.type == BinlogEventType::kTransactionPayload ||
      inner->header.type == BinlogEventType::kFormatDescription) {
    return Misplaced("a nested transaction payload");
  }
  return OnEvent(*inner, format);
}

}  // namespace freshet
