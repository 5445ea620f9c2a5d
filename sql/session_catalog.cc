// SPDX-License-Identifier: Apache-2.0
// Variables, the current database, and the catalog statements that go to the store.
#include "base/version.h"
#include "sql/session.h"
#include "sql/token.h"

namespace freshet {

namespace {

// A value longer than this is no setting; the session keeps what it was.
constexpr size_t kVariableBytesMax = 64u << 10;
constexpr size_t kVariablesMax = 1000;  // per session

bool IsFactsSchema(std::string_view name) {
  return EqualsIgnoreCase(name, "information_schema") || EqualsIgnoreCase(name, "performance_schema");
}

bool HasDatabase(const ReadView& view, std::string_view name) {
  for (const std::string& database : view.Databases()) {
    if (database == name) return true;
  }
  return false;
}

Status UnknownDatabase(std::string_view name) {
  return Status(Code::kNotFound, "Unknown database '" + std::string(name) + "'");
}

}  // namespace

const std::map<std::string, std::string>& DefaultVariables() {
  static const std::map<std::string, std::string> variables = {
      {"auto_increment_increment", "1"},
      {"auto_increment_offset", "1"},
      {"autocommit", "1"},
      {"character_set_client", "utf8mb4"},
      {"character_set_connection", "utf8mb4"},
      {"character_set_database", "utf8mb4"},
      {"character_set_results", "utf8mb4"},
      {"character_set_server", "utf8mb4"},
      {"character_set_system", "utf8mb4"},
      {"collation_connection", "utf8mb4_bin"},
      {"collation_database", "utf8mb4_bin"},
      {"collation_server", "utf8mb4_bin"},
      {"default_storage_engine", "freshet"},
      {"foreign_key_checks", "1"},
      {"have_openssl", "YES"},
      {"have_ssl", "YES"},
      {"hostname", "localhost"},
      {"init_connect", ""},
      {"innodb_lock_wait_timeout", "50"},
      {"interactive_timeout", "28800"},
      {"license", "Apache-2.0"},
      {"lower_case_file_system", "OFF"},
      {"lower_case_table_names", "0"},
      {"max_allowed_packet", "67108864"},
      {"max_connections", "1000"},
      {"max_execution_time", "0"},
      {"net_buffer_length", "16384"},
      {"net_read_timeout", "30"},
      {"net_write_timeout", "60"},
      {"performance_schema", "0"},
      {"port", "9030"},
      {"profiling", "0"},
      {"protocol_version", "10"},
      {"query_cache_size", "0"},
      {"query_cache_type", "OFF"},
      {"read_only", "0"},
      {"sql_auto_is_null", "0"},
      {"sql_log_bin", "0"},
      {"sql_mode", "STRICT_TRANS_TABLES"},
      {"sql_notes", "1"},
      {"sql_quote_show_create", "1"},
      {"sql_safe_updates", "0"},
      {"sql_select_limit", "18446744073709551615"},
      {"sql_warnings", "0"},
      {"system_time_zone", "UTC"},
      {"time_zone", "+00:00"},
      {"transaction_isolation", "REPEATABLE-READ"},
      {"transaction_read_only", "0"},
      {"tx_isolation", "REPEATABLE-READ"},
      {"tx_read_only", "0"},
      {"unique_checks", "1"},
      {"unrepresentable_values", "error"},
      {"version", kMysqlVersion},
      {"version_comment", "freshet"},
      {"version_compile_machine", "x86_64"},
      {"version_compile_os", "Linux"},
      {"wait_timeout", "28800"},
      {"warning_count", "0"},
      {"error_count", "0"},
  };
  return variables;
}

std::string DuckSession::variable(std::string_view name) const {
  const std::string key = ToLower(name);
  if (const auto own = variables_.find(key); own != variables_.end()) return own->second;
  const auto found = DefaultVariables().find(key);
  return found == DefaultVariables().end() ? "" : found->second;
}

Status DuckSession::Assign(const SetVariables& set) {
  for (const auto& [name, given] : set.assignments) {
    if (given.size() > kVariableBytesMax) return Status(Code::kInvalid, "value of variable '" + name + "' is too long");
    std::string value = given;
    // SET x = @@y, SET @x = @@y: what the other one holds now.
    if (value.starts_with('@')) {
      std::string other = ToLower(value);
      if (other.starts_with("@@")) other.erase(0, 2);
      for (std::string_view scope : {"session.", "global.", "local."}) {
        if (other.starts_with(scope)) other.erase(0, scope.size());
      }
      value = variable(other);
    }
    if (EqualsIgnoreCase(value, "default") && DefaultVariables().contains(name)) {
      variables_.erase(name);
      continue;
    }
    if (name == "unrepresentable_values" && ToLower(value) != "null" && ToLower(value) != "error") {
      return Status(Code::kInvalid, "unrepresentable_values is 'error' or 'null'");
    }
    if (name == "version" || name == "version_comment") {
      return Status(Code::kInvalid, "Variable '" + name + "' is a read only variable");
    }
    if (value == "on" || value == "ON" || value == "true") value = "1";
    if (value == "off" || value == "OFF" || value == "false") value = "0";
    if (variables_.size() >= kVariablesMax && !variables_.contains(name)) {
      return Status(Code::kInvalid, "a session holds at most " + std::to_string(kVariablesMax) + " variables");
    }
    variables_[name] = std::move(value);
  }
  return Status::Ok();
}

Status DuckSession::UseDatabaseNamed(const std::string& name) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const ReadView> view, engine_.store().OpenView());
  if (HasDatabase(*view, name)) {
    database_ = name;
    return Status::Ok();
  }
  if (!IsFactsSchema(name)) return UnknownDatabase(name);
  database_ = ToLower(name);
  return Status::Ok();
}

