// SPDX-License-Identifier: Apache-2.0
#include "storage/database.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>

#include "base/failpoint.h"
#include "base/log.h"
#include "storage/failing_files.h"

namespace freshet {
namespace {

constexpr size_t kMiB = size_t{1} << 20;
// Memtables of the rows family: three of an eighth of the budget leave more than half of it to the cache.
constexpr size_t kRowMemtableBytesMin = 4 * kMiB;
constexpr size_t kRowMemtableBytesMax = 64 * kMiB;
constexpr int kRowMemtablesMax = 3;
constexpr size_t kSmallMemtableBytesMin = 512 << 10;
constexpr size_t kSmallMemtableBytesMax = 8 * kMiB;
// Old logs are kept for the slowest family's memtable; beyond this it is flushed.
constexpr size_t kLogBytesMin = 64 * kMiB;
constexpr size_t kBlockBytes = 16 << 10;
constexpr size_t kMetadataBlockBytes = 16 << 10;
constexpr int kBloomBitsPerKey = 10;  // one wrong yes in a hundred
constexpr int kOpenFilesMax = 512;
constexpr int kBackgroundJobsMax = 2;
constexpr size_t kSyncBytes = kMiB;  // written back as we go, so that an fsync finds little left

Status Errno(const std::string& what) {
  return Status(Code::kLocalIo, what + ": " + std::strerror(errno));
}

// After an error RocksDB would try again on a thread of its own, at its own pace, and refuse Resume meanwhile.
// Ours is to resume when the next write comes (Engine::Write), so that a caller's retry finds the truth.
class ResumeOnDemand : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status error, bool* auto_recovery) override {
    *auto_recovery = false;
    Log(LogLevel::kError, "store_stopped", {{"error", error.ToString()}});
  }
};

rocksdb::DBOptions DatabaseOptions(const StoreOptions& options) {
  rocksdb::DBOptions db;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  db.max_background_jobs = kBackgroundJobsMax;
  db.max_open_files = kOpenFilesMax;
  db.max_total_wal_size = std::max(kLogBytesMin, options.memory_bytes / 2);
  db.bytes_per_sync = kSyncBytes;
  db.wal_bytes_per_sync = kSyncBytes;
  // All writes come one at a time, under the engine's write lock; then insert hints beat concurrency.
  db.allow_concurrent_memtable_write = false;
  db.enable_pipelined_write = false;
  db.listeners.push_back(std::make_shared<ResumeOnDemand>());
  db.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  db.max_log_file_size = 4 * kMiB;
  db.keep_log_file_num = 2;
  return db;
}

rocksdb::ColumnFamilyOptions FamilyOptions(const std::string& name, const StoreOptions& options,
                                           const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions family;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = kBlockBytes;
  table.format_version = 5;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
  table.cache_index_and_filter_blocks = true;  // inside the budget, too
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  // In pieces: the filter of a whole file may be larger than its share of the cache, and every read of a row would load
  // it from the file again.
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.metadata_block_size = kMetadataBlockBytes;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.compression = rocksdb::kLZ4Compression;
  family.level_compaction_dynamic_level_bytes = true;
  const bool holds_rows = name == kFamilyNames[static_cast<size_t>(Family::kRows)];
  if (holds_rows) {
    family.bottommost_compression = rocksdb::kZSTD;
    family.bottommost_compression_opts.enabled = true;
    family.bottommost_compression_opts.level = 1;
    family.write_buffer_size = std::clamp(options.memory_bytes / 8, kRowMemtableBytesMin, kRowMemtableBytesMax);
    family.max_write_buffer_number = kRowMemtablesMax;
    // No memtable insert hint: RocksDB 7.8 shares its hints between rows and range deletes, which breaks both.
  } else {
    family.write_buffer_size = std::clamp(options.memory_bytes / 64, kSmallMemtableBytesMin, kSmallMemtableBytesMax);
  }
  return family;
}

}  // namespace

Status ToStatus(const rocksdb::Status& status) {
  if (status.ok()) return Status::Ok();
  if (status.IsCorruption()) return Status(Code::kCorrupt, status.ToString());
  if (status.IsNotSupported()) return Status(Code::kUnsupported, status.ToString());
  return Status(Code::kLocalIo, status.ToString());
}

Result<std::shared_ptr<Database>> Database::Open(const StoreOptions& options) {
  std::error_code error;
  std::filesystem::create_directories(options.directory, error);
  if (error) return Status(Code::kLocalIo, "create data directory " + options.directory + ": " + error.message());
  std::shared_ptr<Database> database(new Database());
  TRY(database->LockDirectory(options.directory));
  TRY(database->OpenFamilies(options).At("open data directory " + options.directory));
  TRY(database->CheckFormat());
  return database;
}

