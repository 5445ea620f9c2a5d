// SPDX-License-Identifier: Apache-2.0
#include "storage/engine.h"

#include <charconv>

#include "base/failpoint.h"
#include "base/log.h"
#include "storage/catalog_record.h"
#include "storage/undo.h"

namespace freshet {
namespace {

// Ids are handed out from leases on disk, so that few of them cost a write; a restart skips the rest of one.
constexpr uint64_t kIdLease = 64;

}  // namespace

const Snapshot& Picture::SnapshotOf(const StoredTable& table) const {
  if (!table.owner) {
    const auto shared = shared_tables.find(table.id.value);
    return shared == shared_tables.end() ? *snapshot : *shared->second;
  }
  const auto found = before_pieces.find(table.owner.value);
  return found == before_pieces.end() ? *snapshot : *found->second;
}

Engine::Engine(std::shared_ptr<Database> database) : database_(std::move(database)) {}

Result<std::unique_ptr<Engine>> Engine::Open(const StoreOptions& options) {
  ASSIGN_OR_RETURN(std::shared_ptr<Database> database, Database::Open(options));
  std::unique_ptr<Engine> engine(new Engine(std::move(database)));
  engine->sync_ = std::make_unique<GroupSync>([raw = engine.get()] { return raw->SyncLog(); }, options.sync_delay_max);
  TRY(engine->Load().At("load data directory " + options.directory));
  return engine;
}

Status Engine::Load() {
  ASSIGN_OR_RETURN(CatalogPtr catalog, LoadCatalog(*database_));
  std::string text;
  const rocksdb::Status read = database_->db().Get(rocksdb::ReadOptions(), database_->family(Family::kCatalog),
                                                   std::string(1, kNextIdTag), &text);
  if (!read.IsNotFound()) TRY(ToStatus(read));
  uint64_t next_id = 1;
  if (read.ok() && std::from_chars(text.data(), text.data() + text.size(), next_id).ec != std::errc()) {
    return Status(Code::kCorrupt, "next id does not parse");
  }
  {
    MutexLock lock(write_mutex_);
    next_id_ = leased_to_ = next_id;
    Publish(std::move(catalog));
  }
  ASSIGN_OR_RETURN(const std::vector<JobId> unfinished, JobsInPieces(*database_));
  for (const JobId job : unfinished) TRY(UndoPieces(*this, job));
  return Status::Ok();
}

PicturePtr Engine::picture() const {
  MutexLock lock(picture_mutex_);
  return picture_;
}

Result<uint64_t> Engine::NextId() {
  uint64_t commit = 0;
  uint64_t id = 0;
  {
    MutexLock lock(write_mutex_);
    if (next_id_ == leased_to_) {
      rocksdb::WriteBatch batch;
      TRY(ToStatus(batch.Put(database_->family(Family::kCatalog), std::string(1, kNextIdTag),
                             std::to_string(leased_to_ + kIdLease))));
      ASSIGN_OR_RETURN(commit, Write(batch));
      leased_to_ += kIdLease;
    }
    id = next_id_++;
  }
  // An id that reached the outside must never be given out again. Others of the lease may pass this wait:
  // what they name is written later into the same log.
  if (commit != 0) TRY(sync_->Wait(commit, Deadline::Never()));
  return id;
}

Result<uint64_t> Engine::Write(rocksdb::WriteBatch& batch) {
  if (write_failed_.load()) TRY(Resume());
  const rocksdb::Status status = database_->db().Write(rocksdb::WriteOptions(), &batch);
  if (!status.ok()) {
    write_failed_.store(true);
    return ToStatus(status).At("write to the store");
  }
  sync_->Written(++written_);
  return written_;
}

void Engine::Publish(CatalogPtr catalog) {
  auto picture = std::make_shared<Picture>();
  picture->catalog = std::move(catalog);
  picture->snapshot = std::make_shared<const Snapshot>(database_);
  picture->before_pieces = before_pieces_;
  for (const auto& [table, pieces] : shared_pieces_) picture->shared_tables[table] = pieces.before;
  PicturePtr old = std::move(picture);
  MutexLock lock(picture_mutex_);
  picture_.swap(old);  // the old one is released outside of the lock
}

void Engine::BeginPieces(JobId job, const std::set<uint64_t>& shared_tables) {
  SnapshotPtr now;
  const auto snapshot = [&] {
    if (!now) now = std::make_shared<const Snapshot>(database_);
    return now;
  };
  if (!before_pieces_.contains(job.value)) before_pieces_.emplace(job.value, snapshot());
  for (const uint64_t table : shared_tables) {
    if (!shared_pieces_.contains(table)) shared_pieces_.emplace(table, SharedPieces{job.value, snapshot()});
  }
}

void Engine::EndPieces(JobId job) {
  before_pieces_.erase(job.value);
  std::erase_if(shared_pieces_, [&](const auto& entry) { return entry.second.job == job.value; });
}

SnapshotPtr Engine::BeforePieces(JobId job) {
  MutexLock lock(write_mutex_);
  const auto found = before_pieces_.find(job.value);
  return found == before_pieces_.end() ? nullptr : found->second;
}

SnapshotPtr Engine::BeforePieces(const StoredTable& table) {
  if (table.owner) return BeforePieces(table.owner);
  MutexLock lock(write_mutex_);
  const auto found = shared_pieces_.find(table.id.value);
  return found == shared_pieces_.end() ? nullptr : found->second.before;
}

void Engine::Abandon(JobId job, uint64_t holder) {
  MutexLock lock(abandoned_mutex_);
  abandoned_[job.value] = holder;
}

void Engine::UndoAbandoned() {
  MutexLock lock(abandoned_mutex_);
  for (auto next = abandoned_.begin(); next != abandoned_.end();) {
    const auto [job, holder] = *next;
    if (const Status status = UndoPieces(*this, JobId{job}); !status.ok()) {
      Log(LogLevel::kWarn, "undo_abandoned", {{"writer", job}, {"error", status.ToString()}});
      ++next;
      continue;
    }
    leases_.ReleaseAll(holder);
    next = abandoned_.erase(next);
  }
}

// RocksDB stops taking writes after a failed one until told to go on; that works once there is space again.
// The sync thread and a writer may want it at the same time.
Status Engine::Resume() {
  MutexLock lock(resume_mutex_);
  if (!write_failed_.load()) return Status::Ok();
  TRY(ToStatus(database_->db().Resume()).At("the store stopped after a failed write"));
  write_failed_.store(false);
  return Status::Ok();
}

Status Engine::SyncLog() {
  FAILPOINT("storage.sync.before");
  // After a failed write RocksDB's log file must not be touched before Resume has put a new one in its place.
  if (!sync_failed_ && !write_failed_.load()) {
    Status status = ToStatus(database_->db().FlushWAL(true));
    if (status.ok()) return status;
    sync_failed_ = true;
    write_failed_.store(true);
    return std::move(status).At("fsync the log");
  }
  // After a failed fsync the kernel may have dropped the log's pages: a second, successful one proves
  // nothing. Only flushing the memtables does.
  TRY(Resume());
  TRY(database_->FlushAll().At("flush after a failed fsync"));
  sync_failed_ = false;
  return Status::Ok();
}

}  // namespace freshet
