// SPDX-License-Identifier: Apache-2.0
#include "sync/job_options.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "sync/source_properties.h"

namespace freshet {

namespace {

Status Invalid(std::string message) {
  return Status(Code::kInvalid, std::move(message));
}

Status ParseJobProperties(const Properties& properties, JobOptions& options) {
  for (const auto& [key, value] : properties) {
    if (key.starts_with("__") || key.starts_with("session.") || key == "compute_group") continue;
    if (key == "offset") {
      ASSIGN_OR_RETURN(options.start, Position::FromJson(value));
      options.offset = OffsetMode::kPosition;
      continue;
    }
    if (key != "max_interval") {
      return Invalid("Invalid properties: [" + key +
                     "]. Supported keys are [max_interval, offset] or any key starting with 'session.'.");
    }
    int64_t seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error != std::errc() || end != value.data() + value.size() || seconds < 1) {
      return Invalid("max_interval must be at least 1 second, but was " + value);
    }
    options.max_interval_s = seconds;
  }
  return Status::Ok();
}

Status ParseTargetProperties(const Properties& properties, JobOptions& options) {
  for (const auto& [key, value] : properties) {
    if (key.starts_with("table.create.properties.")) continue;  // our tables have no such settings
    if (key == "load.max_filter_ratio") {
      char* end = nullptr;
      options.max_filter_ratio = std::strtod(value.c_str(), &end);
      const bool number = !value.empty() && end == value.c_str() + value.size();
      if (!number || !(options.max_filter_ratio >= 0 && options.max_filter_ratio <= 1)) {
        return Invalid("Invalid value for key 'load.max_filter_ratio': " + value + ". Use a number from 0 to 1.");
      }
    } else if (key == "load.strict_mode") {
      if (value != "true" && value != "false") {
        return Invalid("Invalid value for key 'load.strict_mode': " + value + ". Use true or false.");
      }
      options.strict_mode = value == "true";
    } else if (key.starts_with("load.")) {
      return Invalid("Unsupported load property: '" + key +
                     "'. Supported keys: [load.max_filter_ratio, load.strict_mode]");
    } else {
      return Invalid("Not support target properties key " + key);
    }
  }
  return Status::Ok();
}

template <typename Map>
auto FindByTable(const Map& map, const TableName& source) {
  const auto qualified = map.find(source.ToString());
  return qualified != map.end() ? qualified : map.find(source.table);
}

}  // namespace

std::string JobOptions::TargetName(const TableName& source) const {
  const auto renamed = FindByTable(target_names, source);
  return renamed == target_names.end() ? source.table : renamed->second;
}

bool JobOptions::IsRenamed(const TableName& source) const {
  return FindByTable(target_names, source) != target_names.end();
}

const std::vector<std::string>* JobOptions::ExcludedColumns(const TableName& source) const {
  const auto excluded = FindByTable(exclude_columns, source);
  return excluded == exclude_columns.end() ? nullptr : &excluded->second;
}

const std::string* FindProperty(const Properties& properties, std::string_view key) {
  for (const auto& [name, value] : properties) {
    if (name == key) return &value;
  }
  return nullptr;
}

Result<ParsedJob> ParseJob(SourceKind kind, const Properties& job, const Properties& source, const Properties& target) {
  ParsedJob parsed;
  TRY(ParseSourceProperties(kind, source, parsed));
  TRY(ParseTargetProperties(target, parsed.options));
  // Last: an offset set by ALTER JOB replaces the one of the source's properties.
  TRY(ParseJobProperties(job, parsed.options));
  return parsed;
}

Result<ParsedJob> ParseInsertJob(const InsertSelect& insert, const Properties& job) {
  ParsedJob parsed;
  ASSIGN_OR_RETURN(parsed.mode, ModeOfInsert(insert));
  ASSIGN_OR_RETURN(parsed.insert, ParseInsertOptions(parsed.mode, job));
  Properties shared;
  for (const auto& [key, value] : job) {
    if (key == "max_interval" || (key == "offset" && parsed.mode == JobMode::kStream)) shared.emplace_back(key, value);
  }
  if (parsed.mode == JobMode::kStream) {
    ASSIGN_OR_RETURN(const StreamSource source, ParseStreamArguments(insert.arguments));
    TRY(ParseSourceProperties(source.kind, source.properties, parsed));
  }
  TRY(ParseJobProperties(shared, parsed.options));
  return parsed;
}

