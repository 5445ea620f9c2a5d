// SPDX-License-Identifier: Apache-2.0
// PgConnection: one libpq session, and the only place that includes libpq. Sessions are pinned (UTC, ISO dates,
// exact floats, hex bytea, UTF-8, search_path of pg_catalog) so that text means the same everywhere. Used by
// one thread at a time. After kUnavailable or kTimeout the session is broken: make a new one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "base/stop.h"
#include "cdc/postgres/postgres_options.h"

struct pg_conn;
struct pg_result;

namespace freshet {

// Rows of a finished query. Views live as long as the PgRows.
class PgRows {
 public:
  explicit PgRows(pg_result* result) : result_(result) {}
  PgRows(PgRows&& other) noexcept : result_(other.result_) { other.result_ = nullptr; }
  PgRows& operator=(PgRows&& other) noexcept {
    std::swap(result_, other.result_);
    return *this;
  }
  ~PgRows();

  int size() const;
  // "" for NULL; ask IsNull to tell them apart.
  std::string_view Text(int row, int column) const;
  std::string String(int row, int column) const { return std::string(Text(row, column)); }
  bool IsNull(int row, int column) const;
  bool Bool(int row, int column) const { return Text(row, column) == "t"; }
  // 0 when it is no number.
  int64_t Int(int row, int column) const;
  uint64_t Uint(int row, int column) const;

 private:
  pg_result* result_;
};

// One CopyData message; the bytes live as long as this.
class CopyBytes {
 public:
  CopyBytes() = default;
  CopyBytes(char* data, size_t size) : data_(data), size_(size) {}
  CopyBytes(CopyBytes&& other) noexcept : data_(other.data_), size_(other.size_) { other.data_ = nullptr; }
  CopyBytes& operator=(CopyBytes&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~CopyBytes();
  std::string_view view() const { return {data_, size_}; }

 private:
  char* data_ = nullptr;
  size_t size_ = 0;
};

class PgConnection {
 public:
  enum class Kind : uint8_t { kQueries, kReplication };

  // kAuth (wrong password, not allowed), kNotFound (no such database), kUnavailable "can not connect to ...".
  static Result<PgConnection> Connect(const PostgresOptions& options, Kind kind, Deadline deadline);
  PgConnection(PgConnection&& other) noexcept : connection_(other.connection_) { other.connection_ = nullptr; }
  PgConnection& operator=(PgConnection&& other) noexcept {
    std::swap(connection_, other.connection_);
    return *this;
  }
  ~PgConnection();

  // One statement with text parameters $1, $2, ...; nullopt is NULL. Errors carry the server's message and the
  // code of its SQLSTATE. A replication session takes no parameters.
  Result<PgRows> Query(const std::string& sql, Deadline deadline,
                       const std::vector<std::optional<std::string>>& parameters = {}, StopToken stop = {});
  // Starts COPY .. TO STDOUT or START_REPLICATION: afterwards only the copy calls below are legal.
  Status StartCopy(const std::string& sql, Deadline deadline, StopToken stop = {});

  enum class CopyState : uint8_t { kData, kWait, kEnd };
  // Next message if one is here or can be received without waiting. kEnd: the copy is over, the session takes
  // queries again; an error of the server comes as Status.
  Result<CopyState> TryCopyData(CopyBytes& data);
  // Waits until the server sent something or the deadline passed; false then. Stop gives kCancelled within 1 s.
  Result<bool> WaitReadable(Deadline deadline, StopToken stop = {});
  // Bytes that have arrived and were not taken from the socket yet; 0 when the system does not tell.
  uint64_t QueuedBytes() const;
  // The server is reached without a network: both ends of the connection have one address.
  bool PeerIsThisMachine() const;
  // Lets about twice as many bytes lie in the socket at most, instead of what the system finds best. For speed only:
  // where the system refuses, nothing changes.
  void LimitReceiveBuffer(int bytes);
  Status SendCopyData(std::string_view data);
  // Ends a running COPY by a cancel request and reads what is left of it.
  Status CancelCopy(Deadline deadline);

  int server_version() const;  // 150004 for 15.4
  bool broken() const;
  static std::string Literal(std::string_view text);
  static std::string Identifier(std::string_view name);
  static std::string Qualified(const TableName& name) { return Identifier(name.schema) + "." + Identifier(name.table); }

 private:
  explicit PgConnection(pg_conn* connection) : connection_(connection) {}
  Result<pg_result*> NextResult(Deadline deadline, const StopToken& stop);
  Result<pg_result*> LastResult(Deadline deadline, const StopToken& stop);
  Status Flush(Deadline deadline);
  Status LostStatus(const char* doing) const;

  pg_conn* connection_;
};

// '{"a","b"}': the text form of a Postgres array parameter.
std::string ArrayText(const std::vector<std::string>& elements);

}  // namespace freshet
