// SPDX-License-Identifier: Apache-2.0
// PostgresSource: the log of one job through its slot. Reads the replication stream, answers keepalives, turns
// messages into events by way of the binder. Tables created and dropped are not in the log: the connector looks
// them up. Made by the connector; used by one thread, but Acknowledge may come from another.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "cdc/change/source.h"
#include "cdc/postgres/binder.h"
#include "cdc/postgres/catalog_watch.h"
#include "cdc/postgres/replication_stream.h"

namespace freshet {

class PostgresSource : public Source {
 public:
  static Result<std::unique_ptr<PostgresSource>> Open(const PostgresOptions& options, PostgresPosition resume,
                                                      std::vector<SchemaPtr> schemas,
                                                      std::shared_ptr<ReaderMemory> memory);

  Result<std::optional<ChangeEvent>> Next(Deadline deadline) override;
  bool HasBuffered() const override { return !events_.empty() || lookahead_.has_value(); }
  Status Acknowledge(const Position& durable) override;
  Status AddTable(SchemaPtr schema, const Position& from) override;
  void RemoveTable(const TableName& name) override;

 private:
  using TimePoint = std::chrono::steady_clock::time_point;

  PostgresSource(const PostgresOptions& options, PostgresPosition resume, std::shared_ptr<ReaderMemory> memory,
                 ReplicationStream stream, bool binary);
  ChangeEvent PopEvent();
  // Reads one message if one is here; false when there was none.
  Result<bool> ReadMessage();
  Status Handle(const StreamMessage& message);
  // The server has nothing to send now: heartbeat, a request for its position.
  Status Idle(TimePoint now);
  Status SendStatus(TimePoint now, bool request_reply);
  Status RestartInText();

  const PostgresOptions options_;
  std::shared_ptr<ReaderMemory> memory_;  // shared with the connector's scanners, which may outlive this
  CatalogWatch watch_;
  PgBinder binder_;
  ReplicationStream stream_;
  bool binary_;
  std::deque<ChangeEvent> events_;
  std::optional<StreamMessage> lookahead_;
  std::atomic<uint64_t> durable_lsn_;
  uint64_t sent_durable_lsn_ = 0;
  TimePoint status_sent_;
  TimePoint reply_requested_;
  TimePoint heartbeat_;
};

}  // namespace freshet