void BindToJob(JobId job, SourceOptions& source) {
  source.job = job;
  if (source.kind != SourceKind::kPostgres) return;
  const std::string id = std::to_string(job.value);
  // Ownership goes by name: the default name is ours, any other is the user's, even when it looks alike.
  if (source.slot_name.empty()) source.slot_name = "freshet_cdc_" + id;
  if (source.publication_name.empty()) source.publication_name = "freshet_pub_" + id;
  source.owns_slot = source.slot_name == "freshet_cdc_" + id;
  source.owns_publication = source.publication_name == "freshet_pub_" + id;
}

namespace {

bool FixedSourceKey(std::string_view key) {
  for (std::string_view fixed :
       {"jdbc_url", "database", "schema", "include_tables", "exclude_tables", "slot_name", "publication_name"}) {
    if (key == fixed) return true;
  }
  return key.starts_with("snapshot_") || key.starts_with("table.");
}

// Lays `changes` over `properties`; counts values that differ.
int Merge(Properties& properties, const Properties& changes) {
  int changed = 0;
  for (const auto& [key, value] : changes) {
    auto found = properties.begin();
    while (found != properties.end() && found->first != key) ++found;
    if (found == properties.end()) {
      properties.emplace_back(key, value);
      ++changed;
    } else if (found->second != value) {
      found->second = value;
      ++changed;
    }
  }
  return changed;
}

Status CheckAlterable(const JobProperties& current, const AlterJob& alteration) {
  for (const auto& [key, value] : alteration.source_properties) {
    const std::string* before = FindProperty(current.source, key);
    if (before != nullptr && *before == value) continue;
    if (key == "offset") {
      return Invalid("The offset in source properties cannot be modified in ALTER JOB, use PROPERTIES(\"offset\"=...)");
    }
    if (FixedSourceKey(key)) return Invalid("The " + key + " property cannot be modified in ALTER JOB");
  }
  for (const auto& [key, value] : alteration.job_properties) {
    if (key == "offset" && !Position::FromJson(value).ok()) {
      return Invalid(
          "ALTER JOB for CDC only supports JSON specific offset, e.g. "
          "{\"file\":\"binlog.000003\",\"pos\":\"154\"} or {\"lsn\":\"123456\"}");
    }
  }
  return Status::Ok();
}

}  // namespace

Result<JobProperties> MergeAlteration(SourceKind kind, const std::string& target_database, const JobProperties& current,
                                      const AlterJob& alteration) {
  if (alteration.source && *alteration.source != kind) return Invalid("source type can't be modified in ALTER JOB");
  if (alteration.target_database && *alteration.target_database != target_database) {
    return Invalid("target database can't be modified in ALTER JOB");
  }
  JobProperties merged = current;
  Properties job_changes;
  bool offset_given = false;
  bool reload = false;
  for (const auto& [key, value] : alteration.job_properties) {
    if (key == "reload_source_schema") {
      if (value != "true" && value != "false") {
        return Invalid("The reload_source_schema property must be true or false");
      }
      reload = value == "true";  // one shot: not kept among the properties
      continue;
    }
    offset_given = offset_given || key == "offset";
    job_changes.emplace_back(key, value);
  }
  TRY(CheckAlterable(current, alteration));
  const int changed = Merge(merged.job, job_changes) + Merge(merged.source, alteration.source_properties) +
                      Merge(merged.target, alteration.target_properties);
  if (changed == 0 && !offset_given && !reload) {  // the same offset again moves a job back to it
    return Invalid(alteration.source ? "No properties or source or target properties changed in ALTER JOB"
                                     : "No properties or sql changed in ALTER JOB");
  }
  TRY(ParseJob(kind, merged.job, merged.source, merged.target).status());
  return merged;
}

}  // namespace freshet
