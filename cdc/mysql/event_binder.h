// SPDX-License-Identifier: Apache-2.0
// EventBinder: checked binlog events, in order -> ChangeEvents. Knows where transactions begin and end in both
// dialects, keeps the position, follows DDL and decides which tables cannot be followed. Does no I/O and reads
// no clock; the source feeds it. Reader thread only.
//
//   MySQL group    = gtid | anonymous gtid, (BEGIN event* (xid | COMMIT)) | statement
//   MariaDB group  = gtid, event* (xid | COMMIT)  ; "standalone" flag: gtid, statement
//   XA             = gtid, XA START event* XA END xa-prepare ; a later group says XA COMMIT or XA ROLLBACK
//
// Rows of a prepared XA transaction wait in XaTransactions until its end. A position says where to read them again;
// then the binder starts by rereading: groups that are applied are passed over, but for what they prepare.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cdc/change/change_event.h"
#include "cdc/mysql/binlog_header.h"
#include "cdc/mysql/control_events.h"
#include "cdc/mysql/mirrored_tables.h"
#include "cdc/mysql/payload.h"
#include "cdc/mysql/row_binder.h"
#include "cdc/mysql/xa_commits.h"
#include "cdc/mysql/xa_transactions.h"

namespace freshet {

// A statement of the log, for the one who follows DDL. `sql` is UTF-8.
struct LoggedStatement {
  std::string sql;
  std::string database;
  bool ansi_quotes = false;
  bool no_backslash_escapes = false;
  bool mariadb = false;
};

// What a statement does to the given tables; empty when nothing. An error stops the reader.
using StatementFollower =
    std::function<Result<std::vector<SchemaChange>>(const LoggedStatement&, const std::vector<SchemaPtr>&)>;

class EventBinder {
 public:
  struct Options {
    std::string database;                   // XA transactions keep its rows only; "" of all
    bool track_gtids = true;                // false: positions are file and offset alone, whatever the events say
    std::shared_ptr<XaCommits> xa_commits;  // told of every XA COMMIT; null: nobody asks
  };
  // `tables` outlives the binder. The stream must begin at start.read_again_from when that is set.
  EventBinder(MirroredTables& tables, MysqlPosition start, StatementFollower follower, Options options);

  // Adds to the events of TakeReady(). kCorrupt, kUnsupported: the log cannot be read past this event.
  Status OnEvent(const BinlogEventView& event, const FormatDescription& format);

  // A compressed transaction comes in steps, so that memory holds one of its events: while in_payload(), the
  // bytes of the last event must stay and ContinuePayload is to be called before the next OnEvent.
  bool in_payload() const { return payload_ != nullptr; }
  Status ContinuePayload(const FormatDescription& format);

  bool has_ready() const { return !ready_.empty(); }
  ChangeEvent TakeReady();
  // After the newest whole transaction.
  const MysqlPosition& position() const { return position_; }
  bool in_transaction() const { return in_transaction_; }

 private:
  Status OnControl(const BinlogEventView& event, const FormatDescription& format);
  Status OnRotate(const BinlogEventView& event);
  Status OnFormat(const FormatDescription& format);
  Status OnGroup(BinlogEventType type, const BinlogEventView& event);
  Status OnHeartbeat(const BinlogEventView& event);
  Status OnQuery(const BinlogEventView& event, const FormatDescription& format);
  Status OnTransactionQuery(const LoggedStatement& statement, bool* handled);
  Status OnStatement(const LoggedStatement& statement);
  Status OnRows(const BinlogEventView& event);

  // event_binder_xa.cc
  Status OnXaPrepare(const BinlogEventView& event);
  Status OnXaEnd(const LoggedStatement& statement, bool commit);
  Status CommitXa(const XaTransactions::Transaction& transaction);
  void ResyncActive(const std::string& reason);
  void PrepareOpenXa(const std::string& xid);
  Status Reread(const BinlogEventView& event, const FormatDescription& format);
  Status RereadQuery(const BinlogEventView& event);
  bool GroupIsApplied() const;
  MysqlLogPlace GroupPlace() const;

  Status ReadGroup(BinlogEventType type, const BinlogEventView& event, bool* prepares_xa);
  Status Begin();
  void EndGroup(uint32_t timestamp_s);
  void FlushRows();
  // Emits kStopTable and forgets the table. By value: forgetting frees the place that a reference would name.
  void StopTable(SchemaPtr schema, const std::string& reason);
  void StopTouched(const std::string& reason);
  void StopForStatement(const LoggedStatement& statement);
  void MoveOffset(const BinlogHeader& header);
  Result<std::string> StatementText(const QueryEventView& query);

  MirroredTables& tables_;
  StatementFollower follower_;
  RowBinder rows_;
  MysqlPosition position_;
  const bool track_gtids_;
  std::string file_;     // of the event that is being read
  uint64_t offset_ = 0;  // of its end
  std::unique_ptr<PayloadReader> payload_;

  bool group_open_ = false;      // a GTID event was read, its group has not ended
  bool standalone_ = false;      // MariaDB: the group ends with its statement
  bool in_transaction_ = false;  // Begin was emitted
  bool rereading_ = false;       // groups up to position_ are passed over
  uint64_t group_offset_ = 0;    // of the open group's first event in file_
  MysqlGtidEvent mysql_gtid_;    // sequence 0: anonymous
  MariadbGtidSet::Entry mariadb_gtid_{};
  uint32_t mariadb_domain_ = 0;
  bool has_mariadb_gtid_ = false;
  std::set<TableName> touched_;  // mirrored tables changed by the open transaction
  XaTransactions xa_;
  std::shared_ptr<XaCommits> xa_commits_;
  MariadbGtidSet read_gtids_;  // of the groups read; behind position_ while rereading

  std::deque<ChangeEvent> ready_;
  std::string unpacked_query_;
  CharsetCache charsets_;
};

}  // namespace freshet
