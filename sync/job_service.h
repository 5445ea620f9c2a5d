// SPDX-License-Identifier: Apache-2.0
// JobService: everything a user can do to jobs, and what there is to see of them. Owns the jobs' threads.
// Thread-safe. Restores jobs from the store at Start; Stop joins them and leaves their state as it was.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "base/stop.h"
#include "cdc/change/source.h"
#include "sql/engine.h"
#include "sql/statement.h"
#include "storage/store.h"
#include "sync/mapping_factory.h"
#include "sync/object_loading.h"

namespace freshet {

// Validated properties of one source, all of reference 1.3, made by sync/job_options from Properties.
struct SourceOptions {
  SourceKind kind = SourceKind::kMysql;
  std::string host;
  uint16_t port = 0;
  std::string user;
  std::string password;
  std::string database;              // MySQL: the mirrored database. Postgres: the database connected to
  std::vector<std::string> schemas;  // Postgres: at least one. MySQL: {database}
  TableFilter tables;
  std::string include_tables;  // as written
  std::string exclude_tables;
  std::vector<std::pair<TableName, std::vector<std::string>>> exclude_columns;
  std::string ssl_mode = "disable";  // disable, require, verify-ca
  std::string ssl_rootcert;          // file path
  uint32_t server_id_first = 0;      // MySQL: 0 = derived from the job id
  uint32_t server_id_last = 0;
  std::string slot_name;         // Postgres: "freshet_cdc_<jobId>" by default
  std::string publication_name;  // Postgres: "freshet_pub_<jobId>" by default
  bool owns_slot = true;         // default names: ours to create and drop
  bool owns_publication = true;
  JobId job;
};

// Makes the connector of a source: the composition root passes one that knows cdc/mysql and cdc/postgres;
// tests pass one that makes a memory source.
using ConnectorFactory = std::function<Result<std::unique_ptr<Connector>>(const SourceOptions& options)>;

struct JobServiceOptions {
  size_t queue_bytes_max = 64u << 20;  // decoded units waiting for apply, per job
  size_t unit_bytes_max = 4u << 20;    // a unit is closed at the next transaction end once it has grown so far
  size_t piece_bytes_max = 32u << 20;  // a transaction above this is applied in pieces
  int jobs_max = 1024;
  MappingFactory mappings;  // compiles the SELECTs of table-level jobs; empty: they are refused
  ObjectLoading objects;    // reads what s3(..) brings
};

// Progress of one table, for job_tables() and the mirror command.
struct TableProgress {
  TableName source;
  std::string target;  // "database.table"
  std::string state;   // WAITING, COPYING, CATCHING_UP, READY, STOPPED
  int64_t chunks_done = 0;
  int64_t chunks_total = 0;  // estimate while planning
  int64_t rows_copied = 0;
  int64_t rows_estimated = -1;  // -1 unknown
  int64_t events_applied = 0;
  int64_t lag_ms = -1;  // -1 unknown
  std::string last_error;
  std::string excluded_columns;  // "a,b": not in the mirror
};

// What became of the rows of a REPLAY QUARANTINE JOB.
struct ReplayCounts {
  int64_t loaded = 0;      // now in the target
  int64_t filtered = 0;    // not wanted by WHERE
  int64_t superseded = 0;  // changed or deleted at the source since
  int64_t rejected = 0;    // still rejected: they stay
};

struct TableVerdict {
  TableName table;
  bool equal = false;
  int64_t source_rows = 0;
  int64_t mirror_rows = 0;
  std::string source_hash;  // 32 hex digits, independent of row order
  std::string mirror_hash;
  std::string detail;  // why not compared, or which side has more
};

// What is under way between a job's source and the disk, for metrics.
struct JobFlow {
  size_t queue_bytes = 0;       // read, waiting for the apply thread
  int64_t durable_age_ms = -1;  // since all that was applied was last seen on disk; -1: no log is followed
};

class JobService {
 public:
  static Result<std::unique_ptr<JobService>> Start(Store& store, ConnectorFactory connectors, JobServiceOptions options,
                                                   const Clock& clock = Clock::System());
  virtual ~JobService() = default;

  // kCancelled when `stop` was requested while the source was asked: nothing is left behind.
  virtual Status Create(const CreateJob& statement, const std::string& definer, StopToken stop) = 0;
  virtual Status Alter(const AlterJob& statement) = 0;
  virtual Status AlterTables(const AlterJobTables& statement) = 0;
  virtual Status Pause(const std::string& name) = 0;
  virtual Status Resume(const std::string& name) = 0;
  virtual Status Drop(const std::string& name, bool if_exists) = 0;
  // Returns when all that the source had committed at the time of the call is applied and visible; the value
  // is the position reached, as JSON. kTimeout, kConflict (job paused: its error).
  virtual Result<std::string> Sync(const std::string& name, Deadline deadline, StopToken stop) = 0;
  // Compares every READY table with its source; waits for the log first. Meaningful when the source rests.
  virtual Result<std::vector<TableVerdict>> Verify(const std::string& name, Deadline deadline, StopToken stop) = 0;

  // Maps rejected rows again: those with these ids of quarantine(), or all. kNotFound, kUnsupported.
  virtual Result<ReplayCounts> Replay(const std::string& name,
                                      const std::optional<std::vector<uint64_t>>& quarantine_ids) = 0;

  virtual std::vector<TableProgress> Tables(const std::string& name) const = 0;  // empty: no such job
  virtual std::string State(const std::string& name) const = 0;                  // "" = no such job
  virtual std::string LastError(const std::string& name) const = 0;
  virtual JobFlow Flow(const std::string& name) const = 0;
  // jobs(), tasks(), job_tables() for the SQL engine (reference 4.1, 4.2).
  virtual SystemTable JobsTable() = 0;
  virtual SystemTable TasksTable() = 0;
  virtual SystemTable JobTablesTable() = 0;
  // ledger() and quarantine(), sync/ledger_rows.
  virtual SystemTable LedgerTable() = 0;
  virtual SystemTable QuarantineTable() = 0;
  // Health for /healthz: empty when every running job made progress or was idle lately; else the reasons.
  virtual std::vector<std::string> UnhealthyReasons() const = 0;
  virtual void Stop() = 0;
};

}  // namespace freshet
