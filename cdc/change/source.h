// SPDX-License-Identifier: Apache-2.0
// The source seam: everything that sync/ knows of a database. Two implementations (cdc/mysql,
// cdc/postgres) and the tests' memory source. No method throws; every call that can block takes a Deadline
// or returns within its own named limit.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "base/stop.h"
#include "cdc/change/change_event.h"
#include "cdc/change/position.h"
#include "cdc/change/row_batch.h"
#include "ddl/table_filter.h"
#include "ddl/table_schema.h"

namespace freshet {

// The log, from one connection, read by one thread. Errors: kUnavailable (reconnect by opening anew),
// kGone (position purged, slot dropped or invalidated), kAuth, kCorrupt, kUnsupported, kInvalid.
class Source {
 public:
  virtual ~Source() = default;
  // Next event, or nullopt when `deadline` passed without one. After an error only destruction is allowed.
  virtual Result<std::optional<ChangeEvent>> Next(Deadline deadline) = 0;
  // True when the next Next() will likely return without waiting (bytes are buffered): a unit goes on
  // growing while this holds.
  virtual bool HasBuffered() const = 0;
  // Everything up to `durable` is on our disk; the source may forget it. Cheap; called often.
  virtual Status Acknowledge(const Position& durable) = 0;
  // Between two Next() calls, by the reading thread. Row events of `schema`'s table are ignored until the
  // log has passed `from`.
  virtual Status AddTable(SchemaPtr schema, const Position& from) = 0;
  virtual void RemoveTable(const TableName& name) = 0;
};

// A boundary in a table's key order, as the source's text of each key column (binary as hex "\x..").
// Opaque outside the scanner that made it; persisted and shown as splitStart / splitEnd.
using KeyText = std::vector<std::string>;

// Rows with after < key <= up_to; a missing side is open.
struct ChunkRange {
  std::optional<KeyText> after;
  std::optional<KeyText> up_to;
};

struct ChunkRows {
  RowBatch batch;                    // kInsert rows in the source's key order
  std::optional<KeyText> cut_after;  // set when bytes_max was reached: the key of the last row; the rest of
                                     // the range, (cut_after, up_to], is a chunk of its own
};

// Reads chunks of tables over one connection, used by one thread. Session pinned to UTC, exact floats,
// server's charset conversion to UTF-8. Values have the same canonical cells as the log's.
class TableScanner {
 public:
  virtual ~TableScanner() = default;
  // Rough, from statistics; -1 unknown.
  virtual Result<int64_t> EstimateRows(const TableSchema& schema) = 0;
  // A key with about `rows` rows between `after` and it, twice as many at most; nullopt when fewer rows are left (the
  // last chunk is open-ended).
  virtual Result<std::optional<KeyText>> NextBound(const TableSchema& schema, const std::optional<KeyText>& after,
                                                   int64_t rows, StopToken stop) = 0;
  // Returns once every transaction up to `seen` (a position given by this job's Source) is visible to what
  // this scanner reads next. A transaction can reach log readers before it is visible to queries.
  virtual Status WaitVisible(const Position& seen, Deadline deadline, StopToken stop) = 0;
  // kSchemaMoved when a column of `schema` no longer exists.
  virtual Result<ChunkRows> ReadChunk(const SchemaPtr& schema, const ChunkRange& range, size_t bytes_max,
                                      StopToken stop) = 0;
};

struct TableDescription {
  TableName name;
  SchemaPtr schema;  // null when it cannot be mirrored
  Status problem;    // then: kUnsupported naming the column or the missing key, kNotFound
};

// What happened to tables beside the log, as far as the source's log does not carry it (Postgres: CREATE TABLE, DROP
// TABLE, changes of the publication).
struct CatalogNews {
  struct Lost {
    TableName name;
    std::string reason;
  };
  std::vector<TableName> created;  // match the filter, are not followed; in name order
  std::vector<SchemaPtr> gone;     // followed ones that were dropped: every row of theirs is in the log before `at`
  Position at;                     // set when `gone` is not empty
  std::vector<Lost> lost;          // followed ones whose changes are not in the log any more
};

// Where a job starts to read.
struct LogStart {
  // kTime: the first transaction whose commit time, by the source's clock, is not before `time_us`.
  enum class Mode : uint8_t { kNow, kEarliest, kPosition, kTime };
  Mode mode = Mode::kNow;
  Position position;    // kPosition
  int64_t time_us = 0;  // kTime: microseconds since 1970 UTC
};

// One configured source database: control calls over a connection of its own (reconnects by itself).
// Thread-safe; made from job properties by cdc/{mysql,postgres}/...Connector::Make.
class Connector {
 public:
  virtual ~Connector() = default;
  // Server settings, version and privileges; the message names what is missing and the statement to run.
  virtual Status Preflight() = 0;
  // Base tables (partition roots, not partitions) that the filter matches, in name order.
  virtual Result<std::vector<TableName>> ListTables(const TableFilter& filter) = 0;
  // Shapes as of now, one per name, in the same order. Version 1, column ids in source order from 1.
  virtual Result<std::vector<TableDescription>> DescribeTables(const std::vector<TableName>& names) = 0;
  // End of the log now: what a SYNC JOB waits for.
  virtual Result<Position> CurrentPosition() = 0;
  // One look at the catalog as of now; a source whose log says everything has no news.
  virtual Result<CatalogNews> LookAtCatalog(const std::vector<SchemaPtr>& followed, const TableFilter& filter) {
    (void)followed;
    (void)filter;
    return CatalogNews();
  }
  // Creates what reading needs (Postgres: publication over `tables`, slot) and returns where to start.
  // Safe to repeat after a crash. kGone when a position no longer exists.
  virtual Result<Position> StartLog(const LogStart& start, const std::vector<TableName>& tables) = 0;
  // Makes the log carry `tables` too / no longer (Postgres: publication members). MySQL: nothing to do.
  virtual Status TrackTables(const std::vector<TableName>& tables) = 0;
  virtual Status UntrackTables(const std::vector<TableName>& tables) = 0;
  // Drops what StartLog created and we own. Best effort within its limit; never drops a user's own.
  virtual Status ReleaseLog() = 0;
  // Resumes after `resume_after` with the schemas as of that position; `filter` picks up tables created
  // in the stream. Checks that the position still exists (kGone).
  virtual Result<std::unique_ptr<Source>> OpenSource(const Position& resume_after, std::vector<SchemaPtr> schemas,
                                                     const TableFilter& filter) = 0;
  virtual Result<std::unique_ptr<TableScanner>> OpenScanner() = 0;
};

}  // namespace freshet
