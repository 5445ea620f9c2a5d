// SPDX-License-Identifier: Apache-2.0
// UnitState: what a UnitWriter has collected and the parts that its files share: staged catalog changes, the
// batch, row codecs per table. Only unit_*.cc and row_applier use it, on the job's apply thread.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "storage/engine.h"
#include "storage/pending_rows.h"
#include "storage/unit_writer.h"
#include "storage/value_codec.h"

namespace freshet {

// Codecs for rows of one table as one schema version sends them.
struct TableCodec {
  CatalogTablePtr entry;
  SchemaPtr schema;  // of the batches; the encoder stamps its version
  std::unique_ptr<RowEncoder> encoder;
  std::unique_ptr<RowDecoder> decoder;    // stored row -> the stored columns of `schema`
  std::vector<uint32_t> decoded_columns;  // which those are
};

class UnitState {
 public:
  // How long a commit waits for the lease of a table that it writes.
  static constexpr std::chrono::milliseconds kCommitLeaseWait{30000};

  // `is_statement`: `writer` is no job but the id of a user's statement.
  UnitState(Engine& engine, JobId writer, bool is_statement);

  Engine& engine() const { return engine_; }
  JobId job() const { return job_; }
  bool is_statement() const { return is_statement_; }
  // What the tables that this unit makes belong to.
  JobId owner_of_new() const { return is_statement_ ? JobId{} : job_; }
  uint64_t lease_holder() const { return holder_.number; }
  void SetHolderName(std::string name) { holder_.name = std::move(name); }

  // --- tables, as staged by this unit
  // kNotFound; kConflict when the table is another job's.
  Result<CatalogTablePtr> Table(TableId id) const;
  // kCorrupt when `schema` is not one of the table's stored versions in content.
  Result<TableCodec*> Codec(TableId id, const SchemaPtr& schema);
  Result<CatalogTablePtr> StageNewTable(StoredTable table);
  // `after` null drops the table.
  void Stage(const CatalogTablePtr& current, CatalogTablePtr after);
  // Gives the table a fresh, empty set of rows.
  Status StageTruncate(TableId id);

  // Puts the table under another name. Errors as CheckNewTable.
  Status StageRename(TableId id, const std::string& database, const std::string& name);
  // Makes this the only writer of a table without an owner until the unit ends; for others nothing is to do.
  Status Lease(const StoredTable& table, Deadline deadline, const StopToken& stop);

  // --- rows; keys with the rows id in front
  Status PutRow(std::string_view key, std::string_view value);
  Status DeleteRow(std::string_view key);
  // The row as this unit has it; nullopt when there is none. Leases the table: what it says must stay true.
  Result<std::optional<std::string>> FindRow(const CatalogTable& entry, std::string_view key);

  void PutRecord(RecordWrite record);
  size_t pending_bytes() const;

  Result<uint64_t> CommitComplete(const Position& ends_at);
  Result<uint64_t> CommitPiece();
  Status Rollback();
  bool in_pieces() const { return in_pieces_; }

 private:
  // Adds everything staged to the batch; makes the catalog after it.
  Result<CatalogPtr> AppendStaged(const CatalogPtr& current, const Position& ends_at);
  void Forget();
  void EndLeases();
  // Remembers that the unit writes a table without an owner.
  void NoteShared(const CatalogTable& entry);
  Status LeaseShared();
  // kConflict when rows were collected for a set of rows that is not the table's any more.
  Status CheckShared(const StoreCatalog& current) const;
  // From before the first piece that writes these rows.
  SnapshotPtr BeforeRows(uint64_t rows_id) const;
  // True when the unit drops the table of that name, or gives it another.
  bool GivesUpName(const std::string& database, const std::string& name) const;
  Status CheckStagedName(const std::string& database, const std::string& name) const;

  Engine& engine_;
  const JobId job_;
  const bool is_statement_;
  TableLeases::Holder holder_;
  std::set<uint64_t> leased_;                 // table ids
  std::map<uint64_t, uint64_t> shared_rows_;  // table id without an owner -> rows id that the unit writes

  rocksdb::WriteBatch batch_;
  PendingRows pending_;
  std::vector<RecordWrite> records_;
  size_t record_bytes_ = 0;
  std::map<uint64_t, CatalogChange> changes_;  // by table id
  std::unordered_set<uint64_t> new_rows_ids_;  // made since the last complete commit
  std::vector<uint64_t> dead_rows_ids_;        // of those, the ones given up again
  std::unordered_map<uint64_t, TableCodec> codecs_;
  bool in_pieces_ = false;
  bool must_roll_back_ = false;  // a commit failed; what was collected is not whole any more
};

// UnitWriter::ApplyChunk (chunk_rows.cc).
Result<uint64_t> ApplyChunkRows(UnitState& unit, const EncodedRows& rows, const TouchedKeys& touched,
                                StoredChanges* changes, ContentHash* hash);

}  // namespace freshet
