// SPDX-License-Identifier: Apache-2.0
#include "sync/insert_options.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <set>

#include "cdc/change/position.h"
#include "sync/jdbc_url.h"
#include "sync/job_options.h"

namespace freshet {

namespace {

constexpr uint64_t kBatchBytesMin = 100ull << 20;

Status Invalid(std::string message) {
  return Status(Code::kInvalid, std::move(message));
}

template <size_t N>
bool OneOf(std::string_view key, const std::string_view (&keys)[N]) {
  return std::find(std::begin(keys), std::end(keys), key) != std::end(keys);
}

std::optional<uint64_t> Number(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<bool> Boolean(std::string_view text) {
  if (text == "true" || text == "1" || text == "on") return true;
  if (text == "false" || text == "0" || text == "off") return false;
  return std::nullopt;
}

// Settings of a load in Doris that change nothing here: each of them is about resources or deadlines, none about
// which rows are loaded.
constexpr std::string_view kSessionWithoutEffect[] = {
    "insert_timeout", "query_timeout", "exec_mem_limit", "parallel_pipeline_task_num", "batch_size", "enable_profile"};

Status ParseSession(std::string_view name, const std::string& value, InsertOptions& options) {
  const auto wrong_value = [&](std::string_view hint) {
    return Invalid("Invalid session variable, " + std::string(name) + ": " + value + ". " + std::string(hint));
  };
  if (name == "enable_insert_strict") {
    const std::optional<bool> strict = Boolean(value);
    if (!strict) return wrong_value("Use true or false.");
    options.strict = *strict;
    return Status::Ok();
  }
  if (name == "insert_max_filter_ratio") {
    char* end = nullptr;
    options.max_filter_ratio = std::strtod(value.c_str(), &end);
    const bool number = !value.empty() && end == value.c_str() + value.size();
    if (!number || !(options.max_filter_ratio >= 0 && options.max_filter_ratio <= 1)) {
      return wrong_value("Use a number from 0 to 1.");
    }
    return Status::Ok();
  }
  if (name == "time_zone") {
    if (value == "+00:00" || value == "UTC") return Status::Ok();
    return wrong_value("Times are UTC: use '+00:00', or convert in the SELECT.");
  }
  if (OneOf(name, kSessionWithoutEffect)) return Status::Ok();
  return Invalid("Invalid session variable, " + std::string(name));
}

Status ParseIngestion(const std::string& key, const std::string& value, ObjectRules& rules) {
  if (key == "s3.max_batch_files") {
    const std::optional<uint64_t> files = Number(value);
    if (!files || *files < 1) return Invalid("s3.max_batch_files must be at least 1, but was " + value);
    rules.batch_files_max = *files;
  } else if (key == "s3.max_batch_bytes") {
    const std::optional<uint64_t> bytes = Number(value);
    if (!bytes || *bytes < kBatchBytesMin || *bytes > kBatchBytesDefault) {
      return Invalid("s3.max_batch_bytes must be between 100 MB and 10 GB, but was " + value);
    }
    rules.batch_bytes_max = *bytes;
  } else if (key == "s3.ingestion_mode") {
    if (value == "TRACKED") {
      rules.mode = IngestionMode::kTracked;
    } else if (value == "ORDERED_LIST") {
      rules.mode = IngestionMode::kOrderedList;
    } else if (value == "ONE_TIME") {
      rules.mode = IngestionMode::kOneTime;
    } else {
      return Invalid("Unsupported s3.ingestion_mode: " + value + ". Use TRACKED, ORDERED_LIST or ONE_TIME.");
    }
  } else {
    if (value == "error") {
      rules.on_change = OnChange::kError;
    } else if (value == "ignore") {
      rules.on_change = OnChange::kIgnore;
    } else if (value == "reload") {
      rules.on_change = OnChange::kReload;
    } else {
      return Invalid("Invalid value for key 's3.on_change': " + value + ". Use ignore, reload or error.");
    }
  }
  return Status::Ok();
}

Status ParseObjectOffset(const std::string& value, InsertOptions& options) {
  const Result<Position> position = Position::FromJson(value);
  const auto* at = position.ok() ? std::get_if<ObjectPosition>(&position->at) : nullptr;
  if (at == nullptr || at->file_name.empty()) {
    return Invalid("Invalid format for offset: " + value + R"(. Use {"fileName":"<key>"}.)");
  }
  options.objects.start_after = at->file_name;
  options.offset = value;
  return Status::Ok();
}

constexpr std::string_view kIngestionKeys[] = {"s3.max_batch_files", "s3.max_batch_bytes", "s3.ingestion_mode",
                                               "s3.on_change"};

}  // namespace

Result<JobMode> ModeOfInsert(const InsertSelect& insert) {
  if (insert.function == "cdc_stream") return JobMode::kStream;
  if (insert.function == "s3") return JobMode::kObjects;
  return Invalid("Unsupported table function: " + insert.function + ". A job reads from cdc_stream(..) or s3(..)");
}

Result<InsertOptions> ParseInsertOptions(JobMode mode, const Properties& job_properties) {
  InsertOptions options;
  for (const auto& [key, value] : job_properties) {
    if (key.starts_with("__") || key == "compute_group" || key == "max_interval") continue;
    if (key.starts_with("session.")) {
      TRY(ParseSession(std::string_view(key).substr(8), value, options));
    } else if (mode == JobMode::kObjects && OneOf(key, kIngestionKeys)) {
      TRY(ParseIngestion(key, value, options.objects));
    } else if (key == "offset") {
      if (mode == JobMode::kObjects) TRY(ParseObjectOffset(value, options));
    } else {
      const char* keys = mode == JobMode::kObjects
                             ? "max_interval, offset, s3.max_batch_files, s3.max_batch_bytes, s3.ingestion_mode, "
                               "s3.on_change"
                             : "max_interval, offset";
      return Invalid("Invalid properties: [" + key + "]. Supported keys are [" + keys +
                     "] or any key starting with 'session.'.");
    }
  }
  if (options.objects.mode == IngestionMode::kOneTime && options.offset) {
    return Invalid("offset is not supported when s3.ingestion_mode is ONE_TIME");
  }
  return options;
}

namespace {

constexpr std::string_view kStreamKeys[] = {"jdbc_url",
                                            "driver_url",
                                            "driver_class",
                                            "user",
                                            "password",
                                            "database",
                                            "schema",
                                            "offset",
                                            "server_id",
                                            "snapshot_split_size",
                                            "snapshot_parallelism",
                                            "skip_snapshot_backfill",
                                            "ssl_mode",
                                            "ssl_rootcert",
                                            "slot_name",
                                            "publication_name"};

// An entry of include_tables that is this name and nothing else.
std::string ExactEntry(std::string_view name) {
  std::string entry;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                       static_cast<unsigned char>(c) >= 0x80;
    if (!plain) entry.push_back('\\');
    entry.push_back(c);
  }
  return entry;
}

bool EqualsNoCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? x + 32 : x) == (y >= 'A' && y <= 'Z' ? y + 32 : y);
  });
}

