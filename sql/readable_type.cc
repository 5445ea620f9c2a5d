// SPDX-License-Identifier: Apache-2.0
#include "sql/readable_type.h"

#include "sql/token.h"

namespace freshet {

namespace {

const char* ScalarName(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN: return "BOOLEAN";
    case DUCKDB_TYPE_TINYINT: return "TINYINT";
    case DUCKDB_TYPE_SMALLINT: return "SMALLINT";
    case DUCKDB_TYPE_INTEGER: return "INTEGER";
    case DUCKDB_TYPE_BIGINT: return "BIGINT";
    case DUCKDB_TYPE_HUGEINT: return "HUGEINT";
    case DUCKDB_TYPE_UTINYINT: return "UTINYINT";
    case DUCKDB_TYPE_USMALLINT: return "USMALLINT";
    case DUCKDB_TYPE_UINTEGER: return "UINTEGER";
    case DUCKDB_TYPE_UBIGINT: return "UBIGINT";
    case DUCKDB_TYPE_UHUGEINT: return "UHUGEINT";
    case DUCKDB_TYPE_FLOAT: return "FLOAT";
    case DUCKDB_TYPE_DOUBLE: return "DOUBLE";
    case DUCKDB_TYPE_DATE: return "DATE";
    case DUCKDB_TYPE_TIME: return "TIME";
    case DUCKDB_TYPE_TIMESTAMP: return "TIMESTAMP";
    case DUCKDB_TYPE_TIMESTAMP_S: return "TIMESTAMP_S";
    case DUCKDB_TYPE_TIMESTAMP_MS: return "TIMESTAMP_MS";
    case DUCKDB_TYPE_TIMESTAMP_NS: return "TIMESTAMP_NS";
    case DUCKDB_TYPE_TIMESTAMP_TZ: return "TIMESTAMP WITH TIME ZONE";
    case DUCKDB_TYPE_BLOB: return "BLOB";
    default: return "VARCHAR";
  }
}

std::string Named(const DuckType& type) {
  return ReadableTypeName(type.get());
}

std::string StructName(duckdb_logical_type type) {
  std::string name = "STRUCT(";
  for (idx_t i = 0; i < duckdb_struct_type_child_count(type); ++i) {
    char* const member = duckdb_struct_type_child_name(type, i);
    name += (i > 0 ? ", " : "") + QuoteSqlName(member) + " ";
    duckdb_free(member);
    name += Named(DuckType(duckdb_struct_type_child_type(type, i)));
  }
  return name + ")";
}

}  // namespace

// NOLINTNEXTLINE(misc-no-recursion): as deep as the type is nested
std::string ReadableTypeName(duckdb_logical_type type) {
  switch (duckdb_get_type_id(type)) {
    case DUCKDB_TYPE_LIST: return Named(DuckType(duckdb_list_type_child_type(type))) + "[]";
    case DUCKDB_TYPE_ARRAY:
      return Named(DuckType(duckdb_array_type_child_type(type))) + "[" +
             std::to_string(duckdb_array_type_array_size(type)) + "]";
    case DUCKDB_TYPE_MAP:
      return "MAP(" + Named(DuckType(duckdb_map_type_key_type(type))) + ", " +
             Named(DuckType(duckdb_map_type_value_type(type))) + ")";
    case DUCKDB_TYPE_STRUCT: return StructName(type);
    case DUCKDB_TYPE_DECIMAL:
      return "DECIMAL(" + std::to_string(duckdb_decimal_width(type)) + "," +
             std::to_string(duckdb_decimal_scale(type)) + ")";
    default: return ScalarName(duckdb_get_type_id(type));
  }
}

}  // namespace freshet
