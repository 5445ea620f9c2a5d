// SPDX-License-Identifier: Apache-2.0
#include "sync/records.h"

#include <cinttypes>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace freshet {

using nlohmann::json;

namespace {

std::string Digits(uint64_t id) {
  char text[24];
  std::snprintf(text, sizeof text, "%020" PRIu64, id);
  return text;
}

Status Damaged(std::string_view what) {
  return Status(Code::kCorrupt, std::string(what) + " record does not parse");
}

// JSON of arbitrary bytes: invalid UTF-8 in a source's message must not make a record unwritable.
std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json PositionToJson(const Position& position) {
  return position.empty() ? json(nullptr) : json(position.ToJson());
}

Result<Position> PositionFromJson(const json& value) {
  if (!value.is_string()) return Position{};
  return Position::FromJson(value.get<std::string>());
}

json PropertiesToJson(const Properties& properties) {
  json list = json::array();
  for (const auto& [key, value] : properties) list.push_back({key, value});
  return list;
}

Properties PropertiesFromJson(const json& list) {
  Properties properties;
  for (const json& pair : list) properties.emplace_back(pair.at(0).get<std::string>(), pair.at(1).get<std::string>());
  return properties;
}

json InsertToJson(const InsertSelect& insert) {
  return {{"database", insert.database}, {"table", insert.table},   {"columns", insert.columns},
          {"function", insert.function}, {"select", insert.select}, {"arguments", PropertiesToJson(insert.arguments)}};
}

InsertSelect InsertFromJson(const json& value) {
  return {value.at("database").get<std::string>(),
          value.at("table").get<std::string>(),
          value.value("columns", std::vector<std::string>()),
          value.at("function").get<std::string>(),
          PropertiesFromJson(value.at("arguments")),
          value.at("select").get<std::string>()};
}

void InsertMembersToJson(const JobDefinition& job, json& value) {
  if (!job.insert) return;
  value["insert"] = InsertToJson(*job.insert);
  value["target"] = job.target.value;
  value["kept_columns"] = job.kept_columns;
  if (job.accepted_shape) value["accepted_shape"] = EncodeSchema(*job.accepted_shape);
  value["file_columns"] = job.file_columns;
}

Status InsertMembersFromJson(const json& value, JobDefinition& job) {
  if (!value.contains("insert")) return Status::Ok();
  if (value.contains("accepted_shape")) {
    ASSIGN_OR_RETURN(job.accepted_shape, DecodeSchema(value.at("accepted_shape").get<std::string>()));
  }
  job.insert = InsertFromJson(value.at("insert"));
  job.target = TableId{value.at("target").get<uint64_t>()};
  job.kept_columns = value.value("kept_columns", std::vector<std::string>());
  job.file_columns = value.value("file_columns", "");
  return Status::Ok();
}

json JobStateToJson(const JobState& state) {
  json value = {{"name", JobStateName(state)}};
  if (const auto* pending = std::get_if<JobPending>(&state)) value["tries"] = pending->tries_done;
  if (const auto* running = std::get_if<JobRunning>(&state)) value["tries"] = running->tries_done;
  if (const auto* paused = std::get_if<JobPaused>(&state)) {
    value["tries"] = paused->tries_done;
    value["code"] = paused->error_code;
    value["message"] = paused->message;
    value["resume_at_us"] = paused->resume_at_us;
  }
  return value;
}

Result<JobState> JobStateFromJson(const json& value) {
  const std::string name = value.at("name").get<std::string>();
  const int tries = value.value("tries", 0);
  if (name == "PENDING") return JobState(JobPending{tries});
  if (name == "RUNNING") return JobState(JobRunning{tries});
  if (name == "PAUSED") {
    return JobState(
        JobPaused{value.value("code", ""), value.value("message", ""), value.value("resume_at_us", int64_t{0}), tries});
  }
  if (name == "FINISHED") return JobState(JobFinished{});
  if (name == "STOPPED") return JobState(JobStopped{});
  return Damaged("job");
}

json TableStateToJson(const TableState& state) {
  json value = {{"name", TableStateName(state)}};
  if (const auto* catching_up = std::get_if<TableCatchingUp>(&state)) {
    value["ready_at"] = PositionToJson(catching_up->ready_at);
  }
  if (const auto* stopped = std::get_if<TableStopped>(&state)) value["reason"] = stopped->reason;
  return value;
}

Result<TableState> TableStateFromJson(const json& value) {
  const std::string name = value.at("name").get<std::string>();
  if (name == "WAITING") return TableState(TableWaiting{});
  if (name == "COPYING") return TableState(TableCopying{});
  if (name == "READY") return TableState(TableReady{});
  if (name == "STOPPED") return TableState(TableStopped{value.value("reason", "")});
  if (name != "CATCHING_UP") return Damaged("table");
  ASSIGN_OR_RETURN(Position ready_at, PositionFromJson(value.value("ready_at", json())));
  return TableState(TableCatchingUp{std::move(ready_at)});
}

// Runs `decode` on the parsed text; library exceptions end here.
template <typename T, typename Decode>
Result<T> Parse(std::string_view text, std::string_view what, Decode decode) {
  const json value = json::parse(text, nullptr, false);
  if (!value.is_object()) return Damaged(what);
  try {
    return decode(value);
  } catch (const json::exception&) {
    return Damaged(what);
  }
}

}  // namespace