// By the property or in the URL; a URL that does not parse is reported by whoever parses it.
bool NamesDatabase(const Properties& properties) {
  const std::string* const database = FindProperty(properties, "database");
  if (database != nullptr) return !database->empty();
  const Result<SourceUrl> url = ParseSourceUrl(*FindProperty(properties, "jdbc_url"));
  return !url.ok() || !url->database.empty();
}

}  // namespace

Result<StreamSource> ParseStreamArguments(const Properties& arguments) {
  StreamSource source;
  std::string type;
  std::string schema;
  bool has_url = false;
  std::set<std::string_view> seen;
  for (const auto& [key, value] : arguments) {
    if (!seen.insert(key).second) return Invalid("Duplicate key: '" + key + "'");
    if (key == "type") {
      type = value;
    } else if (key == "table") {
      source.table = value;
    } else if (key == "include_delete_sign") {  // deletes are applied anyway
      if (value != "true" && value != "false") {
        return Invalid("Invalid value for key 'include_delete_sign': " + value + ". Use true or false.");
      }
    } else if (key == "snapshot_split_key") {  // chunks are always cut by the table's key
      continue;
    } else if (OneOf(key, kStreamKeys)) {
      has_url = has_url || (key == "jdbc_url" && !value.empty());
      if (key == "schema") schema = value;
      source.properties.emplace_back(key, value);
    } else {
      return Invalid("Unexpected key: '" + key + "'");
    }
  }
  if (!has_url) return Invalid("jdbc_url is required");
  if (type.empty()) return Invalid("type is required");
  if (EqualsNoCase(type, "mysql")) {
    source.kind = SourceKind::kMysql;
  } else if (EqualsNoCase(type, "postgres")) {
    source.kind = SourceKind::kPostgres;
  } else {
    return Invalid("Unsupported type: " + type + ". Use mysql or postgres.");
  }
  if (source.table.empty()) return Invalid("table is required");
  if (source.kind == SourceKind::kMysql && !NamesDatabase(source.properties)) {
    return Invalid("database is required for MySQL");
  }
  if (source.kind == SourceKind::kPostgres) {
    if (schema.empty()) return Invalid("schema is required");
    if (schema.find(',') != schema.npos)
      return Invalid("Invalid value for key 'schema': " + schema + ". Use one schema.");
  }
  source.properties.emplace_back("include_tables", ExactEntry(source.table));
  return source;
}

}  // namespace freshet
