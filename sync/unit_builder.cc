// SPDX-License-Identifier: Apache-2.0
#include "sync/unit_builder.h"

#include <iterator>
#include <utility>

namespace freshet {

namespace {
// Memory of a schema change in a unit: enough for its statement and two schemas.
constexpr size_t kSchemaChangeBytes = 4096;
}  // namespace

Status UnitBuilder::AddToOpen(UnitEvent event, uint64_t rows, size_t bytes) {
  if (!in_transaction_) return Status(Code::kCorrupt, "source sent a change outside a transaction");
  open_.events.push_back(std::move(event));
  open_.rows += rows;
  open_.bytes += bytes;
  return Status::Ok();
}

void UnitBuilder::CloseOpen(const Position& at, int64_t commit_time_us) {
  if (closed_.events.empty()) {
    closed_.events = std::move(open_.events);
  } else {
    std::move(open_.events.begin(), open_.events.end(), std::back_inserter(closed_.events));
  }
  closed_.rows += open_.rows;
  closed_.bytes += open_.bytes;
  closed_.transactions += 1;
  closed_.ends_at = at;
  if (commit_time_us != 0) closed_.commit_time_us = commit_time_us;
  open_ = Unit{};
  in_transaction_ = false;
}

Status UnitBuilder::Add(ChangeEvent event) {
  if (auto* batch = std::get_if<RowBatch>(&event.body)) {
    const uint64_t rows = batch->rows.size();
    const size_t bytes = batch->bytes();
    return AddToOpen(std::move(*batch), rows, bytes);
  }
  if (auto* change = std::get_if<SchemaChange>(&event.body)) {
    return AddToOpen(std::move(*change), 0, kSchemaChangeBytes);
  }
  if (std::holds_alternative<Begin>(event.body)) {
    if (in_transaction_) return Status(Code::kCorrupt, "source began a transaction inside another");
    in_transaction_ = true;
    return Status::Ok();
  }
  if (const auto* commit = std::get_if<Commit>(&event.body)) {
    if (!in_transaction_) return Status(Code::kCorrupt, "source committed without a transaction");
    if (event.at.empty()) return Status(Code::kCorrupt, "source committed without a position");
    CloseOpen(event.at, commit->commit_time_us);
    return Status::Ok();
  }
  // Heartbeat: moves the position between transactions; inside one it says nothing.
  if (!in_transaction_ && !event.at.empty()) closed_.ends_at = event.at;
  return Status::Ok();
}

std::optional<Unit> UnitBuilder::Take(bool source_has_buffered) {
  const bool piece_due = open_.bytes >= piece_bytes_max_;
  if (!closed_.ends_at.empty() && (closed_.bytes >= unit_bytes_max_ || !source_has_buffered || piece_due)) {
    return std::exchange(closed_, Unit{});
  }
  if (!piece_due) return std::nullopt;
  Unit piece = std::exchange(open_, Unit{});
  piece.complete = false;
  return piece;
}

}  // namespace freshet