std::string JobKey(JobId job) {
  return std::string(kJobKeyPrefix) + Digits(job.value);
}
std::string TableKeyPrefix(JobId job) {
  return "table/" + Digits(job.value) + "/";
}
std::string TableKey(JobId job, const TableName& table) {
  std::string key = TableKeyPrefix(job) + table.schema;
  key.push_back('\0');
  return key + table.table;
}
std::string TaskKeyPrefix(JobId job) {
  return "task/" + Digits(job.value) + "/";
}
std::string TaskKey(JobId job, TaskId task) {
  return TaskKeyPrefix(job) + Digits(task.value);
}
std::string StatisticsKey(JobId job) {
  return "stats/" + Digits(job.value);
}

std::string EncodeJob(const JobDefinition& job) {
  json value = {{"id", job.id.value},
                {"name", job.name},
                {"definer", job.definer},
                {"comment", job.comment},
                {"created_us", job.created_us},
                {"source", job.kind == SourceKind::kMysql ? "mysql" : "postgres"},
                {"target_database", job.target_database},
                {"job_properties", PropertiesToJson(job.properties.job)},
                {"source_properties", PropertiesToJson(job.properties.source)},
                {"target_properties", PropertiesToJson(job.properties.target)},
                {"added_tables", job.added_tables},
                {"removed_tables", job.removed_tables},
                {"reload_schema", job.reload_schema},
                {"state", JobStateToJson(job.state)}};
  InsertMembersToJson(job, value);
  return Dump(value);
}

Result<JobDefinition> DecodeJob(std::string_view text) {
  return Parse<JobDefinition>(text, "job", [](const json& value) -> Result<JobDefinition> {
    JobDefinition job;
    job.id = JobId{value.at("id").get<uint64_t>()};
    job.name = value.at("name").get<std::string>();
    job.definer = value.value("definer", "");
    job.comment = value.value("comment", "");
    job.created_us = value.value("created_us", int64_t{0});
    job.kind = value.at("source").get<std::string>() == "mysql" ? SourceKind::kMysql : SourceKind::kPostgres;
    job.target_database = value.at("target_database").get<std::string>();
    job.properties.job = PropertiesFromJson(value.at("job_properties"));
    job.properties.source = PropertiesFromJson(value.at("source_properties"));
    job.properties.target = PropertiesFromJson(value.at("target_properties"));
    job.added_tables = value.value("added_tables", std::vector<std::string>());
    job.removed_tables = value.value("removed_tables", std::vector<std::string>());
    TRY(InsertMembersFromJson(value, job));
    job.reload_schema = value.value("reload_schema", false);
    ASSIGN_OR_RETURN(job.state, JobStateFromJson(value.at("state")));
    return job;
  });
}

std::string EncodeTable(const TableRecord& table) {
  return Dump({{"schema", table.source.schema},
               {"table", table.source.table},
               {"target", table.target},
               {"id", table.id.value},
               {"state", TableStateToJson(table.state)},
               {"source_schema", table.source_schema ? json(EncodeSchema(*table.source_schema)) : json(nullptr)},
               {"partial_history", table.partial_history},
               {"follow_from", PositionToJson(table.follow_from)},
               {"progress", table.progress.ToJson()},
               {"copy_again", table.copy_again},
               {"passes", table.passes},
               {"rows_copied", table.rows_copied},
               {"rows_estimated", table.rows_estimated},
               {"events_applied", table.events_applied}});
}

