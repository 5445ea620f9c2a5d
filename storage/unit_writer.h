// SPDX-License-Identifier: Apache-2.0
// UnitWriter: the only writer of one job's rows, used by that job's apply thread alone, or the writer of one statement
// of a user. Collects rows, schema changes, chunk rows and records, and commits them with the position in one atomic
// write. A transaction in pieces (Commit with complete == false) is kept undoable: a crash or Rollback before its
// last piece leaves nothing of it, and readers keep the picture from before it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/status.h"
#include "base/stop.h"
#include "cdc/change/position.h"
#include "cdc/change/row_batch.h"
#include "ddl/schema_change.h"
#include "storage/row_owner.h"
#include "storage/store.h"

namespace freshet {

class ContentHash;  // storage/content_hash.h

// Which keys of one table the log touched while copy windows on it are open. Filled by ApplyRows, read by
// ApplyChunk. A key the log wrote whole or deleted wins over the chunk's row; for a key that the log only
// patched (kUnchanged cells, row not stored yet) the patches are laid over the chunk's row in order.
class TouchedKeys {
 public:
  struct Patch {
    std::shared_ptr<const RowBatch> batch;  // holds exactly one row
  };
  struct Entry {
    bool log_wins = false;
    std::vector<Patch> patches;  // only while !log_wins
  };
  std::unordered_map<std::string, Entry> keys;  // encoded key (storage/key_codec) -> what happened
};

// Rows of a chunk, encoded by a copy worker ahead of the apply thread.
struct EncodedRows {
  struct Row {
    uint64_t offset;
    uint32_t key_size;
    uint32_t value_size;
  };
  TableId table;
  SchemaPtr schema;
  std::string bytes;  // key, value, key, value, ...
  std::vector<Row> rows;
};

// Any thread. kCorrupt when a cell does not fit its column's type.
Result<EncodedRows> EncodeChunk(const StoredTable& table, const RowBatch& batch);

// What calls did to the stored rows of one table, in order, for rows that are derived from them. All cells of the
// table's stored columns are known in every image, but for `before` images without whole_before: there only the key.
//   kInsert: a row is stored; with whole_before there was none of its key
//   kUpdate: before and after; before has the key that went away or was overwritten
//   kDelete: before; with whole_before only when there was such a row
struct StoredChanges {
  bool whole_before = false;  // in: look up the row that a change replaces
  // in, with whole_before: the source has rows that the table never held. A change of one is kUnsupported: what it was
  // before is not known.
  bool older_rows = false;
  RowBatch batch;  // out: schema = the table's stored shape that the rows came in
};

// Whose the rows of a batch are, all of them this writer's job's; for tables without an owner, which are leased first.
// What an insert or update puts is theirs from then on, above the claims of the table's other writers
// (storage/target_writers, storage/claim_rules). A delete, and the place that an update leaves, removes the job's claim
// of the same source row, wherever it lies; when it was the row, the next claim below is the row from then on.
struct RowOwners {
  std::span<const RowOwner> of_rows;  // one for each row change
  // The job does not know the rows from before its start: a delete removes what is nobody's or of a job that does not
  // follow a log, and an upsert leaves nothing of it; but a row of this job's of another source row stays.
  bool takes_over = false;
};

struct ApplyOptions {
  // The table's copy is not finished: an update with kUnchanged cells or a delete may find no stored row.
  bool rows_may_be_missing = false;
  TouchedKeys* touched = nullptr;     // when copy windows are open
  StoredChanges* changes = nullptr;   // appended to; one batch holds rows of one shape (else kInvalid); not with owners
  ContentHash* written = nullptr;     // the rows that are put are added to it
  const RowOwners* owners = nullptr;  // else: rows that are put are nobody's, but a statement's update keeps the claims
};

class UnitWriter {
 public:
  // Undoes pieces of an unfinished transaction, then position() is the recovered truth.
  static Result<std::unique_ptr<UnitWriter>> Open(Store& store, JobId job);
  // For one statement of a user: no position, an id of its own. Writes tables without an owner only.
  static Result<std::unique_ptr<UnitWriter>> OpenForStatement(Store& store);
  // Rolls back what is in pieces and ends the leases.
  ~UnitWriter();

  // Tables without an owner are written under a lease, held until the complete Commit or Rollback. Commit takes those
  // that are missing (for a transaction in pieces the first piece that writes the table does), and so does a look at
  // a stored row; both wait 30 s at most and answer kTimeout, with the unit as it was. A statement calls Lease before
  // it reads what it will change; a job that calls it before ApplyRows never gets the kConflict of a table that was
  // dropped or emptied before its commit. kTimeout names the holder, kCancelled: stopped, kNotFound: the table is
  // gone, kConflict: a job owns it (another one).
  Status Lease(TableId table, Deadline deadline, StopToken stop);
  // What those who wait for this writer's leases are told: "job orders". Default: "job " and its id.
  void SetHolderName(std::string name);

  const Position& position() const;

  // The following collect into the open unit. On error the caller calls Rollback().
  // Inserts and updates are upserts; kUnchanged cells are taken from the stored row. kCorrupt when a needed
  // row is missing and may not be.
  Status ApplyRows(TableId table, const RowBatch& batch, const ApplyOptions& options);
  // kCreateTable is not for here (Store::CreateTable makes it, or CreateTable below within the unit).
  // kAlterTable: stores the new version. kTruncateTable: range delete. kDropTable: range delete + catalog.
  Status ApplySchemaChange(TableId table, const SchemaChange& change);
  Result<StoredTablePtr> CreateTable(const std::string& database, const std::string& name, SchemaPtr schema,
                                     bool ready);
  Status SetReady(TableId table, bool ready);
  Status TruncateTable(TableId table);
  // Removes this job's claims on rows, as committed: a row with no other writer's claim below goes, else that one is
  // the row. Commits pieces when there are many.
  Status DeleteOwnedRows(TableId table, size_t piece_bytes_max);
  // Puts the table under another name, within the unit. kExists, kNotFound (database).
  Status RenameTable(TableId table, const std::string& database, const std::string& name);
  // Writes rows whose keys the log did not touch; returns how many were written. `changes`, `written` as above.
  Result<uint64_t> ApplyChunk(const EncodedRows& rows, const TouchedKeys& touched, StoredChanges* changes = nullptr,
                              ContentHash* written = nullptr);
  void PutRecord(RecordWrite record);

  struct Committed {
    uint64_t commit;  // for Store::DurableCommit
  };
  // `ends_at` empty: the stored position stays (chunks, statements). complete == false: a piece, see above.
  Result<Committed> Commit(const Position& ends_at, bool complete = true);
  // Forgets what was collected since the last complete Commit, undoing pieces.
  Status Rollback();
  // Bytes collected so far.
  size_t pending_bytes() const;
  // Newest shape of a table of this job.
  StoredTablePtr table(TableId id) const;

 private:
  struct State;
  explicit UnitWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace freshet
