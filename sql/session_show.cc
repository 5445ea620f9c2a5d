// SPDX-License-Identifier: Apache-2.0
// SHOW and DESC, answered from the catalog of a read view.
#include "sql/facts.h"
#include "sql/own_types.h"
#include "sql/session.h"
#include "sql/token.h"

namespace freshet {

namespace {

using Rows = std::vector<std::vector<std::optional<std::string>>>;

std::vector<ResultColumn> TextColumns(std::initializer_list<std::string_view> names) {
  std::vector<ResultColumn> columns;
  for (std::string_view name : names) columns.push_back({.name = std::string(name)});
  return columns;
}

std::string Backticked(std::string_view name) {
  std::string quoted = "`";
  for (char c : name) quoted += c == '`' ? std::string("``") : std::string(1, c);
  return quoted + "`";
}

std::string SqlText(std::string_view text) {
  std::string quoted = "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') quoted += c;
    quoted += c;
  }
  return quoted + "'";
}

// Bytes are kept as "\x" and hex digits; SQL writes them x'..'.
std::string DefaultSql(const Column& column) {
  const std::string& text = *column.insert_default;
  if (column.type.kind == TypeKind::kBytes && text.starts_with("\\x")) return "x'" + text.substr(2) + "'";
  return SqlText(text);
}

std::string CreateTableText(const StoredTable& table) {
  std::string text = "CREATE TABLE " + Backticked(table.name) + " (\n";
  for (const Column& column : table.schema->columns) {
    if (column.excluded) continue;
    // What is shown of a user's table must make the same table again.
    text += "  " + Backticked(column.name) + " " + (table.owner ? LowerTypeName(column.type) : OwnTypeName(column));
    if (!column.nullable) text += " NOT NULL";
    if (column.insert_default) text += " DEFAULT " + DefaultSql(column);
    if (column.insert_now) {
      text += " DEFAULT CURRENT_TIMESTAMP";
      if (column.type.precision > 0) text += "(" + std::to_string(column.type.precision) + ")";
    }
    if (!column.comment.empty()) text += " COMMENT " + SqlText(column.comment);
    text += ",\n";
  }
  text += "  PRIMARY KEY (";
  for (size_t i = 0; i < table.schema->key_columns.size(); ++i) {
    text += (i > 0 ? "," : "") + Backticked(table.schema->columns[table.schema->key_columns[i]].name);
  }
  text += ")\n) " + (table.schema->create_options.empty() ? "ENGINE=freshet DEFAULT CHARSET=utf8mb4"
                                                          : table.schema->create_options);
  if (!table.schema->comment.empty()) text += " COMMENT=" + SqlText(table.schema->comment);
  return text;
}

// Columns of the SHOW forms that are empty here, or fixed.
struct FixedForm {
  std::string_view what;
  std::vector<std::string_view> columns;
  Rows rows;
};

const std::vector<FixedForm>& FixedForms() {
  static const std::vector<FixedForm> forms = {
      {"WARNINGS", {"Level", "Code", "Message"}, {}},
      {"ERRORS", {"Level", "Code", "Message"}, {}},
      {"ENGINES",
       {"Engine", "Support", "Comment", "Transactions", "XA", "Savepoints"},
       {{"freshet", "DEFAULT", "Primary-key tables", "YES", "NO", "NO"}}},
      {"COLLATION",
       {"Collation", "Charset", "Id", "Default", "Compiled", "Sortlen", "Pad_attribute"},
       {{"utf8mb4_bin", "utf8mb4", "46", "Yes", "Yes", "1", "PAD SPACE"},
        {"utf8mb4_general_ci", "utf8mb4", "45", "", "Yes", "1", "PAD SPACE"},
        {"binary", "binary", "63", "Yes", "Yes", "1", "NO PAD"}}},
      {"CHARSET",
       {"Charset", "Description", "Default collation", "Maxlen"},
       {{"utf8mb4", "UTF-8 Unicode", "utf8mb4_bin", "4"}, {"binary", "Binary pseudo charset", "binary", "1"}}},
      {"PRIVILEGES", {"Privilege", "Context", "Comment"}, {{"Select", "Tables", "To read rows"}}},
      {"PLUGINS", {"Name", "Status", "Type", "Library", "License"}, {}},
      {"TRIGGERS", {"Trigger", "Event", "Table", "Statement", "Timing", "Created"}, {}},
      {"EVENTS", {"Db", "Name", "Definer", "Time zone", "Type", "Status"}, {}},
      {"PROCEDURE STATUS", {"Db", "Name", "Type", "Definer", "Modified", "Created", "Security_type", "Comment"}, {}},
      {"FUNCTION STATUS", {"Db", "Name", "Type", "Definer", "Modified", "Created", "Security_type", "Comment"}, {}},
      {"OPEN TABLES", {"Database", "Table", "In_use", "Name_locked"}, {}},
      {"MASTER STATUS", {"File", "Position", "Binlog_Do_DB", "Binlog_Ignore_DB", "Executed_Gtid_Set"}, {}},
      {"SLAVE STATUS", {"Slave_IO_State", "Master_Host"}, {}},
      {"BINARY LOGS", {"Log_name", "File_size", "Encrypted"}, {}},
  };
  return forms;
}

std::vector<ResultColumn> TextColumns(const std::vector<std::string_view>& names) {
  std::vector<ResultColumn> columns;
  for (std::string_view name : names) columns.push_back({.name = std::string(name)});
  return columns;
}

}  // namespace

