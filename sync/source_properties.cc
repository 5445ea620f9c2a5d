// SPDX-License-Identifier: Apache-2.0
#include "sync/source_properties.h"

#include <charconv>
#include <set>

#include "sync/jdbc_url.h"
#include "sync/start_time.h"

namespace freshet {

namespace {

Status Invalid(std::string message) {
  return Status(Code::kInvalid, std::move(message));
}
Status InvalidValue(std::string_view key, std::string_view value, std::string_view hint = "") {
  std::string message = "Invalid value for key '" + std::string(key) + "': " + std::string(value);
  if (!hint.empty()) message.append(". ").append(hint);
  return Invalid(std::move(message));
}

constexpr std::string_view kKeys[] = {"jdbc_url",
                                      "driver_url",
                                      "driver_class",
                                      "user",
                                      "password",
                                      "database",
                                      "schema",
                                      "include_tables",
                                      "exclude_tables",
                                      "offset",
                                      "snapshot_split_size",
                                      "snapshot_parallelism",
                                      "skip_snapshot_backfill",
                                      "schema_change_behavior",
                                      "server_id",
                                      "ssl_mode",
                                      "ssl_rootcert",
                                      "slot_name",
                                      "publication_name"};

bool KnownKey(std::string_view key) {
  for (std::string_view known : kKeys) {
    if (key == known) return true;
  }
  return false;
}

Result<int64_t> PositiveInt(std::string_view key, std::string_view value, int64_t max) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || number < 1 || number > max) {
    return InvalidValue(key, value, "Use a positive integer.");
  }
  return number;
}

// Entries of a comma list, without the blanks around them; empty ones are dropped.
std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> entries;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    std::string_view entry = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    while (!entry.empty() && entry.front() == ' ') entry.remove_prefix(1);
    while (!entry.empty() && entry.back() == ' ') entry.remove_suffix(1);
    if (!entry.empty()) entries.emplace_back(entry);
  }
  return entries;
}

// Parts between dots; "\." is a dot inside a part.
std::vector<std::string> SplitDots(std::string_view text) {
  std::vector<std::string> parts(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '.') {
      parts.back().push_back('.');
      ++i;
    } else if (text[i] == '.') {
      parts.emplace_back();
    } else {
      parts.back().push_back(text[i]);
    }
  }
  return parts;
}

Status ParseTableKey(const std::string& key, const std::string& value, ParsedJob& parsed) {
  const std::vector<std::string> parts = SplitDots(key);
  if (parts.size() != 3 || parts[1].empty()) {
    return Invalid("Malformed per-table config key: '" + key + "'. Expected format: table.<tableName>.<suffix>");
  }
  if (parts[2] != "target_table" && parts[2] != "exclude_columns") {
    return Invalid("Unknown per-table config key: '" + key + "'");
  }
  if (value.empty()) return Invalid("Value for per-table config key '" + key + "' must not be empty");
  if (parts[2] == "target_table") {
    parsed.options.target_names[parts[1]] = value;
    return Status::Ok();
  }
  const std::vector<std::string> columns = SplitList(value);
  if (columns.empty()) return Invalid("Value for per-table config key '" + key + "' must not be empty");
  parsed.options.exclude_columns[parts[1]] = columns;
  return Status::Ok();
}

Status ParseAddress(SourceKind kind, const Properties& properties, SourceOptions& source) {
  const std::string* url_text = FindProperty(properties, "jdbc_url");
  if (url_text == nullptr || url_text->empty()) return Invalid("jdbc_url is required property");
  ASSIGN_OR_RETURN(const SourceUrl url, ParseSourceUrl(*url_text));
  if (url.kind != kind) {
    return Invalid("Failed to parse db type from jdbcUrl: the URL's scheme does not fit the source type");
  }
  source.kind = kind;
  source.host = url.host;
  source.port = url.port;
  source.user = url.user;
  source.password = url.password;
  source.database = url.database;
  if (const std::string* user = FindProperty(properties, "user")) source.user = *user;
  const std::string* password = FindProperty(properties, "password");
  if (password != nullptr) source.password = *password;
  if (const std::string* database = FindProperty(properties, "database")) source.database = *database;
  if (source.user.empty()) return Invalid("user is required property");
  if (password == nullptr && url.user.empty()) return Invalid("password is required property");
  if (source.database.empty()) return Invalid("database is required property");
  if (kind == SourceKind::kMysql) {
    if (FindProperty(properties, "schema") != nullptr) return Invalid("Unexpected key: 'schema'");
    source.schemas = {source.database};
    return Status::Ok();
  }
  if (source.database.size() > kPostgresIdentifierBytesMax) {
    return Invalid("database name '" + source.database + "' is " + std::to_string(source.database.size()) +
                   " bytes, exceeding 63 bytes, PostgreSQL's limit for names");
  }
  const std::string* schema = FindProperty(properties, "schema");
  if (schema != nullptr) source.schemas = SplitList(*schema);
  if (source.schemas.empty()) return Invalid("schema is required");
  return Status::Ok();
}

