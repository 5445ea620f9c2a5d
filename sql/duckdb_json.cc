// SPDX-License-Identifier: Apache-2.0
#include "sql/duckdb_json.h"

#include <cmath>

#include "sql/duckdb_cursor.h"
#include "sql/value_text.h"

namespace freshet {

namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

void AppendList(duckdb_vector child, uint64_t begin, uint64_t end, std::string& out) {
  out += '[';
  for (uint64_t i = begin; i < end; ++i) {
    if (i > begin) out += ',';
    AppendJsonValue(child, i, out);
  }
  out += ']';
}

void AppendStruct(duckdb_vector vector, duckdb_logical_type type, size_t row, std::string& out) {
  out += '{';
  for (idx_t i = 0; i < duckdb_struct_type_child_count(type); ++i) {
    if (i > 0) out += ',';
    char* name = duckdb_struct_type_child_name(type, i);
    AppendQuotedJson(name, out);
    duckdb_free(name);
    out += ':';
    AppendJsonValue(duckdb_struct_vector_get_child(vector, i), row, out);
  }
  out += '}';
}

void AppendBlob(std::string_view bytes, std::string& out) {
  out += '"';
  for (const unsigned char c : bytes) {
    out += kHexDigits[c >> 4];
    out += kHexDigits[c & 15];
  }
  out += '"';
}

bool IsNumber(duckdb_type id) {
  switch (id) {
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER:
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_DECIMAL: return true;
    default: return false;
  }
}

// Of a timestamp that is not in microseconds: > 0 units in one microsecond, < 0 microseconds in one unit, 0 none.
int64_t UnitsPerMicrosecond(duckdb_type id) {
  switch (id) {
    case DUCKDB_TYPE_TIMESTAMP_NS: return 1000;
    case DUCKDB_TYPE_TIMESTAMP_TZ: return 1;
    case DUCKDB_TYPE_TIMESTAMP_MS: return -1000;
    case DUCKDB_TYPE_TIMESTAMP_S: return -1'000'000;
    default: return 0;
  }
}

void AppendTimestamp(int64_t value, int64_t per_us, std::string& out) {
  int64_t us = per_us > 0 ? value / per_us : value * -per_us;
  int64_t rest = per_us > 0 ? value % per_us : 0;
  if (rest < 0) {
    rest += per_us;
    --us;
  }
  std::string text;
  const DuckType type(duckdb_create_logical_type(DUCKDB_TYPE_TIMESTAMP));
  ValueFormat::Of(type.get()).Append(&us, 0, text);
  if (rest > 0) {
    if (text.find('.') == std::string::npos) text += ".000000";
    text += std::to_string(1000 + rest).substr(1);
  }
  AppendQuotedJson(text, out);
}

void AppendScalar(const void* data, duckdb_logical_type type, duckdb_type id, size_t row, std::string& out) {
  if (id == DUCKDB_TYPE_BOOLEAN) {
    out += static_cast<const bool*>(data)[row] ? "true" : "false";
    return;
  }
  if (id == DUCKDB_TYPE_VARCHAR || id == DUCKDB_TYPE_BLOB) {
    auto& value = static_cast<duckdb_string_t*>(const_cast<void*>(data))[row];
    const std::string_view bytes(duckdb_string_t_data(&value), duckdb_string_t_length(value));
    id == DUCKDB_TYPE_BLOB ? AppendBlob(bytes, out) : AppendQuotedJson(bytes, out);
    return;
  }
  if (const int64_t per_us = UnitsPerMicrosecond(id); per_us != 0) {
    AppendTimestamp(static_cast<const int64_t*>(data)[row], per_us, out);
    return;
  }
  CHECK(HasTextForm(id));  // readers give no other types
  std::string text;
  ValueFormat::Of(type).Append(data, row, text);
  const bool finite = (id == DUCKDB_TYPE_FLOAT && std::isfinite(static_cast<const float*>(data)[row])) ||
                      (id == DUCKDB_TYPE_DOUBLE && std::isfinite(static_cast<const double*>(data)[row]));
  IsNumber(id) || finite ? static_cast<void>(out += text) : AppendQuotedJson(text, out);
}

}  // namespace

void AppendQuotedJson(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += kHexDigits[static_cast<unsigned char>(c) >> 4];
      out += kHexDigits[static_cast<unsigned char>(c) & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void AppendJsonValue(duckdb_vector vector, size_t row, std::string& out) {
  uint64_t* validity = duckdb_vector_get_validity(vector);
  if (validity != nullptr && !duckdb_validity_row_is_valid(validity, row)) {
    out += "null";
    return;
  }
  const DuckType type(duckdb_vector_get_column_type(vector));
  const duckdb_type id = duckdb_get_type_id(type.get());
  const void* data = duckdb_vector_get_data(vector);
  if (id == DUCKDB_TYPE_LIST || id == DUCKDB_TYPE_MAP) {
    const duckdb_list_entry entry = static_cast<const duckdb_list_entry*>(data)[row];
    AppendList(duckdb_list_vector_get_child(vector), entry.offset, entry.offset + entry.length, out);
  } else if (id == DUCKDB_TYPE_ARRAY) {
    const idx_t size = duckdb_array_type_array_size(type.get());
    AppendList(duckdb_array_vector_get_child(vector), row * size, (row + 1) * size, out);
  } else if (id == DUCKDB_TYPE_STRUCT) {
    AppendStruct(vector, type.get(), row, out);
  } else {
    AppendScalar(data, type.get(), id, row, out);
  }
}

}  // namespace freshet