bool MatchesLike(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return true;
  // Iterative with one place to come back to: linear in practice, never exponential.
  size_t t = 0;
  size_t p = 0;
  size_t star = std::string_view::npos;
  size_t mark = 0;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  while (t < text.size()) {
    const bool escaped = p + 1 < pattern.size() && pattern[p] == '\\';
    const char want = escaped ? pattern[p + 1] : p < pattern.size() ? pattern[p] : '\0';
    if (!escaped && p < pattern.size() && want == '%') {
      star = ++p;
      mark = t;
    } else if (p < pattern.size() && ((!escaped && want == '_') || lower(want) == lower(text[t]))) {
      p += escaped ? 2 : 1;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  return p == pattern.size();
}

Result<DuckSession::Cursor> DuckSession::Show(const ShowDatabases& show) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const ReadView> view, engine_.store().OpenView());
  std::vector<std::string> names = view->Databases();
  std::erase_if(names, [](const std::string& name) { return name.starts_with(kInternalDatabasePrefix); });
  names.push_back("information_schema");
  Rows rows;
  for (const std::string& name : names) {
    if (MatchesLike(name, show.like)) rows.push_back({name});
  }
  return MakeRowsCursor(TextColumns({"Database"}), std::move(rows));
}

Result<DuckSession::Cursor> DuckSession::Show(const ShowTables& show) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const ReadView> view, engine_.store().OpenView());
  ASSIGN_OR_RETURN(const std::string database, DatabaseOr(show.database));
  std::vector<ResultColumn> columns = TextColumns({"Tables_in_" + database});
  if (show.full) columns.push_back({.name = "Table_type"});
  Rows rows;
  const auto add = [&](const std::string& name, const char* type) {
    if (!MatchesLike(name, show.like)) return;
    rows.push_back({name});
    if (show.full) rows.back().push_back(type);
  };
  const std::vector<std::string> databases = view->Databases();
  const bool known = std::find(databases.begin(), databases.end(), database) != databases.end();
  for (const StoredTablePtr& table : view->Tables(database)) add(table->name, "BASE TABLE");
  bool facts = false;
  for (const FactTable& table : FactTables()) {
    if (!EqualsIgnoreCase(table.schema, database)) continue;
    facts = true;
    add(table.name, "SYSTEM VIEW");
  }
  if (!known && !facts) return Status(Code::kNotFound, "Unknown database '" + database + "'");
  return MakeRowsCursor(std::move(columns), std::move(rows));
}

Result<DuckSession::Cursor> DuckSession::Show(const DescribeTable& show) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const ReadView> view, engine_.store().OpenView());
  ASSIGN_OR_RETURN(const std::string database, DatabaseOr(show.database));
  Rows rows;
  const auto add = [&](const std::string& name, const std::string& type, bool nullable, const std::string& key,
                       const std::optional<std::string>& default_text, const std::string& comment) {
    const std::string null = nullable ? "YES" : "NO";
    if (show.full) {
      rows.push_back({name, type, kCollation, null, key, default_text, "", "select", comment});
    } else {
      rows.push_back({name, type, null, key, default_text, ""});
    }
  };
  if (const FactTable* facts = FindFactTable(database + "." + show.name)) {
    for (const FactColumn& column : facts->columns) {
      add(column.name, column.number ? "bigint" : "varchar(65535)", true, "", std::nullopt, "");
    }
  } else {
    ASSIGN_OR_RETURN(const StoredTablePtr table, FindTable(*view, database, show.name));
    for (uint32_t i = 0; i < table->schema->columns.size(); ++i) {
      const Column& column = table->schema->columns[i];
      if (column.excluded) continue;
      const std::string type = table->owner ? LowerTypeName(column.type) : OwnTypeName(column);
      add(column.name, type, column.nullable, ColumnKey(*table->schema, i), column.insert_default, column.comment);
    }
  }
  if (!show.full)
    return MakeRowsCursor(TextColumns({"Field", "Type", "Null", "Key", "Default", "Extra"}), std::move(rows));
  return MakeRowsCursor(
      TextColumns({"Field", "Type", "Collation", "Null", "Key", "Default", "Extra", "Privileges", "Comment"}),
      std::move(rows));
}

