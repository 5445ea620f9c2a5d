// SPDX-License-Identifier: Apache-2.0
// UnitState: what a UnitWriter has collected and the parts that its files share: staged catalog changes, the
// batch, row codecs per table. Only unit_*.cc and row_applier use it, on the job's apply thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
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
  UnitState(Engine& engine, JobId job) : engine_(engine), job_(job) {}

  Engine& engine() const { return engine_; }
  JobId job() const { return job_; }

  // --- tables, as staged by this unit
  // kNotFound; kConflict when the table is not this job's.
  Result<CatalogTablePtr> Table(TableId id) const;
  // kCorrupt when `schema` is not one of the table's stored versions in content.
  Result<TableCodec*> Codec(TableId id, const SchemaPtr& schema);
  Result<CatalogTablePtr> StageNewTable(StoredTable table);
  // `after` null drops the table.
  void Stage(const CatalogTablePtr& current, CatalogTablePtr after);
  // Gives the table a fresh, empty set of rows.
  Status StageTruncate(TableId id);

  // --- rows; keys with the rows id in front
  Status PutRow(std::string_view key, std::string_view value);
  Status DeleteRow(std::string_view key);
  // The row as this unit has it; nullopt when there is none.
  Result<std::optional<std::string>> FindRow(std::string_view key);

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

  Engine& engine_;
  const JobId job_;

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
Result<uint64_t> ApplyChunkRows(UnitState& unit, const EncodedRows& rows, const TouchedKeys& touched);

}  // namespace freshet
