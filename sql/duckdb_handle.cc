// SPDX-License-Identifier: Apache-2.0
#include "sql/duckdb_handle.h"

#include <string>

namespace freshet {

Status DuckError(const char* text) {
  const std::string message = text == nullptr ? "query failed" : text;
  if (message.starts_with("INTERRUPT")) return Status(Code::kCancelled, "query was cancelled");
  if (message.starts_with("Catalog Error: Table with name") || message.starts_with("Catalog Error: Schema with name")) {
    return Status(Code::kNotFound, message);
  }
  return Status(Code::kInvalid, message);
}

Status RunSql(duckdb_connection connection, const std::string& sql) {
  DuckResult result;
  if (duckdb_query(connection, sql.c_str(), result.get()) == DuckDBSuccess) return Status::Ok();
  return DuckError(duckdb_result_error(result.get()));
}

}  // namespace freshet
