// SPDX-License-Identifier: Apache-2.0
// The database of the memory source: tables, log, states. Its connector is in memory_source.cc.
#include <algorithm>
#include <set>

#include "tests/support/memory_source.h"

namespace freshet::test {

SchemaPtr MakeMemorySchema(const TableName& name) {
  auto schema = std::make_shared<TableSchema>();
  schema->name = name;
  schema->next_column_id = 4;
  schema->columns.resize(3);
  const char* names[] = {"id", "a", "b"};
  for (uint32_t i = 0; i < 3; ++i) {
    schema->columns[i].id = i + 1;
    schema->columns[i].name = names[i];
    schema->columns[i].type.kind = i == 2 ? TypeKind::kString : TypeKind::kInt64;
    schema->columns[i].nullable = i != 0;
  }
  schema->key_columns = {0};
  schema->key_name = "PRIMARY";
  return schema;
}

void MemoryDatabase::Append(std::map<TableName, MemoryRows> state, std::vector<MemoryChange> changes) {
  log_.push_back({log_.size() + 1, std::move(changes)});
  states_.push_back(std::move(state));
  changed_.NotifyAll();
}

void MemoryDatabase::CreateTable(const TableName& name, bool logged) {
  MutexLock lock(mutex_);
  schemas_[name] = MakeMemorySchema(name);
  auto state = states_.back();
  state[name];
  std::vector<MemoryChange> changes;
  unlogged_drops_.erase(name);
  if (!logged) unlogged_.insert(name);
  if (logged) {
    changes.push_back({name, SchemaChangeKind::kCreateTable, nullptr, schemas_[name]});
  }
  Append(std::move(state), std::move(changes));
}

void MemoryDatabase::DropTable(const TableName& name) {
  MutexLock lock(mutex_);
  auto state = states_.back();
  state.erase(name);
  const SchemaPtr schema = schemas_[name];
  schemas_.erase(name);
  Append(std::move(state), {{name, SchemaChangeKind::kDropTable, schema, nullptr}});
}

void MemoryDatabase::DropTableUnlogged(const TableName& name) {
  MutexLock lock(mutex_);
  states_.back().erase(name);
  schemas_.erase(name);
  unlogged_.erase(name);
  unlogged_drops_.insert(name);
}

bool MemoryDatabase::IsUnlogged(const TableName& name) const {
  MutexLock lock(mutex_);
  return unlogged_.contains(name);
}

bool MemoryDatabase::WasDroppedUnlogged(const TableName& name) const {
  MutexLock lock(mutex_);
  return unlogged_drops_.contains(name);
}

void MemoryDatabase::Truncate(const TableName& name) {
  MutexLock lock(mutex_);
  auto state = states_.back();
  state[name].clear();
  Append(std::move(state), {{name, SchemaChangeKind::kTruncateTable, schemas_[name], schemas_[name]}});
}

void MemoryDatabase::LogSchemaChange(const TableName& name, SchemaChangeKind kind, std::string reason) {
  MutexLock lock(mutex_);
  Append(states_.back(), {{name, kind, schemas_[name], schemas_[name], std::move(reason)}});
}

void MemoryDatabase::Transaction::Upsert(const TableName& table, int64_t id, MemoryRow row, bool partial) {
  steps_.push_back([=](std::map<TableName, MemoryRows>& state, std::vector<MemoryChange>& changes) {
    MemoryRows& rows = state[table];
    MemoryChange change{table};
    const auto old = rows.find(id);
    change.op = old == rows.end() ? RowOp::kInsert : RowOp::kUpdate;
    change.old_id = change.id = id;
    change.after = row;
    if (old != rows.end() && partial) {  // only what did not change may be left out
      change.send_a = old->second.a != row.a;
      change.send_b = old->second.b != row.b;
    }
    rows[id] = row;
    changes.push_back(std::move(change));
  });
}

void MemoryDatabase::Transaction::Delete(const TableName& table, int64_t id) {
  steps_.push_back([=](std::map<TableName, MemoryRows>& state, std::vector<MemoryChange>& changes) {
    if (state[table].erase(id) == 0) return;
    MemoryChange change{table};
    change.op = RowOp::kDelete;
    change.old_id = change.id = id;
    changes.push_back(std::move(change));
  });
}

void MemoryDatabase::Transaction::MoveKey(const TableName& table, int64_t from, int64_t to, bool partial) {
  steps_.push_back([=](std::map<TableName, MemoryRows>& state, std::vector<MemoryChange>& changes) {
    MemoryRows& rows = state[table];
    const auto old = rows.find(from);
    if (old == rows.end() || rows.contains(to)) return;
    MemoryChange change{table};
    change.op = RowOp::kUpdate;
    change.old_id = from;
    change.id = to;
    change.after = old->second;
    change.send_a = change.send_b = !partial;
    rows[to] = old->second;
    rows.erase(from);
    changes.push_back(std::move(change));
  });
}

void MemoryDatabase::Transaction::Commit() {
  MutexLock lock(database_.mutex_);
  auto state = database_.states_.back();
  std::vector<MemoryChange> changes;
  for (const auto& step : steps_) step(state, changes);
  database_.Append(std::move(state), std::move(changes));
  steps_.clear();
}

uint64_t MemoryDatabase::head() const {
  MutexLock lock(mutex_);
  return log_.size();
}

MemoryRows MemoryDatabase::Rows(const TableName& table) const {
  return RowsAt(table, head());
}

std::vector<TableName> MemoryDatabase::tables() const {
  MutexLock lock(mutex_);
  std::vector<TableName> names;
  for (const auto& [name, schema] : schemas_) names.push_back(name);
  return names;
}

std::optional<MemoryDatabase::Logged> MemoryDatabase::Entry(uint64_t lsn) const {
  MutexLock lock(mutex_);
  if (lsn == 0 || lsn > log_.size()) return std::nullopt;
  return log_[lsn - 1];
}

bool MemoryDatabase::WaitBeyond(uint64_t lsn, Deadline deadline) const {
  MutexLock lock(mutex_);
  while (log_.size() <= lsn) {
    if (!changed_.WaitUntil(mutex_, deadline.at()) && deadline.Passed()) return false;
  }
  return true;
}

MemoryRows MemoryDatabase::RowsAt(const TableName& table, uint64_t lsn) const {
  MutexLock lock(mutex_);
  const auto found = states_[lsn].find(table);
  return found == states_[lsn].end() ? MemoryRows() : found->second;
}

void MemoryDatabase::SetFault(Fault fault) {
  MutexLock lock(mutex_);
  fault_ = std::move(fault);
}

Status MemoryDatabase::Hit(std::string_view call) const {
  Fault fault;
  {
    MutexLock lock(mutex_);
    fault = fault_;
  }
  return fault ? fault(call) : Status::Ok();
}

std::vector<uint64_t> MemoryDatabase::acknowledged() const {
  MutexLock lock(mutex_);
  return acknowledged_;
}

void MemoryDatabase::Acknowledged(uint64_t lsn) {
  MutexLock lock(mutex_);
  acknowledged_.push_back(lsn);
}

}  // namespace freshet::test
