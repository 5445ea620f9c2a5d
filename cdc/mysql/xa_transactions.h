// SPDX-License-Identifier: Apache-2.0
// XaTransactions: the row events of XA transactions whose outcome the log has not told yet. They are kept as bytes,
// not as cells: at XA COMMIT they are bound to the tables as they are then. Bounded; what does not fit is known by
// the tables it would have changed. Knows no tables and emits nothing: EventBinder does. Reader thread only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cdc/change/position.h"
#include "cdc/mysql/binlog_header.h"
#include "ddl/table_schema.h"

namespace freshet {

// Events of all XA transactions together that are open or prepared. Above it the newest one's are dropped, and its
// tables stop if it commits.
inline constexpr size_t kXaBytesMax = 64 << 20;
// Prepared transactions at one time. Above it the newest is forgotten: its XA COMMIT then is one of the unknown.
inline constexpr size_t kXaPreparedMax = 10'000;

class XaTransactions {
 public:
  struct LoggedEvent {
    BinlogEventType type = BinlogEventType::kStop;
    std::string body;
  };
  struct Transaction {
    std::vector<LoggedEvent> events;  // table maps and rows, in log order
    std::set<TableName> touched;
    std::string lost;  // not empty: why the events cannot be used
    size_t bytes = 0;
    MysqlLogPlace before;         // of the group that prepared it
    MysqlGtidSource gtid_source;  // of that group
    int64_t gtid_sequence = 0;    // 0: no MySQL GTID
    std::string xid;
  };

  // Events of other databases are not kept; "" keeps all.
  explicit XaTransactions(std::string database) : database_(std::move(database)) {}

  // Rows that follow belong to an XA transaction.
  void Open();
  bool is_open() const { return open_.has_value(); }
  // A table map or rows event of the open transaction. kCorrupt.
  Status Add(BinlogEventType type, std::string_view body);
  // The open transaction's events do not say what it did.
  void LoseOpen(std::string reason);
  // Ends the open transaction: committed in one phase, or dropped.
  Transaction TakeOpen();
  // Ends it by preparing: kept under its xid until Take. `group` gives before and the GTID.
  void PrepareOpen(const std::string& xid, MysqlLogPlace before, const MysqlGtidSource& source, int64_t sequence);
  // XA COMMIT or XA ROLLBACK of a prepared one; nullopt when its prepare was not read.
  std::optional<Transaction> Take(const std::string& xid);

  // Where to read again from so that nothing undecided is lost, once everything else up to `applied` is applied.
  std::optional<MysqlLogPlace> ReadAgainFrom(const MysqlLogPlace& applied) const;

 private:
  void Drop(Transaction& transaction);

  std::string database_;
  std::optional<Transaction> open_;
  std::set<uint64_t> open_tables_;            // table ids of the open transaction that are kept
  std::map<uint64_t, Transaction> prepared_;  // by order of preparing
  std::map<std::string, uint64_t> numbers_;   // xid -> key of prepared_
  uint64_t next_number_ = 0;
  size_t bytes_ = 0;  // of all
};

}  // namespace freshet
