// SPDX-License-Identifier: Apache-2.0
// Owners of DuckDB's C handles: each is destroyed once, by its last owner. Internal to sql/; the only place
// besides the files that include it where duckdb.h is seen.
#pragma once

#include <duckdb.h>

#include <utility>

#include "base/status.h"

namespace freshet {

template <typename Handle, void (*Destroy)(Handle*)>
class DuckHandle {
 public:
  DuckHandle() = default;
  explicit DuckHandle(Handle handle) : handle_(handle) {}
  ~DuckHandle() { Reset(); }
  DuckHandle(DuckHandle&& other) noexcept : handle_(std::exchange(other.handle_, Handle{})) {}
  DuckHandle& operator=(DuckHandle&& other) noexcept {
    if (this != &other) {
      Reset();
      handle_ = std::exchange(other.handle_, Handle{});
    }
    return *this;
  }
  Handle get() const { return handle_; }
  // For C calls that fill a handle.
  Handle* out() {
    Reset();
    return &handle_;
  }
  void Reset() {
    if (handle_ != Handle{}) Destroy(&handle_);
    handle_ = Handle{};
  }

 private:
  Handle handle_{};
};

using DuckDatabase = DuckHandle<duckdb_database, duckdb_close>;
using DuckConnection = DuckHandle<duckdb_connection, duckdb_disconnect>;
using DuckConfig = DuckHandle<duckdb_config, duckdb_destroy_config>;
using DuckPrepared = DuckHandle<duckdb_prepared_statement, duckdb_destroy_prepare>;
using DuckPending = DuckHandle<duckdb_pending_result, duckdb_destroy_pending>;
using DuckChunk = DuckHandle<duckdb_data_chunk, duckdb_destroy_data_chunk>;
using DuckType = DuckHandle<duckdb_logical_type, duckdb_destroy_logical_type>;
using DuckValue = DuckHandle<duckdb_value, duckdb_destroy_value>;
using DuckTableFunction = DuckHandle<duckdb_table_function, duckdb_destroy_table_function>;
using DuckContext = DuckHandle<duckdb_client_context, duckdb_destroy_client_context>;

// duckdb_result is a struct, not a pointer.
class DuckResult {
 public:
  DuckResult() = default;
  ~DuckResult() { duckdb_destroy_result(&result_); }
  DuckResult(const DuckResult&) = delete;
  DuckResult& operator=(const DuckResult&) = delete;
  duckdb_result* get() { return &result_; }

 private:
  duckdb_result result_{};
};

// DuckDB's text of an error as ours: a missing table is kNotFound, an interrupt kCancelled, else kInvalid.
Status DuckError(const char* text);
Status RunSql(duckdb_connection connection, const std::string& sql);

}  // namespace freshet
