// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/mysql_scanner.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "cdc/mysql/control_events.h"
#include "cdc/mysql/log_position.h"
#include "cdc/mysql/scan_cell.h"
#include "cdc/mysql/scan_query.h"

namespace freshet {
namespace {

// One wait on the server before stop and deadline are looked at again.
constexpr std::chrono::milliseconds kVisibilityStep{200};
// A lock request that waits longer than this stalls the source's writers behind it: give up and say so.
constexpr int kReadLockWaitSeconds = 5;
// First page of a chunk, when rows' sizes are not known yet.
constexpr size_t kFirstPageRows = 1000;
constexpr size_t kPageRowsMax = 1'000'000;

Status CancelledIf(const StopToken& stop) {
  return stop.stop_requested() ? Status(Code::kCancelled, "scan was stopped") : Status::Ok();
}

uint64_t Number(const std::string& text) {
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string TableOf(const TableSchema& schema) {
  return QuoteMysqlName(schema.name.schema) + "." + QuoteMysqlName(schema.name.table);
}

// A chunk reads in key order: without the hint the optimizer may prefer to sort.
std::string KeyHint(const TableSchema& schema) {
  return " FORCE INDEX (" + QuoteMysqlName(schema.key_name) + ")";
}

}  // namespace

Result<std::unique_ptr<TableScanner>> MysqlScanner::Open(const MysqlOptions& options,
                                                         std::shared_ptr<XaCommits> xa_commits) {
  std::unique_ptr<MysqlScanner> scanner(new MysqlScanner(options, std::move(xa_commits)));
  TRY(scanner->Connect());
  return std::unique_ptr<TableScanner>(std::move(scanner));
}

Status MysqlScanner::Connect() {
  if (connection_ && connection_->alive()) return Status::Ok();
  connection_.reset();
  MysqlConnection::Timeouts timeouts;
  timeouts.read = std::chrono::seconds(600);  // a cold chunk of a large table may take minutes to its first row
  ASSIGN_OR_RETURN(std::unique_ptr<MysqlConnection> connection, MysqlConnection::Open(options_, timeouts));
  TRY(connection->Execute("SET NAMES utf8mb4"));
  // No PAD_CHAR_TO_FULL_LENGTH, no NO_BACKSLASH_ESCAPES, zero dates allowed in comparisons.
  TRY(
      connection->Execute("SET SESSION time_zone = '+00:00', sql_mode = '', net_write_timeout = 600, "
                          "lock_wait_timeout = " +
                          std::to_string(kReadLockWaitSeconds)));
  TRY(connection->Execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"));
  ASSIGN_OR_RETURN(has_gtids_, ServerHasGtids(*connection));
  connection_ = std::move(connection);
  return Status::Ok();
}

Result<int64_t> MysqlScanner::EstimateRows(const TableSchema& schema) {
  TRY(Connect());
  ASSIGN_OR_RETURN(const SqlRows rows, connection_->Query("SELECT TABLE_ROWS FROM information_schema.TABLES WHERE "
                                                          "TABLE_SCHEMA = " +
                                                          TextLiteral(schema.name.schema) +
                                                          " AND TABLE_NAME = " + TextLiteral(schema.name.table)));
  int64_t estimate = -1;
  if (!rows.rows.empty() && rows.rows[0][0]) {
    const std::string& text = *rows.rows[0][0];
    std::from_chars(text.data(), text.data() + text.size(), estimate);
  }
  return estimate;
}

Result<std::optional<KeyText>> MysqlScanner::NextBound(const TableSchema& schema, const std::optional<KeyText>& after,
                                                       int64_t rows, StopToken stop) {
  CHECK(rows > 0);
  TRY(CancelledIf(stop));
  TRY(Connect());
  ASSIGN_OR_RETURN(const std::string where, WhereRange(schema, {after, std::nullopt}));
  ASSIGN_OR_RETURN(const SqlRows found,
                   connection_->Query("SELECT " + KeyColumns(schema) + " FROM " + TableOf(schema) + KeyHint(schema) +
                                      where + OrderByKey(schema) + " LIMIT 1 OFFSET " + std::to_string(rows - 1)));
  if (found.rows.empty()) return std::optional<KeyText>();
  KeyText key;
  for (size_t i = 0; i < schema.key_columns.size(); ++i) {
    key.push_back(KeyTextFromResult(schema.columns[schema.key_columns[i]], found.rows[0][i].value_or("")));
  }
  return std::optional<KeyText>(std::move(key));
}

Status MysqlScanner::WaitVisible(const Position& seen, Deadline deadline, StopToken stop) {
  if (visible_.Covers(seen)) return Status::Ok();
  const MysqlPosition* position = std::get_if<MysqlPosition>(&seen.at);
  if (position == nullptr) return Status(Code::kInvalid, "the position to wait for is no MySQL log position");
  TRY(Connect());
  if (connection_->version().mariadb()) {
    TRY(WaitForXaCommits(deadline, stop));
    TRY(WaitForSnapshot(*position, deadline, stop));
  } else if (has_gtids_ && !position->gtids.empty()) {
    TRY(WaitForGtids(*position, deadline, stop));
  } else {
    TRY(WaitForCommits(deadline));
  }
  visible_ = seen;
  return Status::Ok();
}

Status MysqlScanner::WaitForGtids(const MysqlPosition& seen, Deadline deadline, StopToken stop) {
  const std::string sql = "SELECT WAIT_FOR_EXECUTED_GTID_SET('" + seen.gtids.ToString() + "', " +
                          std::to_string(kVisibilityStep.count() / 1000.0) + ")";
  while (true) {
    TRY(CancelledIf(stop));
    ASSIGN_OR_RETURN(const std::string timed_out, connection_->QueryValue(sql));
    if (timed_out == "0") return Status::Ok();
    if (deadline.Passed()) return Status(Code::kTimeout, "the log's transactions did not become visible in time");
  }
}

// Once a snapshot has covered the position, every later read does.
Status MysqlScanner::WaitForSnapshot(const MysqlPosition& seen, Deadline deadline, StopToken stop) {
  MysqlPosition wanted;
  wanted.file = seen.file;
  wanted.offset = seen.offset;
  while (true) {
    TRY(CancelledIf(stop));
    TRY(connection_->Execute("START TRANSACTION WITH CONSISTENT SNAPSHOT"));
    ASSIGN_OR_RETURN(const SqlRows status, connection_->Query("SHOW STATUS LIKE 'binlog_snapshot_%'"));
    TRY(connection_->Execute("COMMIT"));
    MysqlPosition snapshot;
    for (const SqlRow& row : status.rows) {
      const std::string name = row[0].value_or("");
      const std::string value = row[1].value_or("");
      if (name == "Binlog_snapshot_file") snapshot.file = value;
      if (name == "Binlog_snapshot_position") {
        std::from_chars(value.data(), value.data() + value.size(), snapshot.offset);
      }
    }
    if (Position{snapshot}.Covers(Position{wanted})) return Status::Ok();
    if (deadline.Passed()) return Status(Code::kTimeout, "the log's transactions did not become visible in time");
  }
}

Status MysqlScanner::WaitForXaCommits(Deadline deadline, StopToken stop) {
  const std::vector<std::string> committed = xa_commits_->Unseen();
  if (committed.empty()) return Status::Ok();
  while (true) {
    TRY(CancelledIf(stop));
    // Columns: formatID, gtrid_length, bqual_length, data (both names).
    ASSIGN_OR_RETURN(const SqlRows branches, connection_->Query("XA RECOVER"));
    std::set<std::string> prepared;
    for (const SqlRow& row : branches.rows) {
      constexpr size_t kColumns = 4;
      if (row.size() < kColumns) return Status(Code::kCorrupt, "XA RECOVER has too few columns");
      const std::string data = row[3].value_or("");
      const size_t gtrid_bytes = std::min<size_t>(Number(row[1].value_or("0")), data.size());
      prepared.insert(XidText(static_cast<uint32_t>(Number(row[0].value_or("0"))),
                              std::string_view(data).substr(0, gtrid_bytes),
                              std::string_view(data).substr(gtrid_bytes)));
    }
    const bool pending =
        std::any_of(committed.begin(), committed.end(), [&](const std::string& xid) { return prepared.contains(xid); });
    if (!pending) {
      xa_commits_->Remove(committed);
      return Status::Ok();
    }
    if (deadline.Passed()) return Status(Code::kTimeout, "the log's XA transactions did not become visible in time");
  }
}

Status MysqlScanner::WaitForCommits(Deadline deadline) {
  while (true) {
    const Status lock = connection_->Execute("FLUSH TABLES WITH READ LOCK");
    if (lock.ok()) return connection_->Execute("UNLOCK TABLES");
    if (lock.code() != Code::kUnavailable || !connection_->alive() || deadline.Passed()) {
      return lock.Copy().At("wait for commits");
    }
  }
}

Result<ChunkRows> MysqlScanner::ReadChunk(const SchemaPtr& schema, const ChunkRange& range, size_t bytes_max,
                                          StopToken stop) {
  TRY(Connect());
  ChunkRows chunk;
  chunk.batch.schema = schema;
  ChunkRange rest = range;
  size_t page_rows = kFirstPageRows;
  while (true) {
    TRY(CancelledIf(stop));
    ASSIGN_OR_RETURN(const size_t rows, ReadPage(schema, rest, page_rows, bytes_max, stop, &chunk));
    if (chunk.cut_after || rows < page_rows) return chunk;
    const size_t held = chunk.batch.rows.size();
    const size_t bytes = chunk.batch.cells.size() * sizeof(Cell) + chunk.batch.arena.size();
    ASSIGN_OR_RETURN(rest.after, KeyTextOf(*schema, chunk.batch, static_cast<uint32_t>(held - 1)));
    // A quarter more rows than should fit: what is drained after a cut stays small.
    const size_t left = bytes < bytes_max ? bytes_max - bytes : 1;
    page_rows = std::clamp<size_t>(left / (bytes / held + 1) * 5 / 4, kFirstPageRows, kPageRowsMax);
  }
}

Result<size_t> MysqlScanner::ReadPage(const SchemaPtr& schema, const ChunkRange& range, size_t rows_max,
                                      size_t bytes_max, StopToken stop, ChunkRows* chunk) {
  ASSIGN_OR_RETURN(const std::string where, WhereRange(*schema, range));
  const std::string sql = "SELECT " + ScanColumns(*schema) + " FROM " + TableOf(*schema) + KeyHint(*schema) + where +
                          OrderByKey(*schema) + " LIMIT " + std::to_string(rows_max);
  size_t rows = 0;
  RowBatch& batch = chunk->batch;
  TRY(connection_->Stream(sql, [&](const std::string_view* values, size_t) -> Result<bool> {
    const uint32_t image = batch.AppendImage();
    Cell* cells = batch.Image(image).data();
    size_t at = 0;
    for (size_t i = 0; i < schema->columns.size(); ++i) {
      const Column& column = schema->columns[i];
      if (column.excluded) {
        cells[i] = Cell::Null();
        continue;
      }
      const std::string_view value = values[at++];
      if (value.data() == nullptr) {
        cells[i] = Cell::Null();
      } else {
        TRY(ScanCell(column, value, batch, &cells[i]));
      }
    }
    batch.rows.push_back({RowOp::kInsert, kNoImage, image});
    ++rows;
    if (batch.cells.size() * sizeof(Cell) + batch.arena.size() < bytes_max) return !stop.stop_requested();
    ASSIGN_OR_RETURN(chunk->cut_after, KeyTextOf(*schema, batch, image));
    return false;
  }));
  TRY(CancelledIf(stop));
  return rows;
}

}  // namespace freshet