Result<DuckSession::Cursor> DuckSession::Show(const ShowCreateTable& show) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const ReadView> view, engine_.store().OpenView());
  ASSIGN_OR_RETURN(const StoredTablePtr table, FindTable(*view, show.database, show.name));
  return MakeRowsCursor(TextColumns({"Table", "Create Table"}), {{table->name, CreateTableText(*table)}});
}

Result<DuckSession::Cursor> DuckSession::Show(const ShowCreateDatabase& show) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const ReadView> view, engine_.store().OpenView());
  const std::vector<std::string> databases = view->Databases();
  if (std::find(databases.begin(), databases.end(), show.name) == databases.end()) {
    return Status(Code::kNotFound, "Unknown database '" + show.name + "'");
  }
  return MakeRowsCursor(TextColumns({"Database", "Create Database"}),
                        {{show.name, "CREATE DATABASE " + Backticked(show.name)}});
}

Result<DuckSession::Cursor> DuckSession::Show(const ShowVariables& show) {
  Rows rows;
  if (!show.status) {
    std::map<std::string, std::string> all = DefaultVariables();
    for (const auto& [name, value] : variables_) all[name] = value;
    for (const auto& [name, value] : all) {
      if (!name.starts_with('@') && MatchesLike(name, show.like)) rows.push_back({name, value});
    }
  }
  return MakeRowsCursor(TextColumns({"Variable_name", "Value"}), std::move(rows));
}

Result<DuckSession::Cursor> DuckSession::ShowIndex(const ShowOther& show) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const ReadView> view, engine_.store().OpenView());
  ASSIGN_OR_RETURN(const StoredTablePtr table, FindTable(*view, show.database, show.name));
  Rows rows;
  for (size_t i = 0; i < table->schema->key_columns.size(); ++i) {
    rows.push_back({table->name, "0", "PRIMARY", std::to_string(i + 1),
                    table->schema->columns[table->schema->key_columns[i]].name, "A",
                    std::to_string(view->EstimateRows(*table)), std::nullopt, std::nullopt, "", "BTREE", "", "", "YES",
                    std::nullopt});
  }
  return MakeRowsCursor(
      TextColumns({"Table", "Non_unique", "Key_name", "Seq_in_index", "Column_name", "Collation", "Cardinality",
                   "Sub_part", "Packed", "Null", "Index_type", "Comment", "Index_comment", "Visible", "Expression"}),
      std::move(rows));
}

Result<DuckSession::Cursor> DuckSession::ShowTableStatus(const ShowOther& show) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const ReadView> view, engine_.store().OpenView());
  ASSIGN_OR_RETURN(const std::string database, DatabaseOr(show.database));
  Rows rows;
  for (const StoredTablePtr& table : view->Tables(database)) {
    if (!MatchesLike(table->name, show.like)) continue;
    rows.push_back({table->name, "freshet", "10", "Dynamic", std::to_string(view->EstimateRows(*table)), "0", "0", "0",
                    "0", "0", std::nullopt, std::nullopt, std::nullopt, std::nullopt, kCollation, std::nullopt, "",
                    table->schema->comment});
  }
  return MakeRowsCursor(
      TextColumns({"Name", "Engine", "Version", "Row_format", "Rows", "Avg_row_length", "Data_length",
                   "Max_data_length", "Index_length", "Data_free", "Auto_increment", "Create_time", "Update_time",
                   "Check_time", "Collation", "Checksum", "Create_options", "Comment"}),
      std::move(rows));
}

Result<DuckSession::Cursor> DuckSession::Show(const ShowOther& show) {
  if (show.what == "INDEX") return ShowIndex(show);
  if (show.what == "TABLE STATUS") return ShowTableStatus(show);
  if (show.what == "PROCESSLIST") {
    return MakeRowsCursor(
        TextColumns({"Id", "User", "Host", "db", "Command", "Time", "State", "Info"}),
        {{std::to_string(connection_id_), user_, "", database_.empty() ? std::nullopt : std::optional(database_),
          "Query", "0", "", std::nullopt}});
  }
  if (show.what == "GRANTS") {
    return MakeRowsCursor(TextColumns({"Grants for " + user_}), {{"GRANT SELECT ON *.* TO '" + user_ + "'"}});
  }
  for (const FixedForm& form : FixedForms()) {
    if (form.what != show.what) continue;
    Rows rows;
    for (const auto& row : form.rows) {
      if (MatchesLike(*row[0], show.like)) rows.push_back(row);
    }
    return MakeRowsCursor(TextColumns(form.columns), std::move(rows));
  }
  return Status(Code::kUnsupported, "not supported: SHOW " + show.what);
}

}  // namespace freshet
