// SPDX-License-Identifier: Apache-2.0
// Database: the RocksDB instance, its column families, block cache and memory budget, and the directory's
// lock. Knows nothing of tables and jobs. Held alive by whoever holds a snapshot, so that views may outlive
// the Store. Thread-safe. Only storage/ includes RocksDB.
#pragma once

#include <array>
#include <memory>
#include <string>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/statistics.h>
#include <rocksdb/write_buffer_manager.h>

#include "base/status.h"
#include "storage/format.h"
#include "storage/store.h"

namespace freshet {

// kCorrupt, kUnsupported or kLocalIo, with RocksDB's text.
Status ToStatus(const rocksdb::Status& status);

class Database {
 public:
  // Makes the directory when missing. Errors as Store::Open.
  static Result<std::shared_ptr<Database>> Open(const StoreOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  rocksdb::DB& db() const { return *db_; }
  rocksdb::ColumnFamilyHandle* family(Family family) const { return families_[static_cast<size_t>(family)]; }

  // Flushes every memtable to fsynced files: makes all writes durable without the log.
  Status FlushAll();
  Store::Usage usage() const;

 private:
  Database() = default;
  Status LockDirectory(const std::string& directory);
  Status OpenFamilies(const StoreOptions& options);
  Status CheckFormat();

  int lock_fd_ = -1;
  std::unique_ptr<rocksdb::Env> files_;  // tests of failing disks only, else null
  std::shared_ptr<rocksdb::Cache> cache_;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers_;
  std::shared_ptr<rocksdb::Statistics> statistics_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> opened_;  // owned; known families and unknown ones
  std::array<rocksdb::ColumnFamilyHandle*, kFamilyCount> families_{};
};

// A RocksDB snapshot, released with its last holder.
class Snapshot {
 public:
  explicit Snapshot(std::shared_ptr<Database> database)
      : database_(std::move(database)), snapshot_(database_->db().GetSnapshot()) {}
  ~Snapshot() { database_->db().ReleaseSnapshot(snapshot_); }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  Database& database() const { return *database_; }
  const rocksdb::Snapshot* get() const { return snapshot_; }

 private:
  std::shared_ptr<Database> database_;
  const rocksdb::Snapshot* snapshot_;
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

}  // namespace freshet
