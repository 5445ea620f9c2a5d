// SPDX-License-Identifier: Apache-2.0
// The records that sync/ keeps in the store, as values and as JSON. Unknown members are ignored, missing ones
// take their defaults. Keys (ids as 20 decimal digits, so that key order is number order):
//   kJobs    job/<job id>                        JobDefinition
//            table/<job id>/<schema>NUL<table>   TableRecord
//   kLedger  task/<job id>/<task id>             TaskRecord
//            stats/<job id>                      JobStatistics
//   kQuarantine: sync/quarantine.
// The password is in the job record only and leaves it only for the connector.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/status.h"
#include "cdc/change/position.h"
#include "ddl/table_schema.h"
#include "storage/content_hash.h"
#include "storage/store.h"
#include "sync/copy_progress.h"
#include "sync/job_machine.h"
#include "sync/job_options.h"
#include "sync/table_machine.h"

namespace freshet {

struct JobDefinition {
  JobId id;
  std::string name;
  std::string definer;
  std::string comment;
  int64_t created_us = 0;
  SourceKind kind = SourceKind::kMysql;
  std::string target_database;
  JobProperties properties;
  // Set: a table-level job. `target_database` is then the shadow's (sync/shadow_table), `kind` that of the source
  // behind cdc_stream(..).
  std::optional<InsertSelect> insert;
  TableId target;                           // the table that `insert` writes
  std::vector<std::string> kept_columns;    // of the source table, in the shadow beside its key
  SchemaPtr accepted_shape;                 // the source's when `insert` was altered; null: as at CREATE JOB
  std::string file_columns;                 // FileColumns::ToJson() of the objects; "" without
  std::vector<std::string> added_tables;    // ALTER JOB ADD TABLE, "schema.table"
  std::vector<std::string> removed_tables;  // ALTER JOB DROP TABLE
  JobState state;
  bool reload_schema = false;  // ALTER JOB reload_source_schema: done by the next start, then cleared
};

struct TableRecord {
  TableName source;
  std::string target;  // table name in the job's database
  TableId id;          // none: the table never got a target (stopped at once)
  TableState state;
  SchemaPtr source_schema;       // as of the job's position; differs from the stored one with schema changes ignored
  bool partial_history = false;  // not copied: rows from before the start are not there
  Position follow_from;          // set for a table added to a running job: its events count after this
  CopyProgress progress;
  bool copy_again = false;  // a second pass over all chunks is needed, see sync/table_sink
  int32_t passes = 0;       // passes finished
  int64_t rows_copied = 0;
  int64_t rows_estimated = -1;
  int64_t events_applied = 0;
};

struct TaskRecord {
  TaskId id;
  std::string status = "RUNNING";  // RUNNING, SUCCESS, FAILED, CANCELED
  std::string error;
  int64_t created_us = 0;
  int64_t finished_us = 0;
  int64_t committed_us = 0;  // wall clock of its newest commit
  // What it read of the source: (from, to]. Tasks of a job follow on each other without a gap or an overlap, but
  // where the user moved the job.
  Position from;
  Position to;
  // rows_read = rows_loaded + rows_filtered + rows_rejected
  int64_t rows_read = 0;
  int64_t rows_loaded = 0;
  int64_t rows_filtered = 0;  // not wanted: WHERE, tables that are not followed
  int64_t rows_rejected = 0;  // could not be loaded
  int64_t bytes = 0;
  uint32_t schema_version = 0;  // newest of the source's tables at the end; 0 unknown
  ContentHash hash;             // of the rows put into the target
};

struct JobStatistics {
  int64_t rows_read = 0;
  int64_t rows_filtered = 0;  // not loaded, rejected ones included
  int64_t rows_rejected = 0;
  int64_t bytes = 0;
  int64_t files = 0;  // objects loaded, and their bytes as stored
  int64_t file_bytes = 0;
  // Newest commit that was counted: what the next one must follow on.
  TaskId newest_task;
  Position to;
  int64_t tasks_succeeded = 0;
  int64_t tasks_failed = 0;
  int64_t tasks_canceled = 0;
  int64_t last_success_us = 0;  // wall clock, end of the newest task that succeeded; 0 none yet
  int64_t last_event_us = 0;    // the source's clock, commit of the newest transaction loaded; 0 none yet
};

std::string JobKey(JobId job);
std::string TableKeyPrefix(JobId job);
std::string TableKey(JobId job, const TableName& table);
std::string TaskKeyPrefix(JobId job);
std::string TaskKey(JobId job, TaskId task);
std::string StatisticsKey(JobId job);
inline constexpr std::string_view kJobKeyPrefix = "job/";

std::string EncodeJob(const JobDefinition& job);
Result<JobDefinition> DecodeJob(std::string_view text);
std::string EncodeTable(const TableRecord& table);
Result<TableRecord> DecodeTable(std::string_view text);
std::string EncodeTask(const TaskRecord& task);
Result<TaskRecord> DecodeTask(std::string_view text);
std::string EncodeStatistics(const JobStatistics& statistics);
Result<JobStatistics> DecodeStatistics(std::string_view text);

}  // namespace freshet
