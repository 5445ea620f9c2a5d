// SPDX-License-Identifier: Apache-2.0
// PgBinder: pgoutput messages -> ChangeEvents. Owns the schemas as of the log position, decides which
// transactions and tables count, places schema changes before the first row of the new shape. No bytes of its
// own, no sockets: the catalog is asked through RelationLookup. Used by the log reader's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "cdc/change/change_event.h"
#include "cdc/postgres/pgoutput.h"
#include "cdc/postgres/reader_memory.h"
#include "cdc/postgres/relation_diff.h"
#include "cdc/postgres/tuple_decode.h"

namespace freshet {

// The source's catalog as of now; a test's is in memory.
class RelationLookup {
 public:
  virtual ~RelationLookup() = default;
  virtual Result<RelationFacts> Facts(const pgoutput::RelationMessage& relation) = 0;
};

class PgBinder {
 public:
  // Both outlive the binder. Transactions that end at or before `resume` are dropped.
  PgBinder(RelationLookup& lookup, ReaderMemory& memory, PostgresPosition resume);

  // Row events are ignored in transactions that committed before `from_lsn`.
  void AddTable(SchemaPtr schema, uint64_t from_lsn);
  void RemoveTable(const TableName& name);
  // A new connection: the server announces every relation again and repeats what was not acknowledged.
  void Reconnected();

  // Appends the message's events, if any.
  Status Consume(const pgoutput::Message& message, std::string_view bytes, std::deque<ChangeEvent>& out);
  // The server has nothing before `lsn` left to send. Ignored inside a transaction.
  void Reached(uint64_t lsn);
  // A Heartbeat when the log went on without anything for us since the last event.
  void TakeHeartbeat(std::deque<ChangeEvent>& out);

  bool in_transaction() const { return in_transaction_; }
  // End of the last transaction or heartbeat handed out.
  const PostgresPosition& position() const { return position_; }
  bool Tracks(const TableName& name) const;

 private:
  struct Table {
    SchemaPtr schema;  // null: not mirrored
    uint64_t from_lsn = 0;
    std::string relation;   // the newest Relation message, as bytes
    bool compared = false;  // schema and decoder agree with it
    TupleDecoder decoder;
    RowBatch batch;
    bool batch_open = false;
    size_t rows_hint = 0;  // of the last batch: what to reserve
  };

  Status ConsumeInsert(const pgoutput::InsertMessage& message, std::deque<ChangeEvent>& out);
  Status ConsumeUpdate(const pgoutput::UpdateMessage& message, std::deque<ChangeEvent>& out);
  Status ConsumeDelete(const pgoutput::DeleteMessage& message, std::deque<ChangeEvent>& out);
  Status ConsumeTruncate(const pgoutput::TruncateMessage& message, std::deque<ChangeEvent>& out);
  void ConsumeCommit(const pgoutput::CommitMessage& message, std::deque<ChangeEvent>& out);
  // The table if its rows count now, with decoder and open batch; null otherwise.
  Result<Table*> TableForRow(uint32_t oid, std::deque<ChangeEvent>& out);
  Status CompareWithRelation(Table& table, std::deque<ChangeEvent>& out);
  // True when rows of the table count in the current transaction.
  bool Counts(const Table& table) const { return table.schema != nullptr && begin_.final_lsn >= table.from_lsn; }
  void OpenTransaction(std::deque<ChangeEvent>& out);
  void EmitChange(Table& table, SchemaChange change, std::deque<ChangeEvent>& out);
  void CloseBatch(Table& table, std::deque<ChangeEvent>& out);
  void CloseFullBatch(Table& table, std::deque<ChangeEvent>& out);

  RelationLookup& lookup_;
  ReaderMemory& memory_;
  PostgresPosition position_;
  uint64_t resume_lsn_;
  uint64_t reached_lsn_ = 0;
  bool in_transaction_ = false;
  bool skip_transaction_ = false;
  bool begin_emitted_ = false;
  pgoutput::BeginMessage begin_;
  std::unordered_map<uint32_t, Table> tables_;  // by oid; node-based: pointers stay valid
  std::vector<Table*> open_batches_;            // in order of first row
  TupleDecoder::Tuple old_row_;                 // reused
  TupleDecoder::Tuple new_row_;
};

}  // namespace freshet
