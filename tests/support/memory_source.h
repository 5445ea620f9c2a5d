// SPDX-License-Identifier: Apache-2.0
// A source database in memory for tests of sync/: tables of rows (id, a, b), a log of transactions, snapshot
// reads that may lag behind or lead the log, partial images, and a fault hook at each call. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "cdc/change/source.h"

namespace freshet::test {

struct MemoryRow {
  int64_t a = 0;
  std::string b;
  bool operator==(const MemoryRow&) const = default;
};
using MemoryRows = std::map<int64_t, MemoryRow>;

// One row change or schema change of a logged transaction.
struct MemoryChange {
  TableName table;
  std::optional<SchemaChangeKind> schema_change;
  SchemaPtr old_schema;
  SchemaPtr new_schema;
  std::string reason;
  RowOp op = RowOp::kInsert;
  int64_t old_id = 0;
  int64_t id = 0;
  MemoryRow after;
  bool send_a = true;  // false: the log carries kUnchanged
  bool send_b = true;
};

SchemaPtr MakeMemorySchema(const TableName& name);

class MemoryDatabase {
 public:
  // Called with the name of a connector, source or scanner call before it does anything.
  using Fault = std::function<Status(std::string_view call)>;
  void SetFault(Fault fault);

  void CreateTable(const TableName& name, bool logged);
  void DropTable(const TableName& name);
  // As Postgres: the log does not say it, LookAtCatalog finds it; so it is with tables created without being logged.
  void DropTableUnlogged(const TableName& name);
  void Truncate(const TableName& name);
  void LogSchemaChange(const TableName& name, SchemaChangeKind kind, std::string reason);
  // Opens a transaction's change list; Commit makes it one log entry and one state.
  class Transaction {
   public:
    explicit Transaction(MemoryDatabase& database) : database_(database) {}
    void Upsert(const TableName& table, int64_t id, MemoryRow row, bool partial = false);
    void Delete(const TableName& table, int64_t id);
    void MoveKey(const TableName& table, int64_t from, int64_t to, bool partial = false);
    void Commit();

   private:
    friend class MemoryDatabase;
    MemoryDatabase& database_;
    std::vector<std::function<void(std::map<TableName, MemoryRows>&, std::vector<MemoryChange>&)>> steps_;
  };

  uint64_t head() const;
  MemoryRows Rows(const TableName& table) const;
  std::vector<TableName> tables() const;

  // --- for the source and scanners
  struct Logged {
    uint64_t lsn = 0;
    std::vector<MemoryChange> changes;
  };
  std::optional<Logged> Entry(uint64_t lsn) const;
  bool WaitBeyond(uint64_t lsn, Deadline deadline) const;
  MemoryRows RowsAt(const TableName& table, uint64_t lsn) const;
  Status Hit(std::string_view call) const;
  // Scanners read a state between what they were told to wait for and the newest: the oldest one when `lagging`.
  std::function<uint64_t(uint64_t oldest, uint64_t newest)> pick_state;
  bool IsUnlogged(const TableName& name) const;          // created so and still there
  bool WasDroppedUnlogged(const TableName& name) const;  // and not created again
  std::vector<uint64_t> acknowledged() const;
  void Acknowledged(uint64_t lsn);
  std::atomic<int> releases{0};

 private:
  void Append(std::map<TableName, MemoryRows> state, std::vector<MemoryChange> changes);
  mutable Mutex mutex_;
  mutable CondVar changed_;
  std::map<TableName, SchemaPtr> schemas_;
  std::vector<Logged> log_;                                 // entry i has lsn i + 1
  std::vector<std::map<TableName, MemoryRows>> states_{1};  // state after lsn i
  std::vector<uint64_t> acknowledged_;
  std::set<TableName> unlogged_;
  std::set<TableName> unlogged_drops_;
  Fault fault_;
  friend class Transaction;
};

std::unique_ptr<Connector> MakeMemoryConnector(MemoryDatabase& database);
Position MemoryPosition(uint64_t lsn);

}  // namespace freshet::test