Status ParseServerId(const std::string& value, int parallelism, SourceOptions& source) {
  constexpr std::string_view kHint = "Expected a single value (e.g. '5400') or range (e.g. '5400-5408').";
  const size_t dash = value.find('-');
  const std::string_view first_text = std::string_view(value).substr(0, dash);
  const std::string_view last_text = dash == value.npos ? first_text : std::string_view(value).substr(dash + 1);
  for (const auto& [text, out] :
       {std::pair(first_text, &source.server_id_first), std::pair(last_text, &source.server_id_last)}) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
    if (error != std::errc() || end != text.data() + text.size() || *out < 1) {
      return InvalidValue("server_id", value, kHint);
    }
  }
  if (source.server_id_last < source.server_id_first) return InvalidValue("server_id", value, kHint);
  const uint64_t width = uint64_t{source.server_id_last} - source.server_id_first + 1;
  // A single id is fine: our chunk readers are ordinary connections and need none.
  if (dash != value.npos && width < static_cast<uint64_t>(parallelism)) {
    return Invalid("server_id range size " + std::to_string(width) + " must be >= snapshot_parallelism " +
                   std::to_string(parallelism) + ". Widen the range or lower snapshot_parallelism.");
  }
  return Status::Ok();
}

bool ValidIdentifier(std::string_view name) {
  if (name.empty() || name.size() > kPostgresIdentifierBytesMax) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if ((c >= 'a' && c <= 'z') || c == '_' || (i > 0 && c >= '0' && c <= '9')) continue;
    return false;
  }
  return true;
}

Status ParseOffset(SourceKind kind, const std::string& value, JobOptions& options) {
  if (value == "initial") {
    options.offset = OffsetMode::kInitial;
  } else if (value == "snapshot") {
    options.offset = OffsetMode::kSnapshot;
  } else if (value == "latest") {
    options.offset = OffsetMode::kLatest;
  } else if (value == "earliest" && kind == SourceKind::kMysql) {
    options.offset = OffsetMode::kEarliest;
  } else if (const std::optional<int64_t> time_us = ParseStartTime(value)) {
    if (kind == SourceKind::kPostgres) {
      return InvalidValue("offset", value,
                          "PostgreSQL's log has no index by time and a slot cannot go back: use initial, latest or a "
                          "JSON position.");
    }
    options.offset = OffsetMode::kTime;
    options.start_time_us = *time_us;
  } else {
    Result<Position> position = Position::FromJson(value);
    const bool mysql = position.ok() && std::holds_alternative<MysqlPosition>(position->at);
    const bool postgres = position.ok() && std::holds_alternative<PostgresPosition>(position->at);
    if (!(kind == SourceKind::kMysql ? mysql : postgres)) {
      return InvalidValue("offset", value,
                          kind == SourceKind::kMysql
                              ? "Use initial, snapshot, latest, earliest, a JSON position or a time."
                              : "Use initial, snapshot, latest or a JSON position.");
    }
    options.offset = OffsetMode::kPosition;
    options.start = std::move(position).value();
  }
  return Status::Ok();
}

Status ParseSsl(const Properties& properties, SourceOptions& source) {
  if (const std::string* mode = FindProperty(properties, "ssl_mode")) {
    if (*mode != "disable" && *mode != "require" && *mode != "verify-ca") {
      return InvalidValue("ssl_mode", *mode, "Use disable, require, or verify-ca.");
    }
    source.ssl_mode = *mode;
  }
  const std::string* certificate = FindProperty(properties, "ssl_rootcert");
  if (source.ssl_mode == "verify-ca" && (certificate == nullptr || certificate->empty())) {
    return Invalid("ssl_mode 'verify-ca' requires ssl_rootcert to be set");
  }
  if (certificate == nullptr) return Status::Ok();
  constexpr std::string_view kFilePrefix = "FILE:";
  if (certificate->starts_with("/")) {
    source.ssl_rootcert = *certificate;
    return Status::Ok();
  }
  if (!certificate->starts_with(kFilePrefix) || certificate->size() == kFilePrefix.size()) {
    return Invalid("ssl root cert is not in expected format, should start with FILE:");
  }
  source.ssl_rootcert = certificate->substr(kFilePrefix.size());
  return Status::Ok();
}

