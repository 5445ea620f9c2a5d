// SPDX-License-Identifier: Apache-2.0
#include "sync/job_rows.h"

#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "sql/insert_select.h"

namespace freshet {

using nlohmann::ordered_json;

namespace {

std::string Dump(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::optional<std::string> TimeText(int64_t wall_us) {
  if (wall_us == 0) return std::nullopt;
  const time_t seconds = wall_us / 1'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &utc);
  return text;
}

std::string Quote(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + "'";
}

// user:password@ inside a URL.
std::string MaskUrl(const std::string& url) {
  const size_t scheme = url.find("://");
  const size_t at = url.rfind('@');
  if (scheme == url.npos || at == url.npos || at < scheme) return url;
  const size_t colon = url.find(':', scheme + 3);
  if (colon == url.npos || colon > at) return url;
  return url.substr(0, colon + 1) + "***" + url.substr(at);
}

std::string PropertyList(const Properties& properties) {
  std::string list;
  for (const auto& [key, value] : properties) {
    if (key == "password") continue;
    if (!list.empty()) list += ", ";
    const bool url = key == "jdbc_url";
    list += Quote(key) + "=" + Quote(url ? MaskUrl(value.substr(0, value.find('?'))) : value);
  }
  return list;
}

std::string ErrorText(const JobState& state) {
  const auto* paused = std::get_if<JobPaused>(&state);
  if (paused == nullptr) return "";
  return Dump({{"code", paused->error_code}, {"msg", paused->message}});
}

// Doris' text, without its time: the job lists every max_interval seconds.
constexpr std::string_view kNothingToLoad =
    "No data available for consumption at the moment, will retry after max_interval";

std::string RuntimeText(const JobView& view) {
  const auto* paused = std::get_if<JobPaused>(&view.job.state);
  const bool waits_for_objects = std::holds_alternative<JobRunning>(view.job.state) && view.lag_ms == 0 &&
                                 std::holds_alternative<ObjectPosition>(view.current.at);
  if (waits_for_objects) return std::string(kNothingToLoad);
  if (paused == nullptr) return "";
  std::string text;
  if (paused->resume_at_us != 0) {
    text = "will resume automatically after " + std::to_string(paused->resume_at_us / 1000);
  }
  if (view.job.kind == SourceKind::kPostgres) {
    if (!text.empty()) text += "; ";
    text += "the replication slot keeps its place: the source retains WAL until the job is resumed or dropped";
  }
  return text;
}

// "" stays "", as everywhere in these tables an absent value is an empty text.
std::string PositionText(const Position& position) {
  return position.empty() ? "" : position.ToJson();
}

// What was last seen of the source's end may lie behind what was applied since.
const Position& EndOf(const JobView& view) {
  const auto* listed = std::get_if<ObjectPosition>(&view.source_end.at);
  const auto* loaded = std::get_if<ObjectPosition>(&view.current.at);
  const bool behind = listed != nullptr && loaded != nullptr ? listed->file_name <= loaded->file_name
                                                             : view.current.Covers(view.source_end);
  return behind ? view.current : view.source_end;
}

ordered_json PositionValue(const Position& position) {
  return position.empty() ? ordered_json(nullptr) : ordered_json::parse(position.ToJson(), nullptr, false);
}

}  // namespace

std::string ExecuteSql(const JobDefinition& job) {
  if (job.insert) return ShowInsert(*job.insert);
  std::string sql = job.kind == SourceKind::kMysql ? "FROM MYSQL(" : "FROM POSTGRES(";
  sql += PropertyList(job.properties.source) + ") TO DATABASE " + job.target_database;
  if (!job.properties.target.empty()) sql += " (" + PropertyList(job.properties.target) + ")";
  return sql;
}

std::vector<std::string> JobColumns() {
  return {"Id",
          "Name",
          "Definer",
          "ExecuteType",
          "RecurringStrategy",
          "Status",
          "ExecuteSql",
          "CreateTime",
          "SucceedTaskCount",
          "FailedTaskCount",
          "CanceledTaskCount",
          "Comment",
          "Properties",
          "CurrentOffset",
          "EndOffset",
          "LoadStatistic",
          "ErrorMsg",
          "JobRuntimeMsg",
          "Lag",
          "LastSourceEventTimestamp",
          "LastTaskSuccessTime"};
}

SystemRow JobRow(const JobView& view) {
  const JobDefinition& job = view.job;
  ordered_json properties = ordered_json::object();
  for (const auto& [key, value] : job.properties.job) properties[key] = value;
  const ordered_json statistic = {{"scannedRows", view.statistics.rows_read},
                                  {"loadBytes", view.statistics.bytes},
                                  {"fileNumber", view.statistics.files},
                                  {"fileSize", view.statistics.file_bytes},
                                  {"filteredRows", view.statistics.rows_filtered}};
  return {std::to_string(job.id.value),
          job.name,
          job.definer,
          "STREAMING",
          "",
          std::string(JobStateName(job.state)),
          ExecuteSql(job),
          TimeText(job.created_us),
          std::to_string(view.statistics.tasks_succeeded),
          std::to_string(view.statistics.tasks_failed),
          std::to_string(view.statistics.tasks_canceled),
          job.comment,
          job.properties.job.empty() ? "" : Dump(properties),
          PositionText(view.current),
          PositionText(EndOf(view)),
          Dump(statistic),
          ErrorText(job.state),
          RuntimeText(view),
          std::to_string(view.lag_ms),
          view.statistics.last_event_us == 0 ? "" : std::to_string(view.statistics.last_event_us / 1'000'000),
          TimeText(view.statistics.last_success_us)};
}

std::vector<std::string> TaskColumns() {
  return {"TaskId",    "JobId",      "JobName",     "Label",         "Status", "ErrorMsg",      "CreateTime",
          "StartTime", "FinishTime", "TrackingUrl", "LoadStatistic", "User",   "FirstErrorMsg", "RunningOffset"};
}

namespace {

// Doris' shapes: of objects the names, of a log the places.
ordered_json RunningOffset(const TaskRecord& task) {
  const auto* to = std::get_if<ObjectPosition>(&task.to.at);
  if (to == nullptr) {
    return {
        {"splitId", "binlog-split"}, {"startOffset", PositionValue(task.from)}, {"endOffset", PositionValue(task.to)}};
  }
  const auto* from = std::get_if<ObjectPosition>(&task.from.at);
  return {{"startFileName", from == nullptr ? "" : from->file_name}, {"endFileName", to->file_name}};
}

}  // namespace

SystemRow TaskRow(const JobDefinition& job, const TaskRecord& task) {
  const ordered_json statistic = {{"scannedRows", task.rows_read},
                                  {"loadBytes", task.bytes},
                                  {"loadedRows", task.rows_loaded},
                                  {"filteredRows", task.rows_filtered + task.rows_rejected},
                                  {"rejectedRows", task.rows_rejected}};
  const ordered_json offsets = RunningOffset(task);
  const std::string id = std::to_string(task.id.value);
  return {id,
          std::to_string(job.id.value),
          job.name,
          std::to_string(job.id.value) + "_" + id,
          task.status,
          task.error,
          TimeText(task.created_us),
          TimeText(task.created_us),
          TimeText(task.finished_us),
          "",
          Dump(statistic),
          job.definer,
          task.error,
          Dump(offsets)};
}

std::vector<std::string> JobTableColumns() {
  return {"JobName",    "SourceTable",   "TargetTable",   "State", "ChunksDone", "ChunksTotal",
          "RowsCopied", "RowsEstimated", "EventsApplied", "Lag",   "LastError",  "ExcludedColumns"};
}

SystemRow JobTableRow(const std::string& job_name, const TableProgress& table) {
  return {job_name,
          table.source.ToString(),
          table.target,
          table.state,
          std::to_string(table.chunks_done),
          std::to_string(table.chunks_total),
          std::to_string(table.rows_copied),
          std::to_string(table.rows_estimated),
          std::to_string(table.events_applied),
          std::to_string(table.lag_ms),
          table.last_error,
          table.excluded_columns};
}

}  // namespace freshet
