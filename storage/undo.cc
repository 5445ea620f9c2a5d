// SPDX-License-Identifier: Apache-2.0
#include "storage/undo.h"

#include <algorithm>
#include <string>

#include "base/cursor.h"
#include "base/failpoint.h"
#include "storage/catalog_record.h"
#include "storage/format.h"

namespace freshet {
namespace {

constexpr size_t kRestoreBatchBytes = size_t{4} << 20;  // per write while undoing
constexpr size_t kReadGroup = 256;                      // old values read in one go

uint64_t RowsIdOf(std::string_view row_key) {
  return ByteCursor(row_key).U64Be();
}

// Collects the row keys that a batch writes.
class RowKeys : public rocksdb::WriteBatch::Handler {
 public:
  RowKeys(uint32_t rows_family, const std::unordered_set<uint64_t>& new_rows_ids)
      : rows_family_(rows_family), new_rows_ids_(new_rows_ids) {}
  rocksdb::Status PutCF(uint32_t family, const rocksdb::Slice& key, const rocksdb::Slice&) override {
    return Note(family, key);
  }
  rocksdb::Status DeleteCF(uint32_t family, const rocksdb::Slice& key) override { return Note(family, key); }

  // Sorted, each once.
  std::vector<std::string> Take() {
    std::sort(keys_.begin(), keys_.end());
    keys_.erase(std::unique(keys_.begin(), keys_.end()), keys_.end());
    return std::move(keys_);
  }

 private:
  rocksdb::Status Note(uint32_t family, const rocksdb::Slice& key) {
    if (family == rows_family_ && !new_rows_ids_.contains(RowsIdOf(key.ToStringView()))) {
      keys_.push_back(key.ToString());
    }
    return rocksdb::Status::OK();
  }

