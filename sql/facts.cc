// SPDX-License-Identifier: Apache-2.0
#include "sql/facts.h"

#include "sql/token.h"

namespace freshet {

namespace {

using Row = std::vector<std::optional<std::string>>;
using Rows = SystemTable::Rows;

const std::nullopt_t kNoValue = std::nullopt;

// "NAME" text, "#NAME" number.
std::vector<FactColumn> Columns(std::initializer_list<std::string_view> names) {
  std::vector<FactColumn> columns;
  for (std::string_view name : names) {
    const bool number = name.starts_with('#');
    columns.push_back({std::string(name.substr(number ? 1 : 0)), number});
  }
  return columns;
}

// Without the program's own.
std::vector<std::string> ListedDatabases(const QueryContext& context) {
  std::vector<std::string> names = context.view->Databases();
  std::erase_if(names, [](const std::string& name) { return name.starts_with(kInternalDatabasePrefix); });
  return names;
}

template <typename Each>
void ForEachTable(const QueryContext& context, Each each) {
  for (const std::string& database : ListedDatabases(context)) {
    for (const StoredTablePtr& table : context.view->Tables(database)) each(*table);
  }
}

Rows Schemata(const QueryContext& context) {
  std::vector<std::string> names = ListedDatabases(context);
  names.push_back("information_schema");
  names.push_back("performance_schema");
  Rows rows;
  for (const std::string& name : names) rows.push_back({"def", name, kCharset, kCollation, kNoValue, "NO"});
  return rows;
}

Rows Tables(const QueryContext& context) {
  Rows rows;
  ForEachTable(context, [&](const StoredTable& table) {
    rows.push_back({"def",
                    table.database,
                    table.name,
                    "BASE TABLE",
                    "freshet",
                    "10",
                    "Dynamic",
                    std::to_string(context.view->EstimateRows(table)),
                    "0",
                    "0",
                    "0",
                    "0",
                    "0",
                    kNoValue,
                    kNoValue,
                    kNoValue,
                    kNoValue,
                    kCollation,
                    kNoValue,
                    "",
                    table.schema->comment});
  });
  for (const FactTable& facts : FactTables()) {
    rows.push_back({"def",    facts.schema, facts.name, "SYSTEM VIEW", kNoValue, "10", kNoValue,
                    "0",      "0",          "0",        "0",           "0",      "0",  kNoValue,
                    kNoValue, kNoValue,     kNoValue,   kNoValue,      kNoValue, "",   ""});
  }
  return rows;
}

std::optional<std::string> NumberOrNull(bool present, uint64_t value) {
  return present ? std::optional(std::to_string(value)) : std::nullopt;
}

// Digits of a number, as MySQL counts them; nullopt: not a number.
std::optional<uint64_t> NumericPrecision(const LogicalType& type) {
  switch (type.kind) {
    case TypeKind::kBool:
    case TypeKind::kInt8:
    case TypeKind::kUint8: return 3;
    case TypeKind::kInt16:
    case TypeKind::kUint16: return 5;
    case TypeKind::kInt32:
    case TypeKind::kUint32: return 10;
    case TypeKind::kInt64: return 19;
    case TypeKind::kUint64: return 20;
    case TypeKind::kFloat32: return 12;
    case TypeKind::kFloat64: return 22;
    case TypeKind::kDecimal: return type.precision;
    default: return std::nullopt;
  }
}

Rows ColumnRows(const QueryContext& context) {
  Rows rows;
  ForEachTable(context, [&](const StoredTable& table) {
    uint64_t position = 0;
    for (uint32_t i = 0; i < table.schema->columns.size(); ++i) {
      const Column& column = table.schema->columns[i];
      if (column.excluded) continue;
      const std::string type = LowerTypeName(column.type);
      const bool text = type.find("char") != std::string::npos || type.find("text") != std::string::npos;
      const std::optional<uint64_t> digits = NumericPrecision(column.type);
      const bool real = column.type.kind == TypeKind::kFloat32 || column.type.kind == TypeKind::kFloat64;
      const bool time = type.starts_with("datetime") || type.starts_with("timestamp") || type.starts_with("time");
      rows.push_back({"def",
                      table.database,
                      table.name,
                      column.name,
                      std::to_string(++position),
                      column.insert_default,
                      column.nullable ? "YES" : "NO",
                      DataType(type),
                      NumberOrNull(text && column.type.length > 0, column.type.length),
                      NumberOrNull(text && column.type.length > 0, uint64_t{4} * column.type.length),
                      NumberOrNull(digits.has_value(), digits.value_or(0)),
                      NumberOrNull(digits && !real, column.type.scale),
                      NumberOrNull(time, column.type.precision),
                      text ? std::optional<std::string>(kCharset) : std::nullopt,
                      text ? std::optional<std::string>(kCollation) : std::nullopt,
                      type,
                      ColumnKey(*table.schema, i),
                      column.generated ? "VIRTUAL GENERATED" : "",
                      "select",
                      column.comment,
                      "",
                      kNoValue});
    }
  });
  for (const FactTable& facts : FactTables()) {
    uint64_t position = 0;
    for (const FactColumn& column : facts.columns) {
      const std::string type = column.number ? "bigint" : "varchar(65535)";
      rows.push_back({"def",
                      facts.schema,
                      facts.name,
                      column.name,
                      std::to_string(++position),
                      kNoValue,
                      "YES",
                      DataType(type),
                      kNoValue,
                      kNoValue,
                      kNoValue,
                      kNoValue,
                      kNoValue,
                      kNoValue,
                      kNoValue,
                      type,
                      "",
                      "",
                      "select",
                      "",
                      "",
                      kNoValue});
    }
  }
  return rows;
}

Rows Statistics(const QueryContext& context) {
  Rows rows;
  ForEachTable(context, [&](const StoredTable& table) {
    uint64_t sequence = 0;
    for (uint32_t key : table.schema->key_columns) {
      rows.push_back({"def", table.database, table.name, "0", table.database, "PRIMARY", std::to_string(++sequence),
                      table.schema->columns[key].name, "A", std::to_string(context.view->EstimateRows(table)), kNoValue,
                      kNoValue, "", "BTREE", "", "", "YES", kNoValue});
    }
  });
  return rows;
}

Rows KeyColumnUsage(const QueryContext& context) {
  Rows rows;
  ForEachTable(context, [&](const StoredTable& table) {
    uint64_t position = 0;
    for (uint32_t key : table.schema->key_columns) {
      rows.push_back({"def", table.database, "PRIMARY", "def", table.database, table.name,
                      table.schema->columns[key].name, std::to_string(++position), kNoValue, kNoValue, kNoValue,
                      kNoValue});
    }
  });
  return rows;
}

Rows TableConstraints(const QueryContext& context) {
  Rows rows;
  ForEachTable(context, [&](const StoredTable& table) {
    rows.push_back({"def", table.database, "PRIMARY", table.database, table.name, "PRIMARY KEY", "YES"});
  });
  return rows;
}

Rows Variables(const QueryContext& context) {
  Rows rows;
  for (const auto& [name, value] : context.variables) {
    if (!name.starts_with('@')) rows.push_back({name, value});
  }
  return rows;
}

Rows Empty(const QueryContext&) {
  return {};
}

// NOLINTNEXTLINE(readability-function-size): a table
std::vector<FactTable> InformationSchema() {
  const std::string schema = "information_schema";
  return {
      {schema, "SCHEMATA",
       Columns({"CATALOG_NAME", "SCHEMA_NAME", "DEFAULT_CHARACTER_SET_NAME", "DEFAULT_COLLATION_NAME", "SQL_PATH",
                "DEFAULT_ENCRYPTION"}),
       Schemata},
      {schema, "TABLES",
       Columns({"TABLE_CATALOG",    "TABLE_SCHEMA",  "TABLE_NAME",      "TABLE_TYPE",      "ENGINE",
                "#VERSION",         "ROW_FORMAT",    "#TABLE_ROWS",     "#AVG_ROW_LENGTH", "#DATA_LENGTH",
                "#MAX_DATA_LENGTH", "#INDEX_LENGTH", "#DATA_FREE",      "#AUTO_INCREMENT", "CREATE_TIME",
                "UPDATE_TIME",      "CHECK_TIME",    "TABLE_COLLATION", "#CHECKSUM",       "CREATE_OPTIONS",
                "TABLE_COMMENT"}),
       Tables},
      {schema, "COLUMNS",
       Columns({"TABLE_CATALOG",
                "TABLE_SCHEMA",
                "TABLE_NAME",
                "COLUMN_NAME",
                "#ORDINAL_POSITION",
                "COLUMN_DEFAULT",
                "IS_NULLABLE",
                "DATA_TYPE",
                "#CHARACTER_MAXIMUM_LENGTH",
                "#CHARACTER_OCTET_LENGTH",
                "#NUMERIC_PRECISION",
                "#NUMERIC_SCALE",
                "#DATETIME_PRECISION",
                "CHARACTER_SET_NAME",
                "COLLATION_NAME",
                "COLUMN_TYPE",
                "COLUMN_KEY",
                "EXTRA",
                "PRIVILEGES",
                "COLUMN_COMMENT",
                "GENERATION_EXPRESSION",
                "#SRS_ID"}),
       ColumnRows},
      {schema, "STATISTICS",
       Columns({"TABLE_CATALOG", "TABLE_SCHEMA", "TABLE_NAME", "#NON_UNIQUE", "INDEX_SCHEMA", "INDEX_NAME",
                "#SEQ_IN_INDEX", "COLUMN_NAME", "COLLATION", "#CARDINALITY", "#SUB_PART", "PACKED", "NULLABLE",
                "INDEX_TYPE", "COMMENT", "INDEX_COMMENT", "IS_VISIBLE", "EXPRESSION"}),
       Statistics},
      {schema, "KEY_COLUMN_USAGE",
       Columns({"CONSTRAINT_CATALOG", "CONSTRAINT_SCHEMA", "CONSTRAINT_NAME", "TABLE_CATALOG", "TABLE_SCHEMA",
                "TABLE_NAME", "COLUMN_NAME", "#ORDINAL_POSITION", "#POSITION_IN_UNIQUE_CONSTRAINT",
                "REFERENCED_TABLE_SCHEMA", "REFERENCED_TABLE_NAME", "REFERENCED_COLUMN_NAME"}),
       KeyColumnUsage},
      {schema, "TABLE_CONSTRAINTS",
       Columns({"CONSTRAINT_CATALOG", "CONSTRAINT_SCHEMA", "CONSTRAINT_NAME", "TABLE_SCHEMA", "TABLE_NAME",
                "CONSTRAINT_TYPE", "ENFORCED"}),
       TableConstraints},
      {schema, "REFERENTIAL_CONSTRAINTS",
       Columns({"CONSTRAINT_CATALOG", "CONSTRAINT_SCHEMA", "CONSTRAINT_NAME", "UNIQUE_CONSTRAINT_CATALOG",
                "UNIQUE_CONSTRAINT_SCHEMA", "UNIQUE_CONSTRAINT_NAME", "MATCH_OPTION", "UPDATE_RULE", "DELETE_RULE",
                "TABLE_NAME", "REFERENCED_TABLE_NAME"}),
       Empty},
      {schema, "CHECK_CONSTRAINTS",
       Columns({"CONSTRAINT_CATALOG", "CONSTRAINT_SCHEMA", "CONSTRAINT_NAME", "CHECK_CLAUSE"}), Empty},
      {schema, "ROUTINES",
       Columns({"SPECIFIC_NAME", "ROUTINE_CATALOG", "ROUTINE_SCHEMA", "ROUTINE_NAME", "ROUTINE_TYPE", "DATA_TYPE",
                "DTD_IDENTIFIER", "ROUTINE_BODY", "ROUTINE_DEFINITION", "IS_DETERMINISTIC", "SQL_DATA_ACCESS",
                "SECURITY_TYPE", "CREATED", "LAST_ALTERED", "SQL_MODE", "ROUTINE_COMMENT", "DEFINER"}),
       Empty},
      {schema, "PARAMETERS",
       Columns({"SPECIFIC_CATALOG", "SPECIFIC_SCHEMA", "SPECIFIC_NAME", "#ORDINAL_POSITION", "PARAMETER_MODE",
                "PARAMETER_NAME", "DATA_TYPE", "DTD_IDENTIFIER", "ROUTINE_TYPE"}),
       Empty},
      {schema, "VIEWS",
       Columns({"TABLE_CATALOG", "TABLE_SCHEMA", "TABLE_NAME", "VIEW_DEFINITION", "CHECK_OPTION", "IS_UPDATABLE",
                "DEFINER", "SECURITY_TYPE", "CHARACTER_SET_CLIENT", "COLLATION_CONNECTION"}),
       Empty},
      {schema, "TRIGGERS",
       Columns({"TRIGGER_CATALOG", "TRIGGER_SCHEMA", "TRIGGER_NAME", "EVENT_MANIPULATION", "EVENT_OBJECT_SCHEMA",
                "EVENT_OBJECT_TABLE", "ACTION_STATEMENT", "ACTION_TIMING", "CREATED", "DEFINER"}),
       Empty},
      {schema, "EVENTS", Columns({"EVENT_CATALOG", "EVENT_SCHEMA", "EVENT_NAME", "STATUS"}), Empty},
      {schema, "PARTITIONS",
       Columns({"TABLE_CATALOG", "TABLE_SCHEMA", "TABLE_NAME", "PARTITION_NAME", "#PARTITION_ORDINAL_POSITION",
                "PARTITION_METHOD", "PARTITION_EXPRESSION"}),
       Empty},
      {schema, "SCHEMA_PRIVILEGES",
       Columns({"GRANTEE", "TABLE_CATALOG", "TABLE_SCHEMA", "PRIVILEGE_TYPE", "IS_GRANTABLE"}), Empty},
      {schema, "TABLE_PRIVILEGES",
       Columns({"GRANTEE", "TABLE_CATALOG", "TABLE_SCHEMA", "TABLE_NAME", "PRIVILEGE_TYPE", "IS_GRANTABLE"}), Empty},
      {schema, "USER_PRIVILEGES", Columns({"GRANTEE", "TABLE_CATALOG", "PRIVILEGE_TYPE", "IS_GRANTABLE"}),
       [](const QueryContext& context) {
         return Rows{{context.user, "def", "SELECT", "NO"}};
       }},
      {schema, "ENGINES", Columns({"ENGINE", "SUPPORT", "COMMENT", "TRANSACTIONS", "XA", "SAVEPOINTS"}),
       [](const QueryContext&) {
         return Rows{{"freshet", "DEFAULT", "Mirrored primary-key tables", "YES", "NO", "NO"}};
       }},
      {schema, "PLUGINS", Columns({"PLUGIN_NAME", "PLUGIN_VERSION", "PLUGIN_STATUS", "PLUGIN_TYPE"}), Empty},
      {schema, "CHARACTER_SETS", Columns({"CHARACTER_SET_NAME", "DEFAULT_COLLATE_NAME", "DESCRIPTION", "#MAXLEN"}),
       [](const QueryContext&) {
         return Rows{{kCharset, kCollation, "UTF-8 Unicode", "4"}};
       }},
      {schema, "COLLATIONS",
       Columns({"COLLATION_NAME", "CHARACTER_SET_NAME", "#ID", "IS_DEFAULT", "IS_COMPILED", "#SORTLEN"}),
       [](const QueryContext&) {
         return Rows{{kCollation, kCharset, "46", "Yes", "Yes", "1"},
                     {"utf8mb4_general_ci", kCharset, "45", "", "Yes", "1"},
                     {"binary", "binary", "63", "Yes", "Yes", "1"}};
       }},
      {schema, "PROCESSLIST", Columns({"#ID", "USER", "HOST", "DB", "COMMAND", "#TIME", "STATE", "INFO"}),
       [](const QueryContext& context) {
         return Rows{{std::to_string(context.connection_id), context.user, "", kNoValue, "Query", "0", "", kNoValue}};
       }},
  };
}

std::vector<FactTable> AllFacts() {
  std::vector<FactTable> tables = InformationSchema();
  for (const char* name : {"SESSION_VARIABLES", "GLOBAL_VARIABLES"}) {
    tables.push_back({"performance_schema", name, Columns({"VARIABLE_NAME", "VARIABLE_VALUE"}), Variables});
    tables.push_back({"information_schema", name, Columns({"VARIABLE_NAME", "VARIABLE_VALUE"}), Variables});
  }
  for (const char* name : {"SESSION_STATUS", "GLOBAL_STATUS"}) {
    tables.push_back({"performance_schema", name, Columns({"VARIABLE_NAME", "VARIABLE_VALUE"}), Empty});
  }
  return tables;
}

}  // namespace

const std::vector<FactTable>& FactTables() {
  static const std::vector<FactTable> tables = AllFacts();
  return tables;
}

const FactTable* FindFactTable(std::string_view qualified_name) {
  for (const FactTable& table : FactTables()) {
    if (EqualsIgnoreCase(table.schema + "." + table.name, qualified_name)) return &table;
  }
  return nullptr;
}

std::string ColumnKey(const TableSchema& schema, uint32_t column) {
  return schema.IsKey(column) ? "PRI" : "";
}

std::string DataType(const std::string& column_type) {
  return column_type.substr(0, column_type.find_first_of("( "));
}

std::string LowerTypeName(const LogicalType& type) {
  // Labels of ENUM and SET keep their case.
  const std::string name = MysqlTypeName(type);
  const size_t open = std::min(name.find('('), name.size());
  if (type.kind == TypeKind::kEnum || type.kind == TypeKind::kSet)
    return ToLower(name.substr(0, open)) + name.substr(open);
  return ToLower(name);
}

}  // namespace freshet