Status ParsePostgresNames(SourceKind kind, const Properties& properties, SourceOptions& source) {
  for (const auto& [key, out] :
       {std::pair("slot_name", &source.slot_name), std::pair("publication_name", &source.publication_name)}) {
    const std::string* value = FindProperty(properties, key);
    if (value == nullptr) continue;
    if (kind != SourceKind::kPostgres) return Invalid("Unexpected key: '" + std::string(key) + "'");
    if (!ValidIdentifier(*value)) {
      return InvalidValue(key, *value, "Must match [a-z_][a-z0-9_]* (max 63 characters).");
    }
    *out = *value;
  }
  return Status::Ok();
}

Status ParseCopySettings(SourceKind kind, const Properties& properties, JobOptions& options) {
  if (const std::string* value = FindProperty(properties, "snapshot_split_size")) {
    ASSIGN_OR_RETURN(options.snapshot_split_size, PositiveInt("snapshot_split_size", *value, INT32_MAX));
  }
  if (const std::string* value = FindProperty(properties, "snapshot_parallelism")) {
    ASSIGN_OR_RETURN(const int64_t workers, PositiveInt("snapshot_parallelism", *value, kSnapshotParallelismMax));
    options.snapshot_parallelism = static_cast<int>(workers);
  }
  if (const std::string* value = FindProperty(properties, "skip_snapshot_backfill")) {
    if (*value != "true" && *value != "false") {
      return InvalidValue("skip_snapshot_backfill", *value, "Use true or false.");
    }
  }
  if (const std::string* value = FindProperty(properties, "schema_change_behavior")) {
    if (*value != "evolve" && *value != "ignore") {
      return InvalidValue("schema_change_behavior", *value, "Use evolve or ignore.");
    }
    options.schema_change = *value == "ignore" ? SchemaChangeBehavior::kIgnore : SchemaChangeBehavior::kEvolve;
  }
  if (const std::string* value = FindProperty(properties, "offset")) TRY(ParseOffset(kind, *value, options));
  return Status::Ok();
}

}  // namespace

Status ParseSourceProperties(SourceKind kind, const Properties& properties, ParsedJob& parsed) {
  std::set<std::string_view> seen;
  for (const auto& [key, value] : properties) {
    if (!seen.insert(key).second) return Invalid("Duplicate key: '" + key + "'");
    if (key.starts_with("table.")) {
      TRY(ParseTableKey(key, value, parsed));
    } else if (!KnownKey(key)) {
      return Invalid("Unexpected key: '" + key + "'");
    }
  }
  SourceOptions& source = parsed.source;
  TRY(ParseAddress(kind, properties, source));
  TRY(ParseCopySettings(kind, properties, parsed.options));
  TRY(ParseSsl(properties, source));
  TRY(ParsePostgresNames(kind, properties, source));
  if (const std::string* value = FindProperty(properties, "server_id")) {
    if (kind != SourceKind::kMysql) return Invalid("Unexpected key: 'server_id'");
    TRY(ParseServerId(*value, parsed.options.snapshot_parallelism, source));
  }
  if (const std::string* value = FindProperty(properties, "include_tables")) source.include_tables = *value;
  if (const std::string* value = FindProperty(properties, "exclude_tables")) source.exclude_tables = *value;
  ASSIGN_OR_RETURN(source.tables, TableFilter::Parse(source.include_tables, source.exclude_tables));
  for (const auto& [table, columns] : parsed.options.exclude_columns) {
    const size_t dot = table.find('.');
    for (const std::string& schema : source.schemas) source.exclude_columns.push_back({{schema, table}, columns});
    if (dot != table.npos) {
      source.exclude_columns.push_back({{table.substr(0, dot), table.substr(dot + 1)}, columns});
    }
  }
  return Status::Ok();
}

}  // namespace freshet