Database::~Database() {
  if (db_) {
    for (rocksdb::ColumnFamilyHandle* handle : opened_) (void)db_->DestroyColumnFamilyHandle(handle);
    if (const rocksdb::Status closed = db_->Close(); !closed.ok()) {
      Log(LogLevel::kWarn, "store_close", {{"error", closed.ToString()}});
    }
    db_.reset();
  }
  if (lock_fd_ >= 0) close(lock_fd_);
}

// Our own lock beside RocksDB's: its error for a taken lock is an IO error like any other.
Status Database::LockDirectory(const std::string& directory) {
  lock_fd_ = open((directory + "/freshet.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_fd_ < 0) return Errno("open " + directory + "/freshet.lock");
  if (flock(lock_fd_, LOCK_EX | LOCK_NB) == 0) return Status::Ok();
  if (errno != EWOULDBLOCK) return Errno("lock " + directory + "/freshet.lock");
  return Status(Code::kConflict, "data directory " + directory + " is in use by another process");
}

Status Database::OpenFamilies(const StoreOptions& options) {
  cache_ = rocksdb::NewLRUCache(options.memory_bytes);
  // Memtables are charged to the cache: together they stay inside memory_bytes.
  write_buffers_ = std::make_shared<rocksdb::WriteBufferManager>(options.memory_bytes / 2, cache_);
  statistics_ = rocksdb::CreateDBStatistics();
  statistics_->set_stats_level(rocksdb::StatsLevel::kExceptHistogramOrTimers);
  rocksdb::DBOptions db_options = DatabaseOptions(options);
  db_options.write_buffer_manager = write_buffers_;
  db_options.statistics = statistics_;
  if (failpoints_armed.load()) {
    files_ = MakeFailingFiles();
    db_options.env = files_.get();
  }

  std::vector<std::string> names(std::begin(kFamilyNames), std::end(kFamilyNames));
  std::vector<std::string> present;  // fails for a directory without a store: then there are none
  (void)rocksdb::DB::ListColumnFamilies(db_options, options.directory, &present);
  // Families of a newer release are opened too: RocksDB needs all of them, and CheckFormat tells the user.
  for (const std::string& name : present) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const std::string& name : names) descriptors.emplace_back(name, FamilyOptions(name, options, cache_));
  rocksdb::DB* db = nullptr;
  TRY(ToStatus(rocksdb::DB::Open(db_options, options.directory, descriptors, &opened_, &db)));
  db_.reset(db);
  std::copy_n(opened_.begin(), kFamilyCount, families_.begin());
  return Status::Ok();
}

Status Database::CheckFormat() {
  std::string text;
  const rocksdb::Status read = db_->Get(rocksdb::ReadOptions(), family(Family::kDefault), kFormatKey, &text);
  if (read.IsNotFound()) {
    rocksdb::WriteOptions durable;
    durable.sync = true;
    return ToStatus(db_->Put(durable, family(Family::kDefault), kFormatKey, std::to_string(kStoreFormatVersion)));
  }
  TRY(ToStatus(read));
  uint32_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Status(Code::kCorrupt, "store format version does not parse");
  }
  if (version >= kStoreFormatVersionOldest && version <= kStoreFormatVersion) return Status::Ok();
  return Status(Code::kUnsupported, "the store has format version " + text + ", this release knows " +
                                        std::to_string(kStoreFormatVersionOldest) + " to " +
                                        std::to_string(kStoreFormatVersion));
}

Status Database::FlushAll() {
  return ToStatus(db_->Flush(rocksdb::FlushOptions(), opened_));
}

Store::Usage Database::usage() const {
  Store::Usage usage;
  uint64_t files = 0;
  if (db_->GetAggregatedIntProperty(rocksdb::DB::Properties::kTotalSstFilesSize, &files)) usage.disk_bytes = files;
  rocksdb::VectorLogPtr logs;
  if (db_->GetSortedWalFiles(logs).ok()) {
    for (const auto& log : logs) usage.disk_bytes += log->SizeFileBytes();
  }
  uint64_t memtables = 0;
  if (db_->GetAggregatedIntProperty(rocksdb::DB::Properties::kSizeAllMemTables, &memtables)) {
    usage.memtable_bytes = memtables;
  }
  const size_t charged = write_buffers_->dummy_entries_in_cache_usage();
  usage.block_cache_bytes = cache_->GetUsage() - std::min(cache_->GetUsage(), charged);
  usage.stalled_us = statistics_->getTickerCount(rocksdb::STALL_MICROS);
  return usage;
}

}  // namespace freshet
