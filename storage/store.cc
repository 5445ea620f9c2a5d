// SPDX-License-Identifier: Apache-2.0
#include "storage/store.h"

#include <set>

#include "base/failpoint.h"
#include "storage/catalog_record.h"
#include "storage/engine.h"
#include "storage/record_write.h"
#include "storage/stored_view.h"
#include "storage/undo.h"

namespace freshet {
namespace {

// Writes one change of the catalog and waits until it is durable. `change` gets the current catalog and the
// copy to change, adds its records to the batch.
template <typename Change>
Status WriteCatalog(Engine& engine, Change change) {
  uint64_t commit = 0;
  {
    MutexLock lock(engine.write_mutex());
    const CatalogPtr current = engine.catalog();
    auto next = std::make_shared<StoreCatalog>(*current);
    rocksdb::WriteBatch batch;
    TRY(change(*next, batch));
    FAILPOINT("storage.catalog.before_write");
    ASSIGN_OR_RETURN(commit, engine.Write(batch));
    engine.Publish(std::move(next));
  }
  FAILPOINT("storage.catalog.after_write");
  return engine.sync().Wait(commit, Deadline::Never());
}

Status ChangeTable(const Database& database, const CatalogChange& change, StoreCatalog& catalog,
                   rocksdb::WriteBatch& batch) {
  TRY(AppendChange(database, change, batch));
  ApplyChange(change, catalog);
  return Status::Ok();
}

std::string DatabaseKey(const std::string& name) {
  return std::string(1, kDatabaseTag) + name;
}

Status NoSuchTable(TableId id) {
  return Status(Code::kNotFound, "no table of id " + std::to_string(id.value));
}

// A drop waits this long for the writers of a table without an owner.
constexpr std::chrono::milliseconds kDropLeaseWait{30000};

// The leases of tables that are about to be dropped, given back at the end of the scope.
class DropLeases {
 public:
  explicit DropLeases(Engine& engine) : engine_(engine), holder_{engine.leases().NextHolder(), "a drop"} {}
  ~DropLeases() { engine_.leases().ReleaseAll(holder_.number); }
  DropLeases(const DropLeases&) = delete;
  DropLeases& operator=(const DropLeases&) = delete;

  Status Take(const StoredTable& table) {
    if (table.owner) return Status::Ok();
    const std::string name = table.database + "." + table.name;
    TRY(engine_.leases().Acquire(table.id, name, holder_, deadline_, {}));
    taken_.insert(table.id.value);
    return Status::Ok();
  }
  bool Has(TableId table) const { return taken_.contains(table.value); }

