// SPDX-License-Identifier: Apache-2.0
// MysqlSource: the Source of cdc/change over a packet stream: reads, checks and binds events one at a time.
// Holds no connection logic (dump_stream) and no meaning of events (event_binder). One reading thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cdc/change/source.h"
#include "cdc/mysql/event_binder.h"
#include "cdc/mysql/packet_stream.h"

namespace freshet {

class MysqlSource : public Source {
 public:
  // `stream` begins at `start`, or at its read_again_from when that is set.
  MysqlSource(std::unique_ptr<PacketStream> stream, const MysqlPosition& start, std::vector<SchemaPtr> schemas,
              StatementFollower follower, EventBinder::Options options = {});

  Result<std::optional<ChangeEvent>> Next(Deadline deadline) override;
  bool HasBuffered() const override;
  // The server keeps its log by its own rules: nothing to tell it.
  Status Acknowledge(const Position& durable) override;
  Status AddTable(SchemaPtr schema, const Position& from) override;
  void RemoveTable(const TableName& name) override;

 private:
  std::unique_ptr<PacketStream> stream_;
  BinlogFramer framer_;
  MirroredTables tables_;
  EventBinder binder_;
};

}  // namespace freshet
