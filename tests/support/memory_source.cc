// SPDX-License-Identifier: Apache-2.0
#include "tests/support/memory_source.h"

#include <algorithm>
#include <deque>
#include <set>

namespace freshet::test {

Position MemoryPosition(uint64_t lsn) { return Position{PostgresPosition{lsn, 0}}; }

namespace {

uint64_t LsnOf(const Position& position) {
  const auto* postgres = std::get_if<PostgresPosition>(&position.at);
  return postgres == nullptr ? 0 : postgres->lsn;
}

void FillImage(RowBatch& batch, uint32_t image, int64_t id, const MemoryRow* row, bool send_a, bool send_b) {
  batch.Image(image)[0] = Cell::Int(id);
  if (row == nullptr) return;
  if (send_a) batch.Image(image)[1] = Cell::Int(row->a);
  if (send_b) {
    const Cell cell = batch.AppendBytes(row->b);
    batch.Image(image)[2] = cell;
  }
}

RowBatch BatchOf(const SchemaPtr& schema, const MemoryChange& change) {
  RowBatch batch;
  batch.schema = schema;
  RowChange row;
  row.op = change.op;
  if (change.op == RowOp::kDelete || (change.op == RowOp::kUpdate && change.old_id != change.id)) {
    row.before = batch.AppendImage();
    FillImage(batch, row.before, change.old_id, nullptr, false, false);
  }
  if (change.op != RowOp::kDelete) {
    row.after = batch.AppendImage();
    FillImage(batch, row.after, change.id, &change.after, change.send_a, change.send_b);
  }
  batch.rows.push_back(row);
  return batch;
}

}  // namespace

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
  unlogged_drops_.push_back(name);
}

