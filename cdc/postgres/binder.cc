// SPDX-License-Identifier: Apache-2.0
#include "cdc/postgres/binder.h"

#include <algorithm>

#include "cdc/postgres/binary_cell.h"

namespace freshet {
namespace {

// A batch is handed on at this size, so that a huge transaction is never held here. Large enough to spread the
// cost per batch, small against the memory budget.
constexpr size_t kBatchBytesMax = 1u << 20;

Status NotInTransaction() {
  return Status(Code::kCorrupt, "pgoutput: row event outside of a transaction");
}

}  // namespace

PgBinder::PgBinder(RelationLookup& lookup, ReaderMemory& memory, PostgresPosition resume)
    : lookup_(lookup), memory_(memory), position_(resume), resume_lsn_(resume.lsn) {}

void PgBinder::AddTable(SchemaPtr schema, uint64_t from_lsn) {
  RemoveTable(schema->name);
  if (!HasBinaryDecoders(*schema)) memory_.text_only = true;
  Table& table = tables_[static_cast<uint32_t>(schema->source_id)];
  table.schema = std::move(schema);
  table.from_lsn = from_lsn;
  table.compared = false;
}

void PgBinder::RemoveTable(const TableName& name) {
  for (auto& [oid, table] : tables_) {
    if (table.schema == nullptr || table.schema->name != name) continue;
    table.schema = nullptr;  // the relation is kept: it is announced once per connection
    table.compared = false;
    if (table.batch_open) std::erase(open_batches_, &table);
    table.batch_open = false;
    table.batch = {};
  }
}

void PgBinder::Reconnected() {
  for (auto& [oid, table] : tables_) {
    table.relation.clear();
    table.compared = false;
    table.batch_open = false;
    table.batch = {};
  }
  open_batches_.clear();
  in_transaction_ = false;
  resume_lsn_ = position_.lsn;
}

Status PgBinder::Consume(const pgoutput::Message& message, std::string_view bytes, std::deque<ChangeEvent>& out) {
  using namespace pgoutput;
  if (const auto* insert = std::get_if<InsertMessage>(&message)) return ConsumeInsert(*insert, out);
  if (const auto* update = std::get_if<UpdateMessage>(&message)) return ConsumeUpdate(*update, out);
  if (const auto* deleted = std::get_if<DeleteMessage>(&message)) return ConsumeDelete(*deleted, out);
  if (const auto* begin = std::get_if<BeginMessage>(&message)) {
    if (in_transaction_) return Status(Code::kCorrupt, "pgoutput: begin inside of a transaction");
    begin_ = *begin;
    in_transaction_ = true;
    begin_emitted_ = false;
    skip_transaction_ = begin_.final_lsn < resume_lsn_;
    return Status::Ok();
  }
  if (const auto* commit = std::get_if<CommitMessage>(&message)) {
    if (!in_transaction_) return Status(Code::kCorrupt, "pgoutput: commit outside of a transaction");
    ConsumeCommit(*commit, out);
    return Status::Ok();
  }
  if (const auto* relation = std::get_if<RelationMessage>(&message)) {
    // Compared when a row of it counts: before AddTable's position the catalog says nothing about it.
    Table& table = tables_[relation->oid];
    table.relation.assign(bytes);
    table.compared = false;
    return Status::Ok();
  }
  if (const auto* truncate = std::get_if<TruncateMessage>(&message)) return ConsumeTruncate(*truncate, out);
  if (std::holds_alternative<TypeMessage>(message) || std::holds_alternative<OriginMessage>(message) ||
      std::holds_alternative<LogicalMessage>(message)) {
    return Status::Ok();
  }
  return Status(Code::kCorrupt, "pgoutput: streamed transaction although streaming is off");
}

void PgBinder::ConsumeCommit(const pgoutput::CommitMessage& message, std::deque<ChangeEvent>& out) {
  in_transaction_ = false;
  if (!begin_emitted_) {
    Reached(message.end_lsn);
    return;
  }
  for (Table* table : open_batches_) CloseBatch(*table, out);
  open_batches_.clear();
  position_.lsn = message.end_lsn;
  position_.xid = begin_.xid;
  out.push_back({Position{position_}, Commit{message.commit_time_us}});
}

void PgBinder::Reached(uint64_t lsn) {
  if (!in_transaction_) reached_lsn_ = std::max(reached_lsn_, lsn);
}

void PgBinder::TakeHeartbeat(std::deque<ChangeEvent>& out) {
  if (in_transaction_ || reached_lsn_ <= position_.lsn) return;
  position_.lsn = reached_lsn_;
  out.push_back({Position{position_}, Heartbeat{}});
}

void PgBinder::OpenTransaction(std::deque<ChangeEvent>& out) {
  if (begin_emitted_) return;
  begin_emitted_ = true;
  memory_.Delivered(begin_.xid);
  out.push_back({{}, Begin{}});
}

Result<PgBinder::Table*> PgBinder::TableForRow(uint32_t oid, std::deque<ChangeEvent>& out) {
  if (!in_transaction_) return NotInTransaction();
  const auto found = tables_.find(oid);
  if (found == tables_.end() || (found->second.relation.empty() && !skip_transaction_)) {
    return Status(Code::kCorrupt, "pgoutput: row of relation " + std::to_string(oid) + ", which was not announced");
  }
  Table& table = found->second;
  if (skip_transaction_ || !Counts(table)) return nullptr;
  if (!table.compared) {
    TRY(CompareWithRelation(table, out));
    if (table.schema == nullptr) return nullptr;
  }
  OpenTransaction(out);
  if (!table.batch_open) {
    table.batch_open = true;
    table.batch.schema = table.schema;
    table.batch.rows.reserve(table.rows_hint);
    table.batch.cells.reserve(table.rows_hint * table.schema->columns.size());
    open_batches_.push_back(&table);
  }
  return &table;
}

Status PgBinder::CompareWithRelation(Table& table, std::deque<ChangeEvent>& out) {
  ASSIGN_OR_RETURN(const pgoutput::Message message, pgoutput::Parse(table.relation));
  const auto& relation = std::get<pgoutput::RelationMessage>(message);
  ASSIGN_OR_RETURN(const RelationFacts facts, lookup_.Facts(relation));
  RelationChange found = CompareRelation(table.schema, relation, facts);
  table.compared = true;
  if (found.kind != RelationChange::Kind::kSame) {
    SchemaChange change;
    change.kind = found.kind == RelationChange::Kind::kAlter    ? SchemaChangeKind::kAlterTable
                  : found.kind == RelationChange::Kind::kResync ? SchemaChangeKind::kResyncTable
                                                                : SchemaChangeKind::kStopTable;
    change.old_schema = table.schema;
    change.new_schema = found.schema;
    change.reason = std::move(found.reason);
    EmitChange(table, std::move(change), out);
    table.schema = found.schema;
  }
  if (table.schema != nullptr && !HasBinaryDecoders(*table.schema)) memory_.text_only = true;
  if (table.schema != nullptr) table.decoder = TupleDecoder(table.schema, std::move(found.column_of));
  return Status::Ok();
}

void PgBinder::EmitChange(Table& table, SchemaChange change, std::deque<ChangeEvent>& out) {
  OpenTransaction(out);
  if (table.batch_open) {
    CloseBatch(table, out);
    std::erase(open_batches_, &table);
  }
  out.push_back({{}, std::move(change)});
}

void PgBinder::CloseBatch(Table& table, std::deque<ChangeEvent>& out) {
  table.batch_open = false;
  table.rows_hint = table.batch.rows.size();
  if (!table.batch.rows.empty()) out.push_back({{}, std::move(table.batch)});
  table.batch = {};
}

void PgBinder::CloseFullBatch(Table& table, std::deque<ChangeEvent>& out) {
  if (table.batch.arena.size() + table.batch.cells.size() * sizeof(Cell) < kBatchBytesMax) return;
  CloseBatch(table, out);
  std::erase(open_batches_, &table);
}

Status PgBinder::ConsumeInsert(const pgoutput::InsertMessage& message, std::deque<ChangeEvent>& out) {
  ASSIGN_OR_RETURN(Table * table, TableForRow(message.oid, out));
  if (table == nullptr) return Status::Ok();
  pgoutput::ReadTuple(message.after, new_row_);
  const uint32_t after = table->batch.AppendImage();
  TRY(table->decoder.DecodeRow(new_row_, nullptr, table->batch, after));
  for (const Cell& cell : table->batch.Image(after)) {
    if (cell.kind == CellKind::kUnchanged) return Status(Code::kCorrupt, "pgoutput: insert with a value left out");
  }
  table->batch.rows.push_back({RowOp::kInsert, kNoImage, after});
  CloseFullBatch(*table, out);
  return Status::Ok();
}

Status PgBinder::ConsumeUpdate(const pgoutput::UpdateMessage& message, std::deque<ChangeEvent>& out) {
  ASSIGN_OR_RETURN(Table * table, TableForRow(message.oid, out));
  if (table == nullptr) return Status::Ok();
  pgoutput::ReadTuple(message.after, new_row_);
  RowChange change{RowOp::kUpdate, kNoImage, kNoImage};
  if (message.before_kind != 0) {
    pgoutput::ReadTuple(message.before, old_row_);
    // FULL sends the old row each time; it is needed only to find a row whose key changed.
    if (!table->decoder.SameKey(old_row_, new_row_)) {
      change.before = table->batch.AppendImage();
      TRY(table->decoder.DecodeKey(old_row_, table->batch, change.before));
    }
  }
  change.after = table->batch.AppendImage();
  TRY(table->decoder.DecodeRow(new_row_, message.before_kind != 0 ? &old_row_ : nullptr, table->batch, change.after));
  table->batch.rows.push_back(change);
  CloseFullBatch(*table, out);
  return Status::Ok();
}

Status PgBinder::ConsumeDelete(const pgoutput::DeleteMessage& message, std::deque<ChangeEvent>& out) {
  ASSIGN_OR_RETURN(Table * table, TableForRow(message.oid, out));
  if (table == nullptr) return Status::Ok();
  pgoutput::ReadTuple(message.before, old_row_);
  const uint32_t before = table->batch.AppendImage();
  TRY(table->decoder.DecodeKey(old_row_, table->batch, before));
  table->batch.rows.push_back({RowOp::kDelete, before, kNoImage});
  CloseFullBatch(*table, out);
  return Status::Ok();
}

Status PgBinder::ConsumeTruncate(const pgoutput::TruncateMessage& message, std::deque<ChangeEvent>& out) {
  if (!in_transaction_) return NotInTransaction();
  if (skip_transaction_) return Status::Ok();
  for (const uint32_t oid : message.oids) {
    const auto found = tables_.find(oid);
    if (found == tables_.end() || !Counts(found->second)) continue;
    SchemaChange change;
    change.kind = SchemaChangeKind::kTruncateTable;
    change.old_schema = found->second.schema;
    change.new_schema = found->second.schema;
    EmitChange(found->second, std::move(change), out);
  }
  return Status::Ok();
}

bool PgBinder::Tracks(const TableName& name) const {
  return std::any_of(tables_.begin(), tables_.end(), [&name](const auto& entry) {
    return entry.second.schema != nullptr && entry.second.schema->name == name;
  });
}

}  // namespace freshet
