// SPDX-License-Identifier: Apache-2.0
#include "storage/unit_writer.h"

#include "base/failpoint.h"
#include "base/log.h"
#include "storage/claim_rules.h"
#include "storage/key_codec.h"
#include "storage/row_applier.h"
#include "storage/row_range.h"
#include "storage/undo.h"
#include "storage/unit_state.h"

namespace freshet {

struct UnitWriter::State {
  State(Engine& engine, JobId writer, bool is_statement) : unit(engine, writer, is_statement) {}
  UnitState unit;
  Position position;
};

UnitWriter::UnitWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}

UnitWriter::~UnitWriter() {
  UnitState& unit = state_->unit;
  const Status status = unit.Rollback();
  if (status.ok()) return;
  // Until it is undone its tables cannot be read any newer, nor written: they stay leased.
  Log(LogLevel::kWarn, "unit_rollback", {{"writer", unit.job().value}, {"error", status.ToString()}});
  unit.engine().Abandon(unit.job(), unit.lease_holder());
}

Result<std::unique_ptr<UnitWriter>> UnitWriter::Open(Store& store, JobId job) {
  CHECK(static_cast<bool>(job));
  Engine& engine = store.engine();
  engine.UndoAbandoned();
  if (engine.BeforePieces(job)) TRY(UndoPieces(engine, job));
  auto state = std::make_unique<State>(engine, job, /*is_statement=*/false);
  std::string json;
  const Database& database = engine.database();
  const rocksdb::Status read = database.db().Get(rocksdb::ReadOptions(), database.family(Family::kCatalog),
                                                 CatalogKey(kPositionTag, job.value), &json);
  if (!read.IsNotFound()) {
    TRY(ToStatus(read));
    ASSIGN_OR_RETURN(state->position, Position::FromJson(json));
  }
  return std::unique_ptr<UnitWriter>(new UnitWriter(std::move(state)));
}

Result<std::unique_ptr<UnitWriter>> UnitWriter::OpenForStatement(Store& store) {
  Engine& engine = store.engine();
  engine.UndoAbandoned();
  ASSIGN_OR_RETURN(const uint64_t id, engine.NextId());
  return std::unique_ptr<UnitWriter>(new UnitWriter(std::make_unique<State>(engine, JobId{id}, /*is_statement=*/true)));
}

Status UnitWriter::Lease(TableId table, Deadline deadline, StopToken stop) {
  UnitState& unit = state_->unit;
  ASSIGN_OR_RETURN(const CatalogTablePtr entry, unit.Table(table));
  TRY(unit.Lease(*entry->table, deadline, stop));
  return unit.Table(table).status();  // whoever had it may have dropped it
}

void UnitWriter::SetHolderName(std::string name) {
  state_->unit.SetHolderName(std::move(name));
}

const Position& UnitWriter::position() const {
  return state_->position;
}

Status UnitWriter::ApplyRows(TableId table, const RowBatch& batch, const ApplyOptions& options) {
  CHECK(options.changes == nullptr || options.owners == nullptr);
  UnitState& unit = state_->unit;
  std::optional<ClaimRules> claims;
  if (options.owners != nullptr) {
    TRY(Lease(table, Deadline::After(UnitState::kCommitLeaseWait), {}));  // before the writers are asked for
    claims.emplace(unit.job(), options.owners->takes_over, unit.engine().target_writers().Of(table));
  }
  ASSIGN_OR_RETURN(TableCodec* const codec, unit.Codec(table, batch.schema));
  if (options.changes != nullptr) TRY(ChangeRecorder::Begin(*codec, *options.changes));
  RowApplier applier(unit, *codec, batch, options, claims ? &*claims : nullptr);
  for (const RowChange& change : batch.rows) {
    Status status = applier.Apply(change);
    if (!status.ok()) return std::move(status).At("apply rows of " + codec->entry->table->name);
  }
  return Status::Ok();
}

Status UnitWriter::ApplySchemaChange(TableId table, const SchemaChange& change) {
  UnitState& unit = state_->unit;
  if (change.kind == SchemaChangeKind::kTruncateTable) return unit.StageTruncate(table);
  ASSIGN_OR_RETURN(const CatalogTablePtr entry, unit.Table(table));
  if (change.kind == SchemaChangeKind::kDropTable) {
    unit.Stage(entry, nullptr);
    return Status::Ok();
  }
  if (change.kind != SchemaChangeKind::kAlterTable) {
    return Status(Code::kUnsupported, "a schema change that is not for the store");
  }
  const TableSchema& current = *entry->table->schema;
  if (*change.new_schema == current) return Status::Ok();
  if (change.new_schema->version <= current.version) {
    return Status(Code::kCorrupt, "schema version " + std::to_string(change.new_schema->version) + " of " +
                                      current.name.ToString() + " follows version " + std::to_string(current.version));
  }
  TRY(CheckReadable(current, *change.new_schema));
  unit.Stage(entry, WithSchema(*entry, change.new_schema));
  return Status::Ok();
}

