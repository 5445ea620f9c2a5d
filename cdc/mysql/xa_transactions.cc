// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/xa_transactions.h"

#include <strings.h>

#include <utility>

#include "base/log.h"
#include "cdc/mysql/table_map.h"

namespace freshet {

void XaTransactions::Open() {
  if (open_) return;
  open_ = Transaction{};
  open_tables_.clear();
}

Status XaTransactions::Add(BinlogEventType type, std::string_view body) {
  CHECK(open_.has_value());
  ASSIGN_OR_RETURN(const uint64_t id, TableMapId(body));
  if (type == BinlogEventType::kTableMap) {
    ASSIGN_OR_RETURN(TableName name, TableMapName(body));
    if (!database_.empty() && strcasecmp(database_.c_str(), name.schema.c_str()) != 0) {
      open_tables_.erase(id);
      return Status::Ok();
    }
    open_tables_.insert(id);
    open_->touched.insert(std::move(name));
  }
  if (!open_tables_.contains(id) || !open_->lost.empty()) return Status::Ok();
  const size_t bytes = sizeof(LoggedEvent) + body.size();
  if (bytes_ + bytes > kXaBytesMax) {
    LoseOpen("an XA transaction was committed whose rows were not kept: undecided XA transactions had more than " +
             std::to_string(kXaBytesMax >> 20) + " MiB of them");
    return Status::Ok();
  }
  open_->events.push_back({type, std::string(body)});
  open_->bytes += bytes;
  bytes_ += bytes;
  return Status::Ok();
}

void XaTransactions::LoseOpen(std::string reason) {
  CHECK(open_.has_value());
  Drop(*open_);
  open_->events = {};
  open_->lost = std::move(reason);
}

void XaTransactions::Drop(Transaction& transaction) {
  bytes_ -= transaction.bytes;
  transaction.bytes = 0;
}

XaTransactions::Transaction XaTransactions::TakeOpen() {
  CHECK(open_.has_value());
  Transaction taken = std::move(*open_);
  open_.reset();
  Drop(taken);
  return taken;
}

void XaTransactions::PrepareOpen(const std::string& xid, MysqlLogPlace before, const MysqlGtidSource& source,
                                 int64_t sequence) {
  CHECK(open_.has_value());
  Take(xid);  // an older one of this name has ended without a word in the log
  if (prepared_.size() >= kXaPreparedMax) {
    Log(LogLevel::kWarn, "xa_transaction_forgotten", {{"prepared", static_cast<int64_t>(prepared_.size())}});
    (void)TakeOpen();
    return;
  }
  open_->before = std::move(before);
  open_->gtid_source = source;
  open_->gtid_sequence = sequence;
  open_->xid = xid;
  numbers_[xid] = next_number_;
  prepared_.emplace(next_number_++, std::move(*open_));
  open_.reset();
}

std::optional<XaTransactions::Transaction> XaTransactions::Take(const std::string& xid) {
  const auto number = numbers_.find(xid);
  if (number == numbers_.end()) return std::nullopt;
  const auto found = prepared_.find(number->second);
  CHECK(found != prepared_.end());
  Transaction taken = std::move(found->second);
  prepared_.erase(found);
  numbers_.erase(number);
  Drop(taken);
  return taken;
}

std::optional<MysqlLogPlace> XaTransactions::ReadAgainFrom(const MysqlLogPlace& applied) const {
  if (prepared_.empty()) return std::nullopt;
  // MySQL sends what is missing from a set; MariaDB and servers without GTIDs send everything after a place.
  MysqlLogPlace place = prepared_.begin()->second.before;
  place.gtids = applied.gtids;
  for (const auto& [number, transaction] : prepared_) {
    if (transaction.gtid_sequence > 0) place.gtids.Remove(transaction.gtid_source, transaction.gtid_sequence);
  }
  return place;
}

}  // namespace freshet
