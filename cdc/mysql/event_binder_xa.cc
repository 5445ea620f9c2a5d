// SPDX-License-Identifier: Apache-2.0
// XA transactions of EventBinder: held back when prepared, bound when committed, found again after a restart.
#include "base/log.h"
#include "cdc/mysql/event_binder.h"
#include "cdc/mysql/rows_event.h"
#include "cdc/mysql/statement_words.h"

namespace freshet {

Status EventBinder::OnXaPrepare(const BinlogEventView& event) {
  if (!in_transaction_ || !xa_.is_open()) return Status(Code::kCorrupt, "log has XA PREPARE outside a transaction");
  ASSIGN_OR_RETURN(const XaPrepareEvent prepare, ParseXaPrepare(event.body));
  if (prepare.one_phase) {
    TRY(CommitXa(xa_.TakeOpen()));
  } else {
    PrepareOpenXa(prepare.xid);
  }
  EndGroup(event.header.timestamp_s);
  return Status::Ok();
}

void EventBinder::PrepareOpenXa(const std::string& xid) {
  if (xa_commits_) xa_commits_->Remove({xid});
  xa_.PrepareOpen(xid, GroupPlace(), mysql_gtid_.source, mysql_gtid_.sequence);
}

// The place before the open group.
MysqlLogPlace EventBinder::GroupPlace() const {
  MysqlLogPlace place;
  place.mariadb_gtids = read_gtids_;
  place.file = file_;
  place.offset = group_offset_;
  return place;
}

// A logged XA COMMIT or XA ROLLBACK: of the open transaction (one phase), else of a prepared one.
Status EventBinder::OnXaEnd(const LoggedStatement& statement, bool commit) {
  TRY(Begin());
  if (xa_.is_open()) {
    const XaTransactions::Transaction transaction = xa_.TakeOpen();
    if (commit) TRY(CommitXa(transaction));
    EndGroup(0);
    return Status::Ok();
  }
  ASSIGN_OR_RETURN(const std::string xid, XidOfStatement(statement.sql));
  const std::optional<XaTransactions::Transaction> transaction = xa_.Take(xid);
  if (commit && xa_commits_) xa_commits_->Add(xid);
  if (commit && transaction) {
    TRY(CommitXa(*transaction));
  } else if (commit) {
    ResyncActive(
        "an XA transaction was committed that had been prepared before the log was read: its rows are unknown");
  }
  EndGroup(0);
  return Status::Ok();
}

// Its rows become rows of the group that is open now.
Status EventBinder::CommitXa(const XaTransactions::Transaction& transaction) {
  CHECK(in_transaction_ && !xa_.is_open());
  if (!transaction.lost.empty()) {
    touched_.insert(transaction.touched.begin(), transaction.touched.end());
    StopTouched(transaction.lost);
    return Status::Ok();
  }
  for (const XaTransactions::LoggedEvent& logged : transaction.events) {
    if (logged.type == BinlogEventType::kTableMap) {
      TRY(rows_.OnTableMap(logged.body));
      continue;
    }
    BinlogEventView event;
    event.header.type = logged.type;
    event.body = logged.body;
    TRY(OnRows(event));
  }
  FlushRows();
  return Status::Ok();
}

void EventBinder::ResyncActive(const std::string& reason) {
  for (const SchemaPtr& schema : tables_.ActiveSchemas()) {
    SchemaChange change;
    change.kind = SchemaChangeKind::kResyncTable;
    change.old_schema = schema;
    change.new_schema = schema;
    change.reason = reason;
    CHECK(tables_.Apply(change));
    Log(LogLevel::kWarn, "table_resync", {{"table", schema->name.ToString()}, {"error", reason}});
    ready_.push_back({Position(), std::move(change)});
  }
}

// Up to position_ everything is applied but prepared transactions: only what XA says is looked at.
Status EventBinder::Reread(const BinlogEventView& event, const FormatDescription& format) {
  const BinlogEventType type = event.header.type;
  if (IsRowsEvent(type) || type == BinlogEventType::kTableMap) {
    return xa_.is_open() ? xa_.Add(type, event.body) : Status::Ok();
  }
  switch (type) {
    case BinlogEventType::kGtid:
    case BinlogEventType::kAnonymousGtid:
    case BinlogEventType::kGtidTagged:
    case BinlogEventType::kMariadbGtid: {
      if (xa_.is_open()) (void)xa_.TakeOpen();
      if (has_mariadb_gtid_) read_gtids_.Add(mariadb_domain_, mariadb_gtid_);
      bool prepares_xa = false;
      TRY(ReadGroup(type, event, &prepares_xa));
      if (!GroupIsApplied()) {
        rereading_ = false;
        return OnEvent(event, format);
      }
      if (prepares_xa) xa_.Open();
      return Status::Ok();
    }
    case BinlogEventType::kQuery:
    case BinlogEventType::kMariadbQueryCompressed: return RereadQuery(event);
    case BinlogEventType::kXaPrepare: {
      if (!xa_.is_open()) return Status(Code::kCorrupt, "log has XA PREPARE outside a transaction");
      ASSIGN_OR_RETURN(const XaPrepareEvent prepare, ParseXaPrepare(event.body));
      if (prepare.one_phase) {
        (void)xa_.TakeOpen();
      } else {
        PrepareOpenXa(prepare.xid);
      }
      return Status::Ok();
    }
    case BinlogEventType::kTransactionPayload: {
      ASSIGN_OR_RETURN(payload_, PayloadReader::Open(event.body));
      return Status::Ok();
    }
    case BinlogEventType::kRotate:
    case BinlogEventType::kFormatDescription:
    case BinlogEventType::kHeartbeat:
    case BinlogEventType::kHeartbeatV2: group_open_ = false; return OnControl(event, format);
    default: return Status::Ok();
  }
}

Status EventBinder::RereadQuery(const BinlogEventView& event) {
  ASSIGN_OR_RETURN(QueryEventView query, ParseQuery(event.body));
  if (event.header.type == BinlogEventType::kMariadbQueryCompressed) {
    TRY(UnpackMariadb(query.sql, unpacked_query_));
    query.sql = unpacked_query_;
  }
  switch (ClassifyStatement(query.sql)) {
    case StatementClass::kXaStart: xa_.Open(); return Status::Ok();
    case StatementClass::kRollbackToSavepoint:
      if (xa_.is_open()) {
        xa_.LoseOpen("an XA transaction was committed of which a part was rolled back after its rows were logged");
      }
      return Status::Ok();
    case StatementClass::kXaCommit:
    case StatementClass::kXaRollback: {
      if (xa_.is_open()) {
        (void)xa_.TakeOpen();
        return Status::Ok();
      }
      ASSIGN_OR_RETURN(const std::string xid, XidOfStatement(query.sql));
      (void)xa_.Take(xid);
      return Status::Ok();
    }
    default: return Status::Ok();
  }
}

bool EventBinder::GroupIsApplied() const {
  if (mysql_gtid_.sequence > 0 && !position_.gtids.empty()) {
    return position_.gtids.Contains(mysql_gtid_.source, mysql_gtid_.sequence);
  }
  if (has_mariadb_gtid_ && !position_.mariadb_gtids.empty()) {
    const auto& domains = position_.mariadb_gtids.domains();
    const auto applied = domains.find(mariadb_domain_);
    return applied != domains.end() && applied->second.sequence >= mariadb_gtid_.sequence;
  }
  // position_ lies between groups: one that begins before it has ended before it.
  MysqlPosition begin;
  begin.file = file_;
  begin.offset = group_offset_;
  return !Position{begin}.Covers(Position{MysqlPosition{{{}, {}, position_.file, position_.offset}, {}}});
}

}  // namespace freshet