Status DuckSession::CreateDatabaseNamed(const CreateDatabase& statement) {
  if (IsFactsSchema(statement.name)) return Status(Code::kExists, "database " + statement.name + " exists");
  TRY(CheckDatabase(statement.name));
  Status status = engine_.store().CreateDatabase(statement.name);
  if (status.code() == Code::kExists && statement.if_not_exists) return Status::Ok();
  return status;
}

Status DuckSession::DropDatabaseNamed(const DropDatabase& statement) {
  if (IsFactsSchema(statement.name)) {
    return Status(Code::kConflict, "database " + statement.name + " is built in and cannot be dropped");
  }
  TRY(CheckDatabase(statement.name));
  Status status = engine_.store().DropDatabase(statement.name);
  if (status.code() == Code::kNotFound && statement.if_exists) return Status::Ok();
  if (status.ok() && database_ == statement.name) database_.clear();
  return status;
}

Result<std::string> DuckSession::DatabaseOr(const std::string& given) const {
  if (!given.empty()) return given;
  if (database_.empty()) return Status(Code::kInvalid, "No database selected");
  return database_;
}

Result<StoredTablePtr> DuckSession::FindTable(const ReadView& view, const std::string& database,
                                              const std::string& name) const {
  ASSIGN_OR_RETURN(const std::string of, DatabaseOr(database));
  if (StoredTablePtr table = view.FindTable(of, name)) return table;
  StoredTablePtr match;
  for (const StoredTablePtr& table : view.Tables(of)) {
    if (!EqualsIgnoreCase(table->name, name)) continue;
    if (match != nullptr)
      return Status(Code::kInvalid, "table name " + name + " is ambiguous: names differ in case only");
    match = table;
  }
  if (match != nullptr) return match;
  if (!HasDatabase(view, of) && !IsFactsSchema(of)) return UnknownDatabase(of);
  return Status(Code::kNotFound, "Table '" + of + "." + name + "' doesn't exist");
}

}  // namespace freshet
