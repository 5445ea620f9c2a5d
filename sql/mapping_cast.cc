// SPDX-License-Identifier: Apache-2.0
#include "sql/mapping_cast.h"

#include <string_view>
#include <utility>

#include "sql/vector_reader.h"
#include "sql/vector_writer.h"

namespace freshet {

namespace {

// A type's name as CAST takes it, and a value of it that every numeric or temporal type could hold if it can hold
// any value of the type. "": whether it fits is a matter of the value.
struct Sample {
  duckdb_type type;
  const char* name;
  const char* literal;
};
constexpr Sample kSamples[] = {
    {DUCKDB_TYPE_BOOLEAN, "BOOLEAN", "CAST(1 AS BOOLEAN)"},
    {DUCKDB_TYPE_TINYINT, "TINYINT", "CAST(1 AS TINYINT)"},
    {DUCKDB_TYPE_SMALLINT, "SMALLINT", "CAST(1 AS SMALLINT)"},
    {DUCKDB_TYPE_INTEGER, "INTEGER", "CAST(1 AS INTEGER)"},
    {DUCKDB_TYPE_BIGINT, "BIGINT", "CAST(1 AS BIGINT)"},
    {DUCKDB_TYPE_UTINYINT, "UTINYINT", "CAST(1 AS UTINYINT)"},
    {DUCKDB_TYPE_USMALLINT, "USMALLINT", "CAST(1 AS USMALLINT)"},
    {DUCKDB_TYPE_UINTEGER, "UINTEGER", "CAST(1 AS UINTEGER)"},
    {DUCKDB_TYPE_UBIGINT, "UBIGINT", "CAST(1 AS UBIGINT)"},
    {DUCKDB_TYPE_HUGEINT, "HUGEINT", "CAST(1 AS HUGEINT)"},
    {DUCKDB_TYPE_UHUGEINT, "UHUGEINT", "CAST(1 AS UHUGEINT)"},
    {DUCKDB_TYPE_FLOAT, "FLOAT", "CAST(1 AS FLOAT)"},
    {DUCKDB_TYPE_DOUBLE, "DOUBLE", "CAST(1 AS DOUBLE)"},
    {DUCKDB_TYPE_DECIMAL, "DECIMAL", "CAST(0 AS DECIMAL(1,0))"},
    {DUCKDB_TYPE_DATE, "DATE", "DATE '2000-01-01'"},
    {DUCKDB_TYPE_TIME, "TIME", "TIME '01:02:03'"},
    {DUCKDB_TYPE_TIMESTAMP, "TIMESTAMP", "TIMESTAMP '2000-01-01 00:00:00'"},
    {DUCKDB_TYPE_TIMESTAMP_S, "TIMESTAMP_S", "CAST(TIMESTAMP '2000-01-01 00:00:00' AS TIMESTAMP_S)"},
    {DUCKDB_TYPE_TIMESTAMP_MS, "TIMESTAMP_MS", "CAST(TIMESTAMP '2000-01-01 00:00:00' AS TIMESTAMP_MS)"},
    {DUCKDB_TYPE_TIMESTAMP_NS, "TIMESTAMP_NS", "CAST(TIMESTAMP '2000-01-01 00:00:00' AS TIMESTAMP_NS)"},
    {DUCKDB_TYPE_TIMESTAMP_TZ, "TIMESTAMPTZ", "CAST(TIMESTAMP '2000-01-01 00:00:00' AS TIMESTAMPTZ)"},
    {DUCKDB_TYPE_INTERVAL, "INTERVAL", "INTERVAL 1 DAY"},
    {DUCKDB_TYPE_UUID, "UUID", "CAST('00000000-0000-0000-0000-000000000000' AS UUID)"},
    {DUCKDB_TYPE_BLOB, "BLOB", "CAST('1' AS BLOB)"},
    {DUCKDB_TYPE_VARCHAR, "VARCHAR", ""},
    {DUCKDB_TYPE_BIT, "BIT", ""},
    {DUCKDB_TYPE_ENUM, "ENUM", ""},
    {DUCKDB_TYPE_LIST, "LIST", "[1]"},
    {DUCKDB_TYPE_ARRAY, "ARRAY", "[1]"},
    {DUCKDB_TYPE_STRUCT, "STRUCT", "{'a': 1}"},
    {DUCKDB_TYPE_MAP, "MAP", "MAP {'a': 1}"},
};

const Sample* FindSample(duckdb_type type) {
  for (const Sample& sample : kSamples) {
    if (sample.type == type) return &sample;
  }
  return nullptr;
}

bool IsNested(duckdb_type type) {
  return type == DUCKDB_TYPE_LIST || type == DUCKDB_TYPE_ARRAY || type == DUCKDB_TYPE_STRUCT ||
         type == DUCKDB_TYPE_MAP || type == DUCKDB_TYPE_UNION;
}

bool SameType(duckdb_logical_type a, duckdb_logical_type b) {
  const duckdb_type type = duckdb_get_type_id(a);
  if (type != duckdb_get_type_id(b)) return false;
  if (type != DUCKDB_TYPE_DECIMAL) return !IsNested(type);
  return duckdb_decimal_width(a) == duckdb_decimal_width(b) && duckdb_decimal_scale(a) == duckdb_decimal_scale(b);
}

std::string UnfitWhen(const std::string& from, const std::string& to) {
  return "(" + from + " IS NOT NULL AND " + to + " IS NULL)";
}

ColumnCast CastToText(const std::string& x, duckdb_type type, const Column& column) {
  if (IsNested(type)) return {"CAST(to_json(" + x + ") AS VARCHAR)", "", ""};
  if (column.type.kind == TypeKind::kJson) return {"CAST(to_json(" + x + ") AS VARCHAR)", "", ""};
  if (type == DUCKDB_TYPE_BLOB) {
    const std::string text = "TRY(decode(" + x + "))";
    return {text, UnfitWhen(x, text), ""};
  }
  // MySQL's booleans are numbers.
  if (type == DUCKDB_TYPE_BOOLEAN) return {"CAST(CAST(" + x + " AS TINYINT) AS VARCHAR)", "", ""};
  if (type == DUCKDB_TYPE_TIMESTAMP_TZ) return {"CAST(CAST(" + x + " AS TIMESTAMP) AS VARCHAR)", "", ""};
  return {"CAST(" + x + " AS VARCHAR)", "", ""};
}

// Text of JSON is without its quotes.
std::string PlainText(const std::string& x, duckdb_logical_type type) {
  char* const alias = duckdb_logical_type_get_alias(type);
  const bool json = alias != nullptr && std::string_view(alias) == "JSON";
  duckdb_free(alias);
  return json ? "json_extract_string(" + x + ", '$')" : x;
}

ColumnCast CastFromText(const std::string& text, duckdb_type to, const std::string& type) {
  const auto cast = [&](const char* form) {
    return std::string("TRY_CAST(") + form + "(" + text + ") AS " + type + ")";
  };
  std::string value;
  switch (to) {
    case DUCKDB_TYPE_DATE:
    case DUCKDB_TYPE_TIMESTAMP: value = cast("freshet_moment"); break;
    case DUCKDB_TYPE_TIME: value = cast("freshet_clock"); break;
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
      value = cast("freshet_number");
      value = "(CASE WHEN isfinite(" + value + ") THEN " + value + " END)";  // 1e400
      break;
    case DUCKDB_TYPE_BOOLEAN:
    case DUCKDB_TYPE_UUID:
    case DUCKDB_TYPE_INTERVAL: value = cast(""); break;
    default: value = cast("freshet_number");
  }
  return {value, UnfitWhen(text, value), ""};
}

}  // namespace

ColumnCast CastToColumn(const std::string& expression, duckdb_logical_type type, const Column& column) {
  const DuckType target = SqlTypeOf(column.type);
  const duckdb_type from = duckdb_get_type_id(type);
  const duckdb_type to = duckdb_get_type_id(target.get());
  const Sample* sample = FindSample(from);
  ColumnCast cast;
  if (SameType(type, target.get())) {
    cast = {expression, "", ""};
  } else if (from == DUCKDB_TYPE_SQLNULL) {
    cast = {"CAST(NULL AS " + CastTypeName(column.type) + ")", "", ""};
  } else if (to == DUCKDB_TYPE_VARCHAR) {
    cast = CastToText(expression, from, column);
  } else if (to == DUCKDB_TYPE_BLOB) {
    cast = {"encode(CAST(" + expression + " AS VARCHAR))", "", ""};
  } else if (from == DUCKDB_TYPE_VARCHAR) {
    cast = CastFromText(PlainText(expression, type), to, CastTypeName(column.type));
  } else {
    const std::string value = "TRY_CAST(" + expression + " AS " + CastTypeName(column.type) + ")";
    cast = {value, UnfitWhen(expression, value), ""};
  }
  cast.from = sample == nullptr ? "value" : sample->name;
  return cast;
}

Status CheckCast(duckdb_connection connection, duckdb_logical_type type, const Column& column) {
  const DuckType target = SqlTypeOf(column.type);
  const duckdb_type from = duckdb_get_type_id(type);
  const duckdb_type to = duckdb_get_type_id(target.get());
  if (SameType(type, target.get()) || to == DUCKDB_TYPE_VARCHAR || to == DUCKDB_TYPE_BLOB) return Status::Ok();
  const Sample* sample = FindSample(from);
  if (sample == nullptr || *sample->literal == '\0') return Status::Ok();
  const std::string cast = std::string("CAST(") + sample->literal + " AS " + CastTypeName(column.type) + ")";
  const Status status = RunSql(connection, "SELECT " + cast);
  // Anything else is about the sample's value.
  if (status.message().find("Unimplemented type for cast") == std::string::npos) return Status::Ok();
  return Status(Code::kInvalid,
                "column " + column.name + ": " + sample->name + " cannot be cast to " + SqlTypeName(column.type));
}

}  // namespace freshet
