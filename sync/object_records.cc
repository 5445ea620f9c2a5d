// SPDX-License-Identifier: Apache-2.0
#include "sync/object_records.h"

#include <cinttypes>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace freshet {

using nlohmann::json;

namespace {

std::string KeyPrefix(JobId job) {
  char text[40];
  std::snprintf(text, sizeof text, "object/%020" PRIu64 "/", job.value);
  return text;
}

}  // namespace

std::string ObjectRecordKey(JobId job, std::string_view object_key) {
  return KeyPrefix(job).append(object_key);
}

std::string EncodeObject(const ObjectRecord& record) {
  return json{{"etag", record.etag},
              {"bytes", record.bytes},
              {"read", record.rows_read},
              {"loaded", record.rows_loaded},
              {"filtered", record.rows_filtered},
              {"rejected", record.rows_rejected},
              {"task", record.task.value},
              {"loaded_us", record.loaded_us}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<ObjectRecord> DecodeObject(std::string_view text) {
  const json value = json::parse(text, nullptr, false);
  if (!value.is_object() || !value.contains("etag") || !value["etag"].is_string()) {
    return Status(Code::kCorrupt, "object record does not parse");
  }
  try {
    ObjectRecord record;
    record.etag = value["etag"].get<std::string>();
    record.bytes = value.value("bytes", uint64_t{0});
    record.rows_read = value.value("read", int64_t{0});
    record.rows_loaded = value.value("loaded", int64_t{0});
    record.rows_filtered = value.value("filtered", int64_t{0});
    record.rows_rejected = value.value("rejected", int64_t{0});
    record.task = TaskId{value.value("task", uint64_t{0})};
    record.loaded_us = value.value("loaded_us", int64_t{0});
    return record;
  } catch (const json::exception&) {
    return Status(Code::kCorrupt, "object record does not parse");
  }
}

Result<std::optional<ObjectRecord>> FindObject(const Store& store, JobId job, std::string_view object_key) {
  ASSIGN_OR_RETURN(const std::optional<std::string> text,
                   store.GetRecord(RecordFamily::kJobs, ObjectRecordKey(job, object_key)));
  if (!text) return std::optional<ObjectRecord>();
  ASSIGN_OR_RETURN(ObjectRecord record, DecodeObject(*text));
  return std::optional<ObjectRecord>(std::move(record));
}

Result<std::vector<RecordWrite>> ForgetObjects(const Store& store, JobId job, std::string_view after) {
  const std::string prefix = KeyPrefix(job);
  ASSIGN_OR_RETURN(const auto records, store.ScanRecords(RecordFamily::kJobs, prefix));
  std::vector<RecordWrite> deletions;
  for (const auto& [key, value] : records) {
    if (std::string_view(key).substr(prefix.size()) <= after && !after.empty()) continue;
    deletions.push_back({RecordFamily::kJobs, key, std::nullopt});
  }
  return deletions;
}

}  // namespace freshet
