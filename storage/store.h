// SPDX-License-Identifier: Apache-2.0
// Store: one RocksDB directory: databases, tables, rows, job records, ledger. One per process; the
// directory is locked. Opens what any release wrote. Thread-safe. Rows of a job's tables are written only
// through that job's UnitWriter (storage/unit_writer.h); reads go through ReadView (storage/read_view.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/status.h"
#include "ddl/table_schema.h"

namespace freshet {

struct StoreOptions {
  std::string directory;                        // made when missing
  size_t memory_bytes = 384u << 20;             // block cache + memtables together
  std::chrono::milliseconds sync_delay_max{5};  // a write is fsynced at most this much later
};

// Families of small named records that sync/ keeps (JSON values, its own keys).
// Persisted as column families "jobs", "ledger" and "quarantine".
enum class RecordFamily : uint8_t { kJobs, kLedger, kQuarantine };

struct RecordWrite {
  RecordFamily family = RecordFamily::kJobs;
  std::string key;
  std::optional<std::string> value;  // nullopt deletes
};

// One stored table. `schema` is the newest version; columns marked excluded are not stored.
struct StoredTable {
  TableId id;
  JobId owner;  // none for tables made by users
  std::string database;
  std::string name;
  SchemaPtr schema;
  bool ready = false;  // false while its first copy runs: queries are refused
};

using StoredTablePtr = std::shared_ptr<const StoredTable>;

// Databases of the program itself (tables that jobs keep beside their targets): not listed, and no user writes them.
inline constexpr std::string_view kInternalDatabasePrefix = "__freshet";

class ReadView;
class TargetWriters;  // storage/target_writers.h
class Engine;         // storage/engine.h: the RocksDB handles; not for use outside storage/

class Store {
 public:
  // kConflict: another process has it open. kLocalIo: disk. kCorrupt / kUnsupported: written by a newer
  // release or damaged.
  static Result<std::unique_ptr<Store>> Open(const StoreOptions& options);
  ~Store();

  // --- databases and tables (each call durable when it returns)
  Status CreateDatabase(const std::string& name);  // kExists
  Status DropDatabase(const std::string& name);    // kNotFound; kConflict while a table in it has an owner job
  // Makes an empty table; fills id and returns it. kExists when database.name is taken, kNotFound without
  // the database.
  Result<StoredTablePtr> CreateTable(JobId owner, const std::string& database, const std::string& name,
                                     SchemaPtr schema, bool ready);
  // Removes the table and its rows (range delete). Tables without an owner are dropped under their lease, here and in
  // DropDatabase: kTimeout after 30 s names who writes the table.
  Status DropTable(TableId id);
  // Leaves the rows, ends the ownership: the table becomes a plain one (DROP JOB keeps data).
  Status ReleaseTable(TableId id);

  // --- records
  Status PutRecords(std::span<const RecordWrite> records);  // atomic and durable
  Result<std::optional<std::string>> GetRecord(RecordFamily family, std::string_view key) const;
  // Key order; `newest_first` reverses. At most `limit` (0: all).
  Result<std::vector<std::pair<std::string, std::string>>> ScanRecords(RecordFamily family, std::string_view prefix,
                                                                       bool newest_first = false,
                                                                       size_t limit = 0) const;
  // Monotonic for all time, from 1: job, table and task ids.
  Result<uint64_t> NextId();

  // --- durability of UnitWriter commits: commit numbers grow from 1 within one process
  uint64_t DurableCommit() const;
  Status WaitDurable(uint64_t commit, Deadline deadline);

  // Which jobs write which table without an owner. Empty after Open: who runs the jobs enters them.
  TargetWriters& target_writers();

  // A consistent picture of rows and catalog at the newest transaction boundary.
  Result<std::shared_ptr<const ReadView>> OpenView() const;

  struct Usage {
    uint64_t disk_bytes = 0;
    uint64_t memtable_bytes = 0;
    uint64_t block_cache_bytes = 0;
    uint64_t stalled_us = 0;  // time writers spent stopped by compaction debt
  };
  Usage usage() const;
  Engine& engine() { return *engine_; }

 private:
  explicit Store(std::unique_ptr<Engine> engine);
  std::unique_ptr<Engine> engine_;
};

}  // namespace freshet