Result<StoredTablePtr> UnitWriter::CreateTable(const std::string& database, const std::string& name, SchemaPtr schema,
                                               bool ready) {
  UnitState& unit = state_->unit;
  ASSIGN_OR_RETURN(const uint64_t id, unit.engine().NextId());
  ASSIGN_OR_RETURN(const CatalogTablePtr made,
                   unit.StageNewTable({TableId{id}, unit.owner_of_new(), database, name, std::move(schema), ready}));
  return made->table;
}

Status UnitWriter::SetReady(TableId table, bool ready) {
  ASSIGN_OR_RETURN(const CatalogTablePtr entry, state_->unit.Table(table));
  StoredTable changed = *entry->table;
  changed.ready = ready;
  state_->unit.Stage(entry, WithTable(*entry, std::move(changed)));
  return Status::Ok();
}

Status UnitWriter::TruncateTable(TableId table) {
  return state_->unit.StageTruncate(table);
}

Status UnitWriter::DeleteOwnedRows(TableId table, size_t piece_bytes_max) {
  UnitState& unit = state_->unit;
  TRY(Lease(table, Deadline::After(UnitState::kCommitLeaseWait), {}));
  ASSIGN_OR_RETURN(const CatalogTablePtr entry, unit.Table(table));
  TRY(unit.Codec(table, entry->table->schema).status());  // the unit writes it
  const RowRange range = RowRange::Of(*entry, {});
  const rocksdb::Slice from(range.from);
  const rocksdb::Slice to(range.to);
  rocksdb::ReadOptions options;
  options.iterate_lower_bound = &from;
  options.iterate_upper_bound = &to;
  const Database& database = unit.engine().database();
  const std::unique_ptr<rocksdb::Iterator> rows(database.db().NewIterator(options, database.family(Family::kRows)));
  ClaimRules claims(unit.job(), /*takes_over=*/false, unit.engine().target_writers().Of(table));
  std::string left;
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    const std::string_view key = rows->key().ToStringView();
    ASSIGN_OR_RETURN(const ClaimRules::Removal removal, claims.Remove(rows->value().ToStringView(), {}, left));
    if (removal == ClaimRules::Removal::kNothing) continue;
    TRY(removal == ClaimRules::Removal::kRow ? unit.DeleteRow(key) : unit.PutRow(key, left));
    if (unit.pending_bytes() > piece_bytes_max) TRY(Commit({}, false).status());
  }
  return ToStatus(rows->status());
}

Status UnitWriter::RenameTable(TableId table, const std::string& database, const std::string& name) {
  return state_->unit.StageRename(table, database, name);
}

Result<uint64_t> UnitWriter::ApplyChunk(const EncodedRows& rows, const TouchedKeys& touched, StoredChanges* changes,
                                        ContentHash* written) {
  return ApplyChunkRows(state_->unit, rows, touched, changes, written);
}

void UnitWriter::PutRecord(RecordWrite record) {
  state_->unit.PutRecord(std::move(record));
}

Result<UnitWriter::Committed> UnitWriter::Commit(const Position& ends_at, bool complete) {
  if (!complete) {
    ASSIGN_OR_RETURN(const uint64_t commit, state_->unit.CommitPiece());
    FAILPOINT("storage.piece.after_write");
    return Committed{commit};
  }
  ASSIGN_OR_RETURN(const uint64_t commit, state_->unit.CommitComplete(ends_at));
  if (!ends_at.empty()) state_->position = ends_at;
  FAILPOINT("storage.commit.after_write");
  return Committed{commit};
}

Status UnitWriter::Rollback() {
  return state_->unit.Rollback();
}

size_t UnitWriter::pending_bytes() const {
  return state_->unit.pending_bytes();
}

StoredTablePtr UnitWriter::table(TableId id) const {
  const Result<CatalogTablePtr> entry = state_->unit.Table(id);
  return entry.ok() ? (*entry)->table : nullptr;
}

}  // namespace freshet
