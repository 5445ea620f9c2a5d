// SPDX-License-Identifier: Apache-2.0
#include "sync/ledger_rows.h"

#include <cstdio>
#include <ctime>

namespace freshet {

namespace {

// With microseconds: commits of one second must be told apart.
std::optional<std::string> TimeText(int64_t wall_us) {
  if (wall_us == 0) return std::nullopt;
  const time_t seconds = wall_us / 1'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[40];
  const size_t size = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &utc);
  std::snprintf(text + size, sizeof text - size, ".%06d", static_cast<int>(wall_us % 1'000'000));
  return text;
}

std::string PositionText(const Position& position) {
  return position.empty() ? "" : position.ToJson();
}

}  // namespace

std::vector<std::string> LedgerColumns() {
  return {"JobName",      "TaskId",       "Status", "WindowFrom",  "WindowTo",      "RowsRead",   "RowsLoaded",
          "RowsFiltered", "RowsRejected", "Bytes",  "ContentHash", "SchemaVersion", "CreateTime", "CommitTime"};
}

std::vector<std::optional<std::string>> LedgerRow(const std::string& job_name, const TaskRecord& task) {
  return {job_name,
          std::to_string(task.id.value),
          task.status,
          PositionText(task.from),
          PositionText(task.to),
          std::to_string(task.rows_read),
          std::to_string(task.rows_loaded),
          std::to_string(task.rows_filtered),
          std::to_string(task.rows_rejected),
          std::to_string(task.bytes),
          task.hash.rows() > 0 ? task.hash.hex() : "",
          std::to_string(task.schema_version),
          TimeText(task.created_us),
          TimeText(task.committed_us)};
}

std::vector<std::string> QuarantineColumns() {
  return {"JobName", "Id", "TaskId", "SourceTable", "Position", "Reason", "Row", "CreateTime"};
}

std::vector<std::optional<std::string>> QuarantineRow(const std::string& job_name, uint64_t sequence,
                                                      const QuarantineRecord& record) {
  return {job_name,         std::to_string(sequence),      std::to_string(record.task.value),
          record.table,     PositionText(record.position), record.reason,
          ShownRow(record), TimeText(record.created_us)};
}

}  // namespace freshet
