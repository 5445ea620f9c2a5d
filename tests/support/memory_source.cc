// SPDX-License-Identifier: Apache-2.0
#include "tests/support/memory_source.h"

#include <algorithm>
#include <deque>
#include <set>

namespace freshet::test {

Position MemoryPosition(uint64_t lsn) {
  return Position{PostgresPosition{lsn, 0}};
}

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

class MemoryReader : public Source {
 public:
  MemoryReader(MemoryDatabase& database, uint64_t after, std::vector<SchemaPtr> schemas, TableFilter filter)
      : database_(database), read_(after), filter_(std::move(filter)) {
    for (const SchemaPtr& schema : schemas) tables_[schema->name] = {schema, 0};
  }

  Result<std::optional<ChangeEvent>> Next(Deadline deadline) override {
    TRY(database_.Hit("next"));
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
  Result<CatalogNews> LookAtCatalog(const std::vector<SchemaPtr>& followed, const TableFilter& filter) override {
    TRY(database_.Hit("look"));
    CatalogNews news;
    std::set<TableName> known;
    for (const SchemaPtr& schema : followed) {
      known.insert(schema->name);
      if (database_.WasDroppedUnlogged(schema->name)) news.gone.push_back(schema);
    }
    for (const TableName& name : database_.tables()) {
      if (database_.IsUnlogged(name) && filter.Matches(name) && !known.contains(name)) news.created.push_back(name);
    }
    if (!news.gone.empty()) news.at = MemoryPosition(database_.head());
    return news;
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
    return std::unique_ptr<Source>(std::make_unique<MemoryReader>(database_, LsnOf(after), std::move(schemas), filter));
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