  const uint32_t rows_family_;
  const std::unordered_set<uint64_t>& new_rows_ids_;
  std::vector<std::string> keys_;
};

Status AppendOldValues(JobId job, const Snapshot& before, const std::vector<std::string>& keys, size_t from, size_t to,
                       rocksdb::WriteBatch& batch) {
  const Database& database = before.database();
  rocksdb::ReadOptions at_snapshot;
  at_snapshot.snapshot = before.get();
  const std::vector<rocksdb::Slice> slices(keys.begin() + static_cast<ptrdiff_t>(from),
                                           keys.begin() + static_cast<ptrdiff_t>(to));
  std::vector<rocksdb::PinnableSlice> values(slices.size());
  std::vector<rocksdb::Status> statuses(slices.size());
  database.db().MultiGet(at_snapshot, database.family(Family::kRows), slices.size(), slices.data(), values.data(),
                         statuses.data(), /*sorted_input=*/true);
  std::string undo_key;
  std::string undo_value;
  for (size_t i = 0; i < slices.size(); ++i) {
    undo_key = BigEndian64(job.value);
    undo_key.append(slices[i].ToStringView());
    if (statuses[i].ok()) {
      undo_value.assign(1, kUndoPresent).append(values[i].ToStringView());
    } else if (statuses[i].IsNotFound()) {
      undo_value.assign(1, kUndoAbsent);
    } else {
      return ToStatus(statuses[i]).At("read rows for undo");
    }
    TRY(ToStatus(batch.Put(database.family(Family::kUndo), undo_key, undo_value)));
  }
  return Status::Ok();
}

Result<std::vector<uint64_t>> NewRowsIds(const Database& database, JobId job) {
  std::string record;
  const rocksdb::Status read = database.db().Get(rocksdb::ReadOptions(), database.family(Family::kCatalog),
                                                 CatalogKey(kPiecesTag, job.value), &record);
  if (read.IsNotFound()) return std::vector<uint64_t>();
  TRY(ToStatus(read));
  return DecodePieces(record);
}

std::unordered_set<uint64_t> LiveRowsIds(const StoreCatalog& catalog) {
  std::unordered_set<uint64_t> live;
  for (const auto& [id, entry] : catalog.tables) live.insert(entry->rows_id);
  return live;
}

// Moves undo records back into the rows, a bounded write at a time.
Status RestoreRows(Engine& engine, JobId job) {
  Database& database = engine.database();
  const std::string prefix = BigEndian64(job.value);
  const std::unordered_set<uint64_t> live = LiveRowsIds(*engine.catalog());
  const std::unique_ptr<rocksdb::Iterator> records(
      database.db().NewIterator(rocksdb::ReadOptions(), database.family(Family::kUndo)));
  records->Seek(prefix);
  while (records->Valid() && records->key().starts_with(prefix)) {
    rocksdb::WriteBatch batch;
    for (; records->Valid() && records->key().starts_with(prefix) && batch.GetDataSize() < kRestoreBatchBytes;
         records->Next()) {
      rocksdb::Slice row_key = records->key();
      row_key.remove_prefix(prefix.size());
      rocksdb::Slice value = records->value();
      if (value.empty()) return Status(Code::kCorrupt, "undo record is empty");
      const bool present = value[0] == kUndoPresent;
      value.remove_prefix(1);
      TRY(ToStatus(batch.Delete(database.family(Family::kUndo), records->key())));
      if (!live.contains(RowsIdOf(row_key.ToStringView()))) continue;  // the table was dropped meanwhile
      TRY(ToStatus(present ? batch.Put(database.family(Family::kRows), row_key, value)
                           : batch.Delete(database.family(Family::kRows), row_key)));
    }
    FAILPOINT("storage.undo.before_write");
    MutexLock lock(engine.write_mutex());
    ASSIGN_OR_RETURN([[maybe_unused]] const uint64_t commit, engine.Write(batch));
  }
  return ToStatus(records->status());
}

}  // namespace

Status AppendUndo(const Database& database, JobId job, const std::function<SnapshotPtr(uint64_t rows_id)>& before,
                  const std::unordered_set<uint64_t>& new_rows_ids, rocksdb::WriteBatch& batch) {
  RowKeys collector(database.family(Family::kRows)->GetID(), new_rows_ids);
  TRY(ToStatus(batch.Iterate(&collector)));
  const std::vector<std::string> keys = collector.Take();
  for (size_t from = 0; from < keys.size();) {
    // Keys are sorted: those of one table lie together.
    const uint64_t rows_id = RowsIdOf(keys[from]);
    size_t to = from + 1;
    while (to < keys.size() && to - from < kReadGroup && RowsIdOf(keys[to]) == rows_id) ++to;
    TRY(AppendOldValues(job, *before(rows_id), keys, from, to, batch));
    from = to;
  }
  const std::string mark = EncodePieces({new_rows_ids.begin(), new_rows_ids.end()});
  return ToStatus(batch.Put(database.family(Family::kCatalog), CatalogKey(kPiecesTag, job.value), mark));
}

Status AppendUndoDelete(const Database& database, JobId job, rocksdb::WriteBatch& batch) {
  TRY(ToStatus(batch.DeleteRange(database.family(Family::kUndo), BigEndian64(job.value), BigEndian64(job.value + 1))));
  return ToStatus(batch.Delete(database.family(Family::kCatalog), CatalogKey(kPiecesTag, job.value)));
}

Status UndoPieces(Engine& engine, JobId job) {
  Database& database = engine.database();
  ASSIGN_OR_RETURN(const std::vector<uint64_t> new_rows_ids, NewRowsIds(database, job));
  TRY(RestoreRows(engine, job).At("undo a transaction in pieces"));
  rocksdb::WriteBatch batch;
  for (const uint64_t rows_id : new_rows_ids) TRY(AppendRowsDelete(database, rows_id, batch));
  TRY(AppendUndoDelete(database, job, batch));
  MutexLock lock(engine.write_mutex());
  ASSIGN_OR_RETURN([[maybe_unused]] const uint64_t commit, engine.Write(batch));
  engine.EndPieces(job);
  engine.Publish(engine.catalog());
  return Status::Ok();
}

Result<std::vector<JobId>> JobsInPieces(const Database& database) {
  std::vector<JobId> jobs;
  const std::string prefix(1, kPiecesTag);
  const std::unique_ptr<rocksdb::Iterator> records(
      database.db().NewIterator(rocksdb::ReadOptions(), database.family(Family::kCatalog)));
  for (records->Seek(prefix); records->Valid() && records->key().starts_with(prefix); records->Next()) {
    ByteCursor key(records->key().ToStringView());
    key.Skip(1);
    jobs.push_back(JobId{key.U64Be()});
    if (!key.ok()) return Status(Code::kCorrupt, "catalog key of a pieces record does not parse");
  }
  TRY(ToStatus(records->status()));
  return jobs;
}

}  // namespace freshet
