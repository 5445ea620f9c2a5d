// SPDX-License-Identifier: Apache-2.0
#include "cdc/postgres/postgres_source.h"

#include <algorithm>

#include "base/log.h"
#include "cdc/postgres/binary_cell.h"
#include "cdc/postgres/slot.h"

namespace freshet {
namespace {

// The server drops a silent client after wal_sender_timeout (60 s by default).
constexpr std::chrono::seconds kStatusEvery{10};
// A durable position is told to the server this often at most: it frees log in whole segments anyway.
constexpr std::chrono::milliseconds kFlushReportEvery{100};
// On an idle stream the server is asked how far it has read: what SYNC JOB waits for.
constexpr std::chrono::milliseconds kReplyEvery{200};
// A stream busy with transactions of other tables still moves the position.
constexpr std::chrono::seconds kHeartbeatEvery{1};
// The clock is read once in so many messages without events.
constexpr int kMessagesPerClockRead = 64;

}  // namespace

Result<std::unique_ptr<PostgresSource>> PostgresSource::Open(const PostgresOptions& options, PostgresPosition resume,
                                                             std::vector<SchemaPtr> schemas,
                                                             std::shared_ptr<ReaderMemory> memory) {
  const bool binary = !memory->text_only && std::all_of(schemas.begin(), schemas.end(), [](const SchemaPtr& schema) {
    return HasBinaryDecoders(*schema);
  });
  ASSIGN_OR_RETURN(ReplicationStream stream, ReplicationStream::Start(options, resume, binary));
  resume.system_id = stream.server().system_id;
  resume.timeline = stream.server().timeline;
  std::unique_ptr<PostgresSource> source(
      new PostgresSource(options, resume, std::move(memory), std::move(stream), binary));
  for (SchemaPtr& schema : schemas) {
    source->binder_.AddTable(std::move(schema), 0);
  }
  Log(LogLevel::kInfo, "log_opened",
      {{"slot", options.slot_name}, {"lsn", LsnText(resume.lsn)}, {"format", binary ? "binary" : "text"}});
  return source;
}

PostgresSource::PostgresSource(const PostgresOptions& options, PostgresPosition resume,
                               std::shared_ptr<ReaderMemory> memory, ReplicationStream stream, bool binary)
    : options_(options),
      memory_(std::move(memory)),
      watch_(options),
      binder_(watch_, *memory_, resume),
      stream_(std::move(stream)),
      binary_(binary),
      durable_lsn_(resume.lsn) {
  const TimePoint now = Clock::System().Now();
  status_sent_ = reply_requested_ = heartbeat_ = now;
}

ChangeEvent PostgresSource::PopEvent() {
  ChangeEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

Result<std::optional<ChangeEvent>> PostgresSource::Next(Deadline deadline) {
  for (int messages = 0;; ++messages) {
    if (!events_.empty()) {
      ChangeEvent event = PopEvent();
      // One message is read ahead at a transaction's end, so that HasBuffered() tells the truth.
      if (events_.empty() && !lookahead_) {
        ASSIGN_OR_RETURN(lookahead_, stream_.TryRead());
      }
      if (std::holds_alternative<Commit>(event.body)) TRY(SendStatus(Clock::System().Now(), false));
      return std::optional<ChangeEvent>(std::move(event));
    }
    if (binary_ && memory_->text_only && !binder_.in_transaction()) TRY(RestartInText());
    ASSIGN_OR_RETURN(const bool read, ReadMessage());
    if (!events_.empty()) continue;
    if (read && messages % kMessagesPerClockRead != 0) continue;
    const TimePoint now = Clock::System().Now();
    TRY(SendStatus(now, false));
    if (!read) TRY(Idle(now));
    if (now - heartbeat_ >= kHeartbeatEvery) {
      heartbeat_ = now;
      binder_.TakeHeartbeat(events_);
    }
    if (!events_.empty()) continue;
    if (deadline.Passed()) return std::optional<ChangeEvent>();
    if (read) continue;
    const auto wait = std::min<std::chrono::steady_clock::duration>(deadline.Left(), kReplyEvery / 2);
    TRY(stream_.Wait(Deadline::After(std::chrono::ceil<std::chrono::milliseconds>(wait))));
  }
}

Result<bool> PostgresSource::ReadMessage() {
  std::optional<StreamMessage> message = std::exchange(lookahead_, std::nullopt);
  if (!message) {
    ASSIGN_OR_RETURN(message, stream_.TryRead());
  }
  if (!message) return false;
  TRY(Handle(*message));
  return true;
}

Status PostgresSource::Handle(const StreamMessage& message) {
  if (message.keepalive) {
    binder_.Reached(message.wal_end);
    if (!message.reply_requested) return Status::Ok();
    status_sent_ = {};  // an answer is due at once
    return SendStatus(Clock::System().Now(), false);
  }
  ASSIGN_OR_RETURN(const pgoutput::Message parsed, pgoutput::Parse(message.payload));
  return binder_.Consume(parsed, message.payload, events_);
}

Status PostgresSource::Idle(TimePoint now) {
  binder_.TakeHeartbeat(events_);
  if (binder_.in_transaction()) return Status::Ok();
  if (now - reply_requested_ >= kReplyEvery) {
    reply_requested_ = now;
    return SendStatus(now, true);
  }
  return Status::Ok();
}

Status PostgresSource::SendStatus(TimePoint now, bool request_reply) {
  const uint64_t durable = durable_lsn_.load(std::memory_order_relaxed);
  const auto since = now - status_sent_;
  const bool due = since >= kStatusEvery || (durable != sent_durable_lsn_ && since >= kFlushReportEvery);
  if (!due && !request_reply) return Status::Ok();
  status_sent_ = now;
  sent_durable_lsn_ = durable;
  return stream_.SendStatus(std::max(binder_.position().lsn, durable), durable, request_reply);
}

Status PostgresSource::RestartInText() {
  Log(LogLevel::kInfo, "log_reopened_in_text", {{"slot", options_.slot_name}});
  lookahead_.reset();
  binary_ = false;
  binder_.Reconnected();
  PostgresPosition resume = binder_.position();
  resume.lsn = std::max(resume.lsn, durable_lsn_.load());
  {
    // The old walsender holds the slot until its connection ends.
    ReplicationStream ended = std::move(stream_);
  }
  ASSIGN_OR_RETURN(stream_, ReplicationStream::Start(options_, resume, false));
  return Status::Ok();
}

Status PostgresSource::Acknowledge(const Position& durable) {
  const auto* position = std::get_if<PostgresPosition>(&durable.at);
  if (position == nullptr) return Status::Ok();
  uint64_t known = durable_lsn_.load();
  while (known < position->lsn && !durable_lsn_.compare_exchange_weak(known, position->lsn)) {
  }
  return Status::Ok();
}

Status PostgresSource::AddTable(SchemaPtr schema, const Position& from) {
  const auto* position = std::get_if<PostgresPosition>(&from.at);
  binder_.AddTable(std::move(schema), position != nullptr ? position->lsn : 0);
  return Status::Ok();
}

void PostgresSource::RemoveTable(const TableName& name) {
  binder_.RemoveTable(name);
}

}  // namespace freshet