 private:
  Engine& engine_;
  const TableLeases::Holder holder_;
  const Deadline deadline_ = Deadline::After(kDropLeaseWait);
  std::set<uint64_t> taken_;
};

}  // namespace

Result<std::unique_ptr<Store>> Store::Open(const StoreOptions& options) {
  ASSIGN_OR_RETURN(std::unique_ptr<Engine> engine, Engine::Open(options));
  return std::unique_ptr<Store>(new Store(std::move(engine)));
}

Store::Store(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
Store::~Store() = default;

Status Store::CreateDatabase(const std::string& name) {
  return WriteCatalog(*engine_, [&](StoreCatalog& catalog, rocksdb::WriteBatch& batch) -> Status {
    if (!catalog.databases.insert(name).second) return Status(Code::kExists, "database " + name + " exists already");
    return ToStatus(batch.Put(engine_->database().family(Family::kCatalog), DatabaseKey(name), ""));
  });
}

Status Store::DropDatabase(const std::string& name) {
  DropLeases leases(*engine_);
  for (const auto& [id, entry] : engine_->catalog()->tables) {
    if (entry->table->database == name) TRY(leases.Take(*entry->table));
  }
  return WriteCatalog(*engine_, [&](StoreCatalog& catalog, rocksdb::WriteBatch& batch) -> Status {
    if (catalog.databases.erase(name) == 0) return Status(Code::kNotFound, "unknown database " + name);
    std::vector<CatalogTablePtr> dropped;
    for (const auto& [id, entry] : catalog.tables) {
      if (entry->table->database != name) continue;
      if (entry->table->owner) {
        return Status(Code::kConflict, "table " + name + "." + entry->table->name + " belongs to a job");
      }
      if (!leases.Has(entry->table->id)) {
        return Status(Code::kConflict, "table " + name + "." + entry->table->name + " was made meanwhile");
      }
      dropped.push_back(entry);
    }
    for (const CatalogTablePtr& entry : dropped) {
      TRY(ChangeTable(engine_->database(), {entry, nullptr}, catalog, batch));
    }
    return ToStatus(batch.Delete(engine_->database().family(Family::kCatalog), DatabaseKey(name)));
  });
}

Result<StoredTablePtr> Store::CreateTable(JobId owner, const std::string& database, const std::string& name,
                                          SchemaPtr schema, bool ready) {
  TRY(CheckNewTable(*engine_->catalog(), database, name));
  ASSIGN_OR_RETURN(const uint64_t id, engine_->NextId());
  const CatalogTablePtr made = MakeCatalogTable({TableId{id}, owner, database, name, std::move(schema), ready});
  TRY(WriteCatalog(*engine_, [&](StoreCatalog& catalog, rocksdb::WriteBatch& batch) -> Status {
    TRY(CheckNewTable(catalog, database, name));
    return ChangeTable(engine_->database(), {nullptr, made}, catalog, batch);
  }));
  return made->table;
}

Status Store::DropTable(TableId id) {
  DropLeases leases(*engine_);
  if (const CatalogTablePtr entry = engine_->catalog()->Find(id)) TRY(leases.Take(*entry->table));
  return WriteCatalog(*engine_, [&](StoreCatalog& catalog, rocksdb::WriteBatch& batch) -> Status {
    const CatalogTablePtr entry = catalog.Find(id);
    if (!entry) return NoSuchTable(id);
    return ChangeTable(engine_->database(), {entry, nullptr}, catalog, batch);
  });
}

Status Store::ReleaseTable(TableId id) {
  const CatalogTablePtr owned = engine_->catalog()->Find(id);
  if (!owned) return NoSuchTable(id);
  // Without its owner the table would be read with the half transaction in it.
  if (engine_->BeforePieces(owned->table->owner)) TRY(UndoPieces(*engine_, owned->table->owner));
  return WriteCatalog(*engine_, [&](StoreCatalog& catalog, rocksdb::WriteBatch& batch) -> Status {
    const CatalogTablePtr entry = catalog.Find(id);
    if (!entry) return NoSuchTable(id);
    StoredTable released = *entry->table;
    released.owner = JobId{};
    return ChangeTable(engine_->database(), {entry, WithTable(*entry, std::move(released))}, catalog, batch);
  });
}

Status Store::PutRecords(std::span<const RecordWrite> records) {
  rocksdb::WriteBatch batch;
  for (const RecordWrite& record : records) TRY(AppendRecord(engine_->database(), record, batch));
  FAILPOINT("storage.records.before_write");
  uint64_t commit = 0;
  {
    MutexLock lock(engine_->write_mutex());
    ASSIGN_OR_RETURN(commit, engine_->Write(batch));
  }
  return engine_->sync().Wait(commit, Deadline::Never());
}

Result<std::optional<std::string>> Store::GetRecord(RecordFamily family, std::string_view key) const {
  const Database& database = engine_->database();
  std::string value;
  const rocksdb::Status read = database.db().Get(rocksdb::ReadOptions(), database.family(FamilyOf(family)),
                                                 rocksdb::Slice(key.data(), key.size()), &value);
  if (read.IsNotFound()) return std::optional<std::string>();
  TRY(ToStatus(read));
  return std::optional<std::string>(std::move(value));
}

Result<std::vector<std::pair<std::string, std::string>>> Store::ScanRecords(RecordFamily family,
                                                                            std::string_view prefix, bool newest_first,
                                                                            size_t limit) const {
  const Database& database = engine_->database();
  const std::unique_ptr<rocksdb::Iterator> rows(
      database.db().NewIterator(rocksdb::ReadOptions(), database.family(FamilyOf(family))));
  const rocksdb::Slice wanted(prefix.data(), prefix.size());
  if (newest_first) {
    // The first key past the prefix: its last byte that can grow, grown.
    std::string past(prefix);
    while (!past.empty() && past.back() == '\xFF') past.pop_back();
    if (past.empty()) {
      rows->SeekToLast();
    } else {
      past.back() = static_cast<char>(past.back() + 1);
      rows->SeekForPrev(past);
      if (rows->Valid() && rows->key() == past) rows->Prev();
    }
  } else {
    rows->Seek(wanted);
  }
  std::vector<std::pair<std::string, std::string>> records;
  while (rows->Valid() && rows->key().starts_with(wanted) && (limit == 0 || records.size() < limit)) {
    records.emplace_back(rows->key().ToString(), rows->value().ToString());
    newest_first ? rows->Prev() : rows->Next();
  }
  TRY(ToStatus(rows->status()));
  return records;
}

Result<uint64_t> Store::NextId() {
  return engine_->NextId();
}

uint64_t Store::DurableCommit() const {
  return engine_->sync().durable();
}

Status Store::WaitDurable(uint64_t commit, Deadline deadline) {
  return engine_->sync().Wait(commit, deadline);
}

Result<std::shared_ptr<const ReadView>> Store::OpenView() const {
  return std::shared_ptr<const ReadView>(std::make_shared<const StoredView>(engine_->picture()));
}

TargetWriters& Store::target_writers() {
  return engine_->target_writers();
}

Store::Usage Store::usage() const {
  return engine_->database().usage();
}

}  // namespace freshet
