// SPDX-License-Identifier: Apache-2.0
#include "storage/unit_state.h"

#include "base/failpoint.h"
#include "storage/catalog_record.h"
#include "storage/record_write.h"
#include "storage/undo.h"

namespace freshet {
namespace {

// A batch's schema must mean what the stored version of the same number means, or rows would be misread.
bool SameShape(const TableSchema& a, const TableSchema& b) {
  if (a.key_columns != b.key_columns || a.columns.size() != b.columns.size()) return false;
  for (size_t i = 0; i < a.columns.size(); ++i) {
    const Column& x = a.columns[i];
    const Column& y = b.columns[i];
    if (x.id != y.id || x.excluded != y.excluded || x.type.kind != y.type.kind || x.type.scale != y.type.scale ||
        FormOf(x.type) != FormOf(y.type)) {
      return false;
    }
  }
  return true;
}

bool SameName(const CatalogChange& change) {
  return change.before && change.after && change.before->table->database == change.after->table->database &&
         change.before->table->name == change.after->table->name;
}

std::string NameOf(const CatalogTable& entry) {
  return entry.table->database + "." + entry.table->name;
}

}  // namespace

UnitState::UnitState(Engine& engine, JobId writer, bool is_statement)
    : engine_(engine), job_(writer), is_statement_(is_statement) {
  holder_.number = engine_.leases().NextHolder();
  holder_.name = is_statement ? "a statement of another session" : "job " + std::to_string(writer.value);
}

Result<CatalogTablePtr> UnitState::Table(TableId id) const {
  const auto staged = changes_.find(id.value);
  CatalogTablePtr entry = staged == changes_.end() ? engine_.catalog()->Find(id) : staged->second.after;
  if (!entry) return Status(Code::kNotFound, "no table of id " + std::to_string(id.value));
  if (entry->table->owner && (is_statement_ || entry->table->owner != job_)) {
    return Status(Code::kConflict,
                  "table " + NameOf(*entry) + " belongs to " + (is_statement_ ? "a" : "another") + " job");
  }
  return entry;
}

Result<TableCodec*> UnitState::Codec(TableId id, const SchemaPtr& schema) {
  ASSIGN_OR_RETURN(const CatalogTablePtr entry, Table(id));
  NoteShared(*entry);
  TableCodec& codec = codecs_[id.value];
  if (codec.entry == entry && codec.schema == schema) return &codec;
  const auto stored = entry->versions->find(schema->version);
  if (stored == entry->versions->end() || !SameShape(*stored->second, *schema)) {
    return Status(Code::kCorrupt, "rows of " + NameOf(*entry) + " come in another shape than its stored version " +
                                      std::to_string(schema->version));
  }
  codec.entry = entry;
  codec.schema = schema;
  codec.encoder = std::make_unique<RowEncoder>(schema);
  codec.decoded_columns.clear();
  for (uint32_t i = 0; i < schema->columns.size(); ++i) {
    if (!schema->columns[i].excluded) codec.decoded_columns.push_back(i);
  }
  codec.decoder = std::make_unique<RowDecoder>(schema, entry->versions, codec.decoded_columns);
  return &codec;
}

bool UnitState::GivesUpName(const std::string& database, const std::string& name) const {
  for (const auto& [id, change] : changes_) {
    if (!change.before || change.before->table->database != database || change.before->table->name != name) continue;
    return !change.after || change.after->table->database != database || change.after->table->name != name;
  }
  return false;
}

Status UnitState::CheckStagedName(const std::string& database, const std::string& name) const {
  // A table of that name that this unit drops or renames makes room for it.
  const CatalogPtr catalog = engine_.catalog();
  if (!catalog->databases.contains(database) || !GivesUpName(database, name)) {
    TRY(CheckNewTable(*catalog, database, name));
  }
  for (const auto& [id, change] : changes_) {
    if (change.after && change.after->table->database == database && change.after->table->name == name) {
      return Status(Code::kExists, "table " + NameOf(*change.after) + " exists already");
    }
  }
  return Status::Ok();
}

Result<CatalogTablePtr> UnitState::StageNewTable(StoredTable table) {
  TRY(CheckStagedName(table.database, table.name));
  CatalogTablePtr made = MakeCatalogTable(std::move(table));
  new_rows_ids_.insert(made->rows_id);
  changes_[made->table->id.value] = {nullptr, made};
  return made;
}

Status UnitState::StageRename(TableId id, const std::string& database, const std::string& name) {
  ASSIGN_OR_RETURN(const CatalogTablePtr entry, Table(id));
  TRY(CheckStagedName(database, name));
  StoredTable renamed = *entry->table;
  renamed.database = database;
  renamed.name = name;
  Stage(entry, WithTable(*entry, std::move(renamed)));
  return Status::Ok();
}

void UnitState::Stage(const CatalogTablePtr& current, CatalogTablePtr after) {
  const uint64_t id = current->table->id.value;
  NoteShared(*current);
  const bool gives_up_rows = !after || after->rows_id != current->rows_id;
  if (gives_up_rows && new_rows_ids_.contains(current->rows_id)) dead_rows_ids_.push_back(current->rows_id);
  const auto [change, first] = changes_.try_emplace(id, CatalogChange{current, nullptr});
  change->second.after = std::move(after);
  if (!change->second.before && !change->second.after) changes_.erase(change);  // made and dropped in one unit
}

Status UnitState::StageTruncate(TableId id) {
  ASSIGN_OR_RETURN(const CatalogTablePtr entry, Table(id));
  ASSIGN_OR_RETURN(const uint64_t rows_id, engine_.NextId());
  auto emptied = std::make_shared<CatalogTable>(*entry);
  emptied->rows_id = rows_id;
  Stage(entry, std::move(emptied));
  new_rows_ids_.insert(rows_id);
  return Status::Ok();
}

void UnitState::NoteShared(const CatalogTable& entry) {
  if (entry.table->owner || new_rows_ids_.contains(entry.rows_id)) return;
  shared_rows_.try_emplace(entry.table->id.value, entry.rows_id);
}

Status UnitState::Lease(const StoredTable& table, Deadline deadline, const StopToken& stop) {
  if (table.owner || leased_.contains(table.id.value)) return Status::Ok();
  TRY(engine_.leases().Acquire(table.id, table.database + "." + table.name, holder_, deadline, stop));
  leased_.insert(table.id.value);
  return Status::Ok();
}

// In the order of ids: two units that commit to the same tables at once never wait for each other.
Status UnitState::LeaseShared() {
  for (const auto& [id, rows_id] : shared_rows_) {
    const CatalogTablePtr entry = engine_.catalog()->Find(TableId{id});
    if (!entry) return Status(Code::kConflict, "a table of the unit was dropped meanwhile");
    TRY(Lease(*entry->table, Deadline::After(kCommitLeaseWait), {}));
  }
  return Status::Ok();
}

Status UnitState::CheckShared(const StoreCatalog& current) const {
  for (const auto& [id, rows_id] : shared_rows_) {
    const CatalogTablePtr entry = current.Find(TableId{id});
    if (!entry || entry->rows_id != rows_id || entry->table->owner) {
      return Status(Code::kConflict, "a table of the unit was dropped or emptied by another session meanwhile");
    }
  }
  return Status::Ok();
}

SnapshotPtr UnitState::BeforeRows(uint64_t rows_id) const {
  for (const auto& [id, shared] : shared_rows_) {
    if (shared != rows_id) continue;
    StoredTable table;
    table.id = TableId{id};
    return engine_.BeforePieces(table);
  }
  return engine_.BeforePieces(job_);
}

void UnitState::EndLeases() {
  if (leased_.empty()) return;
  engine_.leases().ReleaseAll(holder_.number);
  leased_.clear();
}

Status UnitState::PutRow(std::string_view key, std::string_view value) {
  if (pending_.active()) pending_.Put(key, value);
  return ToStatus(batch_.Put(engine_.database().family(Family::kRows), rocksdb::Slice(key.data(), key.size()),
                             rocksdb::Slice(value.data(), value.size())));
}

Status UnitState::DeleteRow(std::string_view key) {
  if (pending_.active()) pending_.Delete(key);
  return ToStatus(batch_.Delete(engine_.database().family(Family::kRows), rocksdb::Slice(key.data(), key.size())));
}

Result<std::optional<std::string>> UnitState::FindRow(const CatalogTable& entry, std::string_view key) {
  TRY(Lease(*entry.table, Deadline::After(kCommitLeaseWait), {}));
  const Database& database = engine_.database();
  if (!pending_.active()) TRY(pending_.Build(batch_, database.family(Family::kRows)->GetID()));
  if (const std::optional<std::string>* found = pending_.Find(key); found != nullptr) return *found;
  std::string value;
  const rocksdb::Status read = database.db().Get(rocksdb::ReadOptions(), database.family(Family::kRows),
                                                 rocksdb::Slice(key.data(), key.size()), &value);
  if (read.IsNotFound()) return std::optional<std::string>();
  TRY(ToStatus(read));
  return std::optional<std::string>(std::move(value));
}

void UnitState::PutRecord(RecordWrite record) {
  record_bytes_ += record.key.size() + (record.value ? record.value->size() : 0);
  records_.push_back(std::move(record));
}

size_t UnitState::pending_bytes() const {
  return batch_.GetDataSize() + pending_.bytes() + record_bytes_;
}

Result<CatalogPtr> UnitState::AppendStaged(const CatalogPtr& current, const Position& ends_at) {
  const Database& database = engine_.database();
  auto next = std::make_shared<StoreCatalog>(*current);
  // Names that are given up first: another table of the unit may take them.
  for (const auto& [id, change] : changes_) {
    if (change.before != current->Find(TableId{id})) {
      return Status(Code::kConflict, "a table of the unit was changed by another session meanwhile");
    }
    if (change.before && !SameName(change))
      next->names.erase({change.before->table->database, change.before->table->name});
  }
  for (const auto& [id, change] : changes_) {
    if (change.after && !SameName(change)) {
      TRY(CheckNewTable(*next, change.after->table->database, change.after->table->name));
    }
    TRY(AppendChange(database, change, batch_));
    ApplyChange(change, *next);
  }
  for (const uint64_t rows_id : dead_rows_ids_) TRY(AppendRowsDelete(database, rows_id, batch_));
  for (const RecordWrite& record : records_) TRY(AppendRecord(database, record, batch_));
  if (!ends_at.empty()) {
    TRY(ToStatus(
        batch_.Put(database.family(Family::kCatalog), CatalogKey(kPositionTag, job_.value), ends_at.ToJson())));
  }
  if (in_pieces_) TRY(AppendUndoDelete(database, job_, batch_));
  return CatalogPtr(std::move(next));
}

Result<uint64_t> UnitState::CommitComplete(const Position& ends_at) {
  if (must_roll_back_) return Status(Code::kConflict, "the unit failed and was not rolled back");
  if (in_pieces_ && ends_at.empty() && !is_statement_) {
    return Status(Code::kConflict, "a transaction in pieces ends only with its position");
  }
  CHECK(ends_at.empty() || !is_statement_);
  TRY(LeaseShared());
  must_roll_back_ = true;
  FAILPOINT("storage.commit.before_write");
  uint64_t commit = 0;
  {
    MutexLock lock(engine_.write_mutex());
    const CatalogPtr current = engine_.catalog();
    TRY(CheckShared(*current));
    const bool changes_catalog = !changes_.empty();
    ASSIGN_OR_RETURN(CatalogPtr next, AppendStaged(current, ends_at));
    ASSIGN_OR_RETURN(commit, engine_.Write(batch_));
    engine_.EndPieces(job_);
    if (!changes_catalog) next = current;
    engine_.Publish(std::move(next));
  }
  in_pieces_ = false;
  Forget();
  EndLeases();
  return commit;
}

Result<uint64_t> UnitState::CommitPiece() {
  if (must_roll_back_) return Status(Code::kConflict, "the unit failed and was not rolled back");
  TRY(LeaseShared());
  must_roll_back_ = true;
  FAILPOINT("storage.piece.before_write");
  {
    MutexLock lock(engine_.write_mutex());
    TRY(CheckShared(*engine_.catalog()));
    std::set<uint64_t> shared;
    for (const auto& [id, rows_id] : shared_rows_) shared.insert(id);
    engine_.BeginPieces(job_, shared);
    in_pieces_ = true;
  }
  const auto before = [this](uint64_t rows_id) { return BeforeRows(rows_id); };
  TRY(AppendUndo(engine_.database(), job_, before, new_rows_ids_, batch_));
  uint64_t commit = 0;
  {
    MutexLock lock(engine_.write_mutex());
    ASSIGN_OR_RETURN(commit, engine_.Write(batch_));
  }
  batch_.Clear();
  pending_.Clear();
  must_roll_back_ = false;
  return commit;
}

Status UnitState::Rollback() {
  Forget();
  must_roll_back_ = true;
  if (in_pieces_) TRY(UndoPieces(engine_, job_));
  in_pieces_ = false;
  must_roll_back_ = false;
  EndLeases();
  return Status::Ok();
}

void UnitState::Forget() {
  batch_.Clear();
  pending_.Clear();
  records_.clear();
  record_bytes_ = 0;
  changes_.clear();
  new_rows_ids_.clear();
  dead_rows_ids_.clear();
  codecs_.clear();
  shared_rows_.clear();
  must_roll_back_ = false;
}

}  // namespace freshet
