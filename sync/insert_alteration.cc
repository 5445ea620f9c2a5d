// SPDX-License-Identifier: Apache-2.0
#include "sync/insert_alteration.h"

#include "cdc/change/position.h"
#include "sql/insert_select.h"

namespace freshet {

namespace {

// As ShowInsert writes secrets: who alters a job with the text that jobs() shows means the old ones.
constexpr std::string_view kShownSecret = "******";

Status Invalid(std::string message) {
  return Status(Code::kInvalid, std::move(message));
}

bool FixedStreamArgument(std::string_view key) {
  for (const std::string_view fixed :
       {"type", "jdbc_url", "database", "schema", "table", "offset", "slot_name", "publication_name"}) {
    if (key == fixed) return true;
  }
  return key.starts_with("snapshot_");
}

Status CheckArgument(const InsertSelect& now, const std::string& key, const std::string* before,
                     const std::string* after) {
  const bool same = before != nullptr && after != nullptr ? *before == *after : before == after;
  if (same) return Status::Ok();
  if (now.function == "s3" && key == "uri") return Invalid("The uri property cannot be modified in ALTER JOB");
  if (now.function == "cdc_stream" && FixedStreamArgument(key)) {
    return Invalid("The '" + key + "' property cannot be modified in ALTER JOB for cdc_stream");
  }
  return Status::Ok();
}

Result<InsertSelect> MergeInsert(const InsertSelect& now, InsertSelect altered) {
  if (altered.database != now.database || altered.table != now.table) {
    return Invalid("The target table cannot be modified in ALTER JOB");
  }
  if (altered.function != now.function) return Invalid("The table function cannot be modified in ALTER JOB");
  for (auto& [key, value] : altered.arguments) {
    const std::string* before = FindProperty(now.arguments, key);
    if (before != nullptr && IsSecretProperty(key) && value == kShownSecret) value = *before;
    TRY(CheckArgument(now, key, before, &value));
  }
  for (const auto& [key, value] : now.arguments) {
    TRY(CheckArgument(now, key, &value, FindProperty(altered.arguments, key)));
  }
  return altered;
}

// Returns whether anything differs.
Result<bool> MergeProperties(JobMode mode, const Properties& changes, Properties& properties) {
  bool changed = false;
  for (const auto& [key, value] : changes) {
    if (key == "reload_source_schema") {
      return Invalid("The reload_source_schema property is only supported for CDC jobs that mirror a database");
    }
    if (key == "offset" && mode == JobMode::kStream && !Position::FromJson(value).ok()) {
      return Invalid(
          "ALTER JOB for CDC only supports JSON specific offset, e.g. "
          "{\"file\":\"binlog.000003\",\"pos\":\"154\"} or {\"lsn\":\"123456\"}");
    }
    auto found = properties.begin();
    while (found != properties.end() && found->first != key) ++found;
    // The same offset again moves a job back to it.
    changed = changed || found == properties.end() || found->second != value || key == "offset";
    if (found == properties.end()) {
      properties.emplace_back(key, value);
    } else {
      found->second = value;
    }
  }
  return changed;
}

}  // namespace

Result<InsertAlteration> MergeInsertAlteration(const JobDefinition& job, const AlterJob& alteration) {
  if (alteration.source || alteration.target_database || !alteration.source_properties.empty() ||
      !alteration.target_properties.empty()) {
    return Invalid("source type can't be modified in ALTER JOB");
  }
  InsertAlteration merged{*job.insert, job.properties.job, false};
  ASSIGN_OR_RETURN(const JobMode mode, ModeOfInsert(*job.insert));
  ASSIGN_OR_RETURN(bool changed, MergeProperties(mode, alteration.job_properties, merged.job_properties));
  if (alteration.insert) {
    ASSIGN_OR_RETURN(merged.insert, MergeInsert(*job.insert, *alteration.insert));
    merged.select_changed = merged.insert.select != job.insert->select || merged.insert.columns != job.insert->columns;
    changed = changed || merged.select_changed || merged.insert.arguments != job.insert->arguments;
  }
  if (!changed) return Invalid("No properties or sql changed in ALTER JOB");
  TRY(ParseInsertJob(merged.insert, merged.job_properties).status());
  return merged;
}

}  // namespace freshet
