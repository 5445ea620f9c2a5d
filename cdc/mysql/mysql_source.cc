// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/mysql_source.h"

namespace freshet {

MysqlSource::MysqlSource(std::unique_ptr<PacketStream> stream, const MysqlPosition& start,
                         std::vector<SchemaPtr> schemas, StatementFollower follower, EventBinder::Options options)
    : stream_(std::move(stream)), binder_(tables_, start, std::move(follower), std::move(options)) {
  for (SchemaPtr& schema : schemas) tables_.Add(std::move(schema), Position(), false);
}

Result<std::optional<ChangeEvent>> MysqlSource::Next(Deadline deadline) {
  while (!binder_.has_ready()) {
    if (binder_.in_payload()) {
      TRY(binder_.ContinuePayload(framer_.format()));
      continue;
    }
    ASSIGN_OR_RETURN(const std::optional<std::string_view> packet, stream_->Read(deadline));
    if (!packet) return std::optional<ChangeEvent>();
    ASSIGN_OR_RETURN(const BinlogEventView event, framer_.Frame(*packet));
    TRY(binder_.OnEvent(event, framer_.format()));
  }
  return std::optional<ChangeEvent>(binder_.TakeReady());
}

bool MysqlSource::HasBuffered() const {
  return binder_.has_ready() || binder_.in_payload() || stream_->HasBuffered();
}

Status MysqlSource::Acknowledge(const Position&) {
  return Status::Ok();
}

Status MysqlSource::AddTable(SchemaPtr schema, const Position& from) {
  const bool pending = binder_.in_transaction() || !Position{binder_.position()}.Covers(from);
  tables_.Add(std::move(schema), from, pending);
  return Status::Ok();
}

void MysqlSource::RemoveTable(const TableName& name) {
  tables_.Remove(name);
}

}  // namespace freshet