Result<TableRecord> DecodeTable(std::string_view text) {
  return Parse<TableRecord>(text, "table", [](const json& value) -> Result<TableRecord> {
    TableRecord table;
    table.source = {value.at("schema").get<std::string>(), value.at("table").get<std::string>()};
    table.target = value.at("target").get<std::string>();
    table.id = TableId{value.at("id").get<uint64_t>()};
    ASSIGN_OR_RETURN(table.state, TableStateFromJson(value.at("state")));
    if (value.at("source_schema").is_string()) {
      ASSIGN_OR_RETURN(table.source_schema, DecodeSchema(value.at("source_schema").get<std::string>()));
    }
    table.partial_history = value.value("partial_history", false);
    ASSIGN_OR_RETURN(table.follow_from, PositionFromJson(value.value("follow_from", json())));
    ASSIGN_OR_RETURN(table.progress, CopyProgress::FromJson(value.at("progress")));
    table.copy_again = value.value("copy_again", false);
    table.passes = value.value("passes", 0);
    table.rows_copied = value.value("rows_copied", int64_t{0});
    table.rows_estimated = value.value("rows_estimated", int64_t{-1});
    table.events_applied = value.value("events_applied", int64_t{0});
    return table;
  });
}

std::string EncodeTask(const TaskRecord& task) {
  return Dump({{"id", task.id.value},
               {"status", task.status},
               {"error", task.error},
               {"created_us", task.created_us},
               {"finished_us", task.finished_us},
               {"from", PositionToJson(task.from)},
               {"to", PositionToJson(task.to)},
               {"rows_read", task.rows_read},
               {"rows_loaded", task.rows_loaded},
               {"rows_filtered", task.rows_filtered},
               {"rows_rejected", task.rows_rejected},
               {"bytes", task.bytes},
               {"committed_us", task.committed_us},
               {"schema_version", task.schema_version},
               {"hash", task.hash.ToText()}});
}

Result<TaskRecord> DecodeTask(std::string_view text) {
  return Parse<TaskRecord>(text, "task", [](const json& value) -> Result<TaskRecord> {
    TaskRecord task;
    task.id = TaskId{value.at("id").get<uint64_t>()};
    task.status = value.at("status").get<std::string>();
    task.error = value.value("error", "");
    task.created_us = value.value("created_us", int64_t{0});
    task.finished_us = value.value("finished_us", int64_t{0});
    ASSIGN_OR_RETURN(task.from, PositionFromJson(value.value("from", json())));
    ASSIGN_OR_RETURN(task.to, PositionFromJson(value.value("to", json())));
    task.rows_read = value.value("rows_read", int64_t{0});
    task.rows_loaded = value.value("rows_loaded", int64_t{0});
    task.rows_filtered = value.value("rows_filtered", int64_t{0});
    task.rows_rejected = value.value("rows_rejected", int64_t{0});
    task.bytes = value.value("bytes", int64_t{0});
    task.committed_us = value.value("committed_us", int64_t{0});
    task.schema_version = value.value("schema_version", uint32_t{0});
    ASSIGN_OR_RETURN(task.hash, ContentHash::FromText(value.value("hash", "0,0,0")));
    return task;
  });
}

std::string EncodeStatistics(const JobStatistics& statistics) {
  return Dump({{"rows_read", statistics.rows_read},
               {"rows_filtered", statistics.rows_filtered},
               {"rows_rejected", statistics.rows_rejected},
               {"bytes", statistics.bytes},
               {"files", statistics.files},
               {"file_bytes", statistics.file_bytes},
               {"newest_task", statistics.newest_task.value},
               {"to", PositionToJson(statistics.to)},
               {"tasks_succeeded", statistics.tasks_succeeded},
               {"tasks_failed", statistics.tasks_failed},
               {"tasks_canceled", statistics.tasks_canceled},
               {"last_success_us", statistics.last_success_us},
               {"last_event_us", statistics.last_event_us}});
}

Result<JobStatistics> DecodeStatistics(std::string_view text) {
  return Parse<JobStatistics>(text, "statistics", [](const json& value) -> Result<JobStatistics> {
    JobStatistics statistics;
    statistics.rows_read = value.value("rows_read", int64_t{0});
    statistics.rows_filtered = value.value("rows_filtered", int64_t{0});
    statistics.rows_rejected = value.value("rows_rejected", int64_t{0});
    statistics.bytes = value.value("bytes", int64_t{0});
    statistics.files = value.value("files", int64_t{0});
    statistics.file_bytes = value.value("file_bytes", int64_t{0});
    statistics.newest_task = TaskId{value.value("newest_task", uint64_t{0})};
    ASSIGN_OR_RETURN(statistics.to, PositionFromJson(value.value("to", json())));
    statistics.tasks_succeeded = value.value("tasks_succeeded", int64_t{0});
    statistics.tasks_failed = value.value("tasks_failed", int64_t{0});
    statistics.tasks_canceled = value.value("tasks_canceled", int64_t{0});
    statistics.last_success_us = value.value("last_success_us", int64_t{0});
    statistics.last_event_us = value.value("last_event_us", int64_t{0});
    return statistics;
  });
}

}  // namespace freshet
