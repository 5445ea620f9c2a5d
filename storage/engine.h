// SPDX-License-Identifier: Apache-2.0
// Engine: the store's moving parts behind Store and UnitWriter: the one write path, the current catalog, the
// picture that readers get, commit numbers and ids. Not for use outside storage/. Thread-safe; everything
// that writes holds write_mutex().
//
// What readers see. A picture = catalog + RocksDB snapshot of one moment, made after each complete commit.
// While a writer (a job, or a user's statement under an id of its own) has a transaction in pieces, its tables are read
// at the snapshot from before the first piece; the other jobs' tables move on. A table without an owner is read at the
// snapshot from before the first piece that writes it. The pieces' own changes of the catalog are written with the last
// piece, so that the newest catalog fits both snapshots.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>

#include <rocksdb/write_batch.h>

#include "base/id.h"
#include "base/mutex.h"
#include "base/status.h"
#include "storage/catalog.h"
#include "storage/database.h"
#include "storage/group_sync.h"
#include "storage/store.h"
#include "storage/table_leases.h"
#include "storage/target_writers.h"

namespace freshet {

struct Picture {
  CatalogPtr catalog;
  SnapshotPtr snapshot;
  std::map<uint64_t, SnapshotPtr> before_pieces;  // job id -> its tables are read here
  std::map<uint64_t, SnapshotPtr> shared_tables;  // table id without an owner -> it is read here

  // Where `table`'s rows are to be read.
  const Snapshot& SnapshotOf(const StoredTable& table) const;
};
using PicturePtr = std::shared_ptr<const Picture>;

class Engine {
 public:
  // Undoes the pieces of unfinished transactions.
  static Result<std::unique_ptr<Engine>> Open(const StoreOptions& options);

  Database& database() const { return *database_; }
  GroupSync& sync() { return *sync_; }
  PicturePtr picture() const EXCLUDES_LOCK(picture_mutex_);
  CatalogPtr catalog() const { return picture()->catalog; }
  Result<uint64_t> NextId() EXCLUDES_LOCK(write_mutex_);

  // --- the write path
  Mutex& write_mutex() THREAD_ANNOTATION(lock_returned(write_mutex_)) { return write_mutex_; }
  // One atomic write, not yet durable; returns its commit number. Readers do not see it before Publish.
  Result<uint64_t> Write(rocksdb::WriteBatch& batch) REQUIRES_LOCK(write_mutex_);
  // Readers see everything written so far, under `catalog`.
  void Publish(CatalogPtr catalog) REQUIRES_LOCK(write_mutex_);
  // From here to EndPieces the job's tables stay for readers as they are now, and so do tables without an owner that
  // it has the lease of and names here or in a later call.
  void BeginPieces(JobId job, const std::set<uint64_t>& shared_tables) REQUIRES_LOCK(write_mutex_);
  void EndPieces(JobId job) REQUIRES_LOCK(write_mutex_);
  // From before the job's first piece; null without pieces.
  SnapshotPtr BeforePieces(JobId job) EXCLUDES_LOCK(write_mutex_);
  // From before the first piece that writes the table; null when it has no owner and nobody has pieces on it.
  SnapshotPtr BeforePieces(const StoredTable& table) EXCLUDES_LOCK(write_mutex_);

  TableLeases& leases() { return leases_; }
  TargetWriters& target_writers() { return target_writers_; }
  // Pieces of `job` that could not be undone: their tables stay leased to `holder` until UndoAbandoned succeeds.
  void Abandon(JobId job, uint64_t holder) EXCLUDES_LOCK(abandoned_mutex_);
  // Tries again, when a writer is opened; what fails is logged and left for the next time.
  void UndoAbandoned() EXCLUDES_LOCK(abandoned_mutex_);

 private:
  explicit Engine(std::shared_ptr<Database> database);
  Status Load();
  // Called by the sync thread.
  Status SyncLog();
  Status Resume() EXCLUDES_LOCK(resume_mutex_);

  const std::shared_ptr<Database> database_;
  std::atomic<bool> write_failed_{false};  // RocksDB takes no writes until Resume
  Mutex resume_mutex_;

  Mutex write_mutex_;
  uint64_t written_ GUARDED_BY(write_mutex_) = 0;  // commit number
  uint64_t next_id_ GUARDED_BY(write_mutex_) = 1;
  uint64_t leased_to_ GUARDED_BY(write_mutex_) = 1;
  std::map<uint64_t, SnapshotPtr> before_pieces_ GUARDED_BY(write_mutex_);
  struct SharedPieces {
    uint64_t job;
    SnapshotPtr before;
  };
  std::map<uint64_t, SharedPieces> shared_pieces_ GUARDED_BY(write_mutex_);  // by table id

  TableLeases leases_;
  TargetWriters target_writers_;
  Mutex abandoned_mutex_;                                                // outermost: held while undoing
  std::map<uint64_t, uint64_t> abandoned_ GUARDED_BY(abandoned_mutex_);  // job id -> lease holder

  mutable Mutex picture_mutex_;  // innermost
  PicturePtr picture_ GUARDED_BY(picture_mutex_);

  bool sync_failed_ = false;         // sync thread only
  std::unique_ptr<GroupSync> sync_;  // last: its thread uses the rest
};

}  // namespace freshet