std::optional<TableName> MemoryDatabase::TakeUnloggedDrop() {
  MutexLock lock(mutex_);
  if (unlogged_drops_.empty()) return std::nullopt;
  TableName name = unlogged_drops_.back();
  unlogged_drops_.pop_back();
  return name;
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

MemoryRows MemoryDatabase::Rows(const TableName& table) const { return RowsAt(table, head()); }

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

namespace {

class MemoryReader : public Source {
 public:
  MemoryReader(MemoryDatabase& database, uint64_t after, std::vector<SchemaPtr> schemas, TableFilter filter)
      : database_(database), read_(after), filter_(std::move(filter)) {
    for (const SchemaPtr& schema : schemas) tables_[schema->name] = {schema, 0};
  }

  Result<std::optional<ChangeEvent>> Next(Deadline deadline) override {
    TRY(database_.Hit("next"));
    if (events_.empty()) ReportUnloggedDrop();
    if (events_.empty() && database_.WaitBeyond(read_, deadline)) Decode(*database_.Entry(++read_));
    if (events_.empty()) return std::optional<ChangeEvent>();
    ChangeEvent event = std::move(events_.front());
    events_.pop_front();
    return std::optional<ChangeEvent>(std::move(event));
  }
  bool HasBuffered() const override { return !events_.empty() || database_.head() > read_; }
  Status Acknowledge(const Position& durable) override {
    TRY(database_.Hit("acknowledge"));
    database_.Acknowledged(LsnOf(durable));
    return Status::Ok();
  }
  Status AddTable(SchemaPtr schema, const Position& from) override {
    const TableName name = schema->name;
    tables_[name] = {std::move(schema), LsnOf(from)};
    return Status::Ok();
  }
  void RemoveTable(const TableName& name) override { tables_.erase(name); }

 private:
  struct Tracked {
    SchemaPtr schema;
    uint64_t from = 0;
  };
  void ReportUnloggedDrop() {
    const std::optional<TableName> name = database_.TakeUnloggedDrop();
    if (!name || !tables_.contains(*name)) return;
    events_.push_back({{}, Begin{}});
    events_.push_back({{}, SchemaChange{SchemaChangeKind::kDropTable, tables_[*name].schema, nullptr, "", ""}});
    events_.push_back({MemoryPosition(read_), Commit{}});
    tables_.erase(*name);
  }
  void Decode(const MemoryDatabase::Logged& entry) {
    events_.push_back({{}, Begin{}});
    for (const MemoryChange& change : entry.changes) {
      const auto table = tables_.find(change.table);
      if (change.schema_change) {
        if (*change.schema_change == SchemaChangeKind::kCreateTable) {
          if (!filter_.Matches(change.table)) continue;
          tables_[change.table] = {change.new_schema, 0};
        } else if (table == tables_.end() || entry.lsn <= table->second.from) {
          continue;
        }
        events_.push_back(
            {{}, SchemaChange{*change.schema_change, change.old_schema, change.new_schema, "", change.reason}});
        if (*change.schema_change == SchemaChangeKind::kDropTable) tables_.erase(change.table);
      } else if (table != tables_.end() && entry.lsn > table->second.from) {
        events_.push_back({{}, BatchOf(table->second.schema, change)});
      }
    }
    events_.push_back({MemoryPosition(entry.lsn), Commit{static_cast<int64_t>(entry.lsn)}});
  }

  MemoryDatabase& database_;
  uint64_t read_;
  TableFilter filter_;
  std::map<TableName, Tracked> tables_;
  std::deque<ChangeEvent> events_;
};

class MemoryScanner : public TableScanner {
 public:
  explicit MemoryScanner(MemoryDatabase& database) : database_(database) {}

  Result<int64_t> EstimateRows(const TableSchema& schema) override {
    TRY(database_.Hit("estimate"));
    return static_cast<int64_t>(database_.Rows(schema.name).size());
  }
  Result<std::optional<KeyText>> NextBound(const TableSchema& schema, const std::optional<KeyText>& after, int64_t rows,
                                           StopToken) override {
    TRY(database_.Hit("next_bound"));
    const MemoryRows all = database_.Rows(schema.name);
    auto at = after ? all.upper_bound(std::stoll((*after)[0])) : all.begin();
    for (int64_t i = 1; i < rows && at != all.end(); ++i) ++at;
    if (at == all.end() || std::next(at) == all.end()) return std::optional<KeyText>();
    return std::optional<KeyText>(KeyText{std::to_string(at->first)});
  }
  Status WaitVisible(const Position& seen, Deadline, StopToken) override {
    TRY(database_.Hit("wait_visible"));
    visible_ = std::max(visible_, LsnOf(seen));
    return Status::Ok();
  }
  Result<ChunkRows> ReadChunk(const SchemaPtr& schema, const ChunkRange& range, size_t, StopToken) override {
    TRY(database_.Hit("read_chunk"));
    const uint64_t newest = database_.head();
    visible_ = database_.pick_state ? database_.pick_state(visible_, newest) : newest;
    const MemoryRows all = database_.RowsAt(schema->name, visible_);
    ChunkRows rows;
    rows.batch.schema = schema;
    for (const auto& [id, row] : all) {
      if (range.after && id <= std::stoll((*range.after)[0])) continue;
      if (range.up_to && id > std::stoll((*range.up_to)[0])) break;
      const uint32_t image = rows.batch.AppendImage();
      FillImage(rows.batch, image, id, &row, true, true);
      rows.batch.rows.push_back({RowOp::kInsert, kNoImage, image});
      if (rows.batch.rows.size() == 9) {  // a small stand-in for the limit in bytes
        rows.cut_after = KeyText{std::to_string(id)};
        break;
      }
    }
    return rows;
  }

 private:
  MemoryDatabase& database_;
  uint64_t visible_ = 0;
};

class MemoryConnector : public Connector {
 public:
  explicit MemoryConnector(MemoryDatabase& database) : database_(database) {}

  Status Preflight() override { return database_.Hit("preflight"); }
  Result<std::vector<TableName>> ListTables(const TableFilter& filter) override {
    TRY(database_.Hit("list_tables"));
    std::vector<TableName> names = database_.tables();
    std::erase_if(names, [&](const TableName& name) { return !filter.Matches(name); });
    return names;
  }
  Result<std::vector<TableDescription>> DescribeTables(const std::vector<TableName>& names) override {
    TRY(database_.Hit("describe"));
    std::vector<TableDescription> all;
    for (const TableName& name : names) {
      TableDescription description{name, nullptr, Status(Code::kNotFound, "Table does not exist: " + name.table)};
      for (const TableName& known : database_.tables()) {
        if (known == name) description = {name, MakeMemorySchema(name), Status::Ok()};
      }
      // By name: tables that no mirror can hold.
      const std::string no_key = "The following tables do not have primary key defined: ";
      if (name.table.starts_with("nokey")) {
        description = {name, nullptr, Status(Code::kUnsupported, no_key + name.table)};
      }
      all.push_back(std::move(description));
    }
    return all;
  }
  Result<Position> CurrentPosition() override {
    TRY(database_.Hit("current_position"));
    return MemoryPosition(database_.head());
  }
  Result<Position> StartLog(const LogStart& start, const std::vector<TableName>&) override {
    TRY(database_.Hit("start_log"));
    if (start.mode == LogStart::Mode::kEarliest) return MemoryPosition(0);
    return start.mode == LogStart::Mode::kPosition ? start.position : MemoryPosition(database_.head());
  }
  Status TrackTables(const std::vector<TableName>&) override { return database_.Hit("track"); }
  Status UntrackTables(const std::vector<TableName>&) override { return database_.Hit("untrack"); }
  Status ReleaseLog() override {
    ++database_.releases;
    return Status::Ok();
  }
  Result<std::unique_ptr<Source>> OpenSource(const Position& after, std::vector<SchemaPtr> schemas,
                                             const TableFilter& filter) override {
    TRY(database_.Hit("open_source"));
    return std::unique_ptr<Source>(
        std::make_unique<MemoryReader>(database_, LsnOf(after), std::move(schemas), filter));
  }
  Result<std::unique_ptr<TableScanner>> OpenScanner() override {
    TRY(database_.Hit("open_scanner"));
    return std::unique_ptr<TableScanner>(std::make_unique<MemoryScanner>(database_));
  }

 private:
  MemoryDatabase& database_;
};

}  // namespace

std::unique_ptr<Connector> MakeMemoryConnector(MemoryDatabase& database) {
  return std::make_unique<MemoryConnector>(database);
}

}  // namespace freshet::test
