// SPDX-License-Identifier: Apache-2.0
// JobOptions: a job's properties, validated, as the job's threads use them; and SourceOptions (declared in
// sync/job_service.h) for the connector. Made from the properties as written, at CREATE JOB, ALTER JOB and
// after a restart. Pure: nothing here asks a source. docs/sql.md lists every property.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "cdc/change/position.h"
#include "sql/statement.h"
#include "sync/insert_options.h"
#include "sync/job_service.h"

namespace freshet {

enum class OffsetMode : uint8_t { kInitial, kSnapshot, kLatest, kEarliest, kPosition, kTime };
enum class SchemaChangeBehavior : uint8_t { kEvolve, kIgnore };

// Chunk readers per job: four keep a small source busy without taking its connections.
inline constexpr int kSnapshotParallelismDefault = 4;
inline constexpr int kSnapshotParallelismMax = 64;
inline constexpr int64_t kSnapshotSplitSizeDefault = 8096;  // rows per chunk
inline constexpr int64_t kMaxIntervalDefaultS = 10;
inline constexpr size_t kPostgresIdentifierBytesMax = 63;

struct JobOptions {
  int64_t max_interval_s = kMaxIntervalDefaultS;  // length of one task (accounting window)
  OffsetMode offset = OffsetMode::kInitial;
  Position start;             // kPosition
  int64_t start_time_us = 0;  // kTime: wall clock, microseconds since 1970 UTC
  int64_t snapshot_split_size = kSnapshotSplitSizeDefault;
  int snapshot_parallelism = kSnapshotParallelismDefault;
  SchemaChangeBehavior schema_change = SchemaChangeBehavior::kEvolve;
  // table.<src>.target_table and table.<src>.exclude_columns: key "table" or "schema.table".
  std::map<std::string, std::string> target_names;
  std::map<std::string, std::vector<std::string>> exclude_columns;
  // Set: of each table only these columns and the key are stored (sync/shadow_table).
  std::optional<std::vector<std::string>> kept_columns;
  double max_filter_ratio = 0;
  bool strict_mode = false;

  // Target name of a source table: its own unless renamed.
  std::string TargetName(const TableName& source) const;
  // True when table.<src>.target_table names its target, even with its own name.
  bool IsRenamed(const TableName& source) const;
  // Excluded column names of a source table, as written.
  const std::vector<std::string>* ExcludedColumns(const TableName& source) const;
};

struct ParsedJob {
  JobMode mode = JobMode::kDatabase;
  JobOptions options;
  SourceOptions source;  // not kObjects. Job id and names that derive from it are not set: see BindToJob
  InsertOptions insert;  // not kDatabase

  // The job is FINISHED once all that was there at its start is loaded.
  bool ends_when_settled() const {
    return mode == JobMode::kObjects ? insert.objects.mode == IngestionMode::kOneTime
                                     : options.offset == OffsetMode::kSnapshot;
  }
  // The tables start with a copy of what the source holds.
  bool copies() const { return options.offset == OffsetMode::kInitial || options.offset == OffsetMode::kSnapshot; }
};

// The one set of rules of reference 1.2 to 1.4. kInvalid with the reference's message.
Result<ParsedJob> ParseJob(SourceKind kind, const Properties& job, const Properties& source, const Properties& target);

// The same for a table-level job. Of kObjects only max_interval_s is set in `options`.
Result<ParsedJob> ParseInsertJob(const InsertSelect& insert, const Properties& job);

// Fills what derives from the job's id: slot and publication names.
void BindToJob(JobId job, SourceOptions& source);

// The rules of ALTER JOB (reference 1.7); reload_source_schema is checked here, and kept by the caller. Returns the
// merged properties, or kInvalid naming what cannot be modified, or that nothing changed.
struct JobProperties {
  Properties job;
  Properties source;
  Properties target;
};
Result<JobProperties> MergeAlteration(SourceKind kind, const std::string& target_database, const JobProperties& current,
                                      const AlterJob& alteration);

// Value of a key, or null.
const std::string* FindProperty(const Properties& properties, std::string_view key);

}  // namespace freshet
