// SPDX-License-Identifier: Apache-2.0
// TableSink with schema_change_behavior=ignore: the mirror keeps its shape, rows that do not fit it go to the
// quarantine in the commit that passes them over, or nothing of their unit is applied. Evolve, for comparison, takes
// the change.
#include <gtest/gtest.h>

#include <filesystem>

#include "cdc/change/text_cell.h"
#include "sync/table_sink.h"
#include "tests/support/memory_source.h"
#include "tests/support/mirror_rows.h"

namespace freshet::test {
namespace {

class FilterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const bool memory = std::filesystem::is_directory("/dev/shm");
    const std::filesystem::path root = memory ? "/dev/shm" : std::filesystem::temp_directory_path();
    std::string pattern = root / "freshet_filter_XXXXXX";
    directory_ = mkdtemp(pattern.data());
    Result<std::unique_ptr<Store>> store = Store::Open({directory_, 16u << 20, std::chrono::milliseconds(1)});
    ASSERT_TRUE(store.ok()) << store.status().message();
    store_ = std::move(store).value();
    ASSERT_TRUE(store_->CreateDatabase("mirror").ok());
    Result<std::unique_ptr<UnitWriter>> writer = UnitWriter::Open(*store_, kJob);
    ASSERT_TRUE(writer.ok());
    TableRecord record;
    record.source = kTable;
    record.target = "t";
    record.source_schema = MakeMemorySchema(kTable);
    record.state = TableReady{};
    Result<StoredTablePtr> stored = (*writer)->CreateTable("mirror", "t", record.source_schema, true);
    ASSERT_TRUE(stored.ok());
    record.id = (*stored)->id;
    (*writer)->PutRecord({RecordFamily::kJobs, TableKey(kJob, kTable), EncodeTable(record)});
    ASSERT_TRUE((*writer)->Commit(MemoryPosition(1)).ok());
  }
  void TearDown() override {
    sink_.reset();
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  void Open(SchemaChangeBehavior behavior, double ratio) {
    sink_.reset();
    TableSink::Settings settings;
    settings.job = kJob;
    settings.database = "mirror";
    settings.options.schema_change = behavior;
    settings.options.max_filter_ratio = ratio;
    Result<std::unique_ptr<TableSink>> sink = TableSink::Open(*store_, settings, progress_, Clock::System());
    ASSERT_TRUE(sink.ok()) << sink.status().message();
    sink_ = std::move(sink).value();
  }

  // Column a becomes a NUMERIC, and another column comes.
  static SchemaPtr Changed() {
    auto schema = std::make_shared<TableSchema>(*MakeMemorySchema(kTable));
    schema->version = 2;
    schema->columns[1].type.kind = TypeKind::kNumeric;
    schema->columns.push_back(schema->columns[2]);
    schema->columns[3].id = schema->next_column_id++;
    schema->columns[3].name = "c";
    return schema;
  }
  static Unit UnitOf(uint64_t ends_at, std::vector<UnitEvent> events) {
    Unit unit;
    for (const UnitEvent& event : events) {
      if (const auto* batch = std::get_if<RowBatch>(&event)) unit.rows += batch->rows.size();
    }
    unit.events = std::move(events);
    unit.ends_at = MemoryPosition(ends_at);
    return unit;
  }
  static UnitEvent Change() {
    return SchemaChange{SchemaChangeKind::kAlterTable, MakeMemorySchema(kTable), Changed(), "", ""};
  }
  // Rows (id, a) of the changed shape.
  static RowBatch Rows(const std::vector<std::pair<int64_t, std::string>>& rows, RowOp op = RowOp::kInsert) {
    RowBatch batch;
    batch.schema = Changed();
    for (const auto& [id, a] : rows) {
      const uint32_t image = batch.AppendImage();
      batch.Image(image)[0] = Cell::Int(id);
      const Cell number = batch.AppendBytes(a);
      const Cell text = batch.AppendBytes("b");
      batch.Image(image)[1] = number;
      batch.Image(image)[2] = batch.Image(image)[3] = text;
      batch.rows.push_back({op, kNoImage, image});
    }
    return batch;
  }
  std::vector<QuarantineRecord> Quarantined() {
    std::vector<QuarantineRecord> records;
    const auto kept = store_->ScanRecords(RecordFamily::kQuarantine, QuarantineKeyPrefix(kJob));
    EXPECT_TRUE(kept.ok());
    for (const auto& [key, value] : *kept) records.push_back(*DecodeQuarantine(value));
    return records;
  }

  static constexpr JobId kJob{5};
  inline static const TableName kTable{"s", "t"};
  std::string directory_;
  std::unique_ptr<Store> store_;
  JobProgress progress_{Clock::System()};
  std::unique_ptr<TableSink> sink_;
};

TEST_F(FilterTest, ValuesThatFitAreKeptInTheOldShape) {
  Open(SchemaChangeBehavior::kIgnore, 0);
  ASSERT_TRUE(sink_->Apply(UnitOf(2, {Change(), Rows({{1, "5"}, {2, "6"}})})).ok());
  EXPECT_EQ(RowsOf(*store_, "mirror", "t"), (MemoryRows{{1, {5, "b"}}, {2, {6, "b"}}}));
  EXPECT_EQ((*store_->OpenView())->FindTable("mirror", "t")->schema->version, 1u);
  EXPECT_TRUE(Quarantined().empty());
}

TEST_F(FilterTest, RatioZeroAppliesNothingOfTheUnitAndAsksForAPause) {
  Open(SchemaChangeBehavior::kIgnore, 0);
  ASSERT_TRUE(sink_->Apply(UnitOf(2, {Change(), Rows({{1, "5"}})})).ok());
  EXPECT_FALSE(sink_->Apply(UnitOf(3, {Rows({{2, "7"}, {3, "5.5"}})})).ok());
  const Status failure = sink_->TakeFilterFailure();
  EXPECT_EQ(failure.message().find("too many filtered rows: ratio 0.333333 exceeds load.max_filter_ratio 0."), 0u)
      << failure.message();
  EXPECT_NE(failure.message().find("Table s.t: column a: "), std::string::npos);
  EXPECT_EQ(failure.message().find("5.5"), std::string::npos);
  EXPECT_TRUE(sink_->TakeFilterFailure().ok());
  EXPECT_EQ(RowsOf(*store_, "mirror", "t"), (MemoryRows{{1, {5, "b"}}}));
  EXPECT_TRUE(Quarantined().empty());
  // With another limit the same unit goes through: nothing was passed over.
  Open(SchemaChangeBehavior::kIgnore, 1);
  EXPECT_EQ(progress_.applied(), MemoryPosition(2));
  ASSERT_TRUE(sink_->Apply(UnitOf(3, {Rows({{2, "7"}, {3, "5.5"}})})).ok());
  EXPECT_EQ(RowsOf(*store_, "mirror", "t"), (MemoryRows{{1, {5, "b"}}, {2, {7, "b"}}}));
}

TEST_F(FilterTest, ARejectedRowIsInTheQuarantineWithItsTaskAndNoOldStateOfItIsLeft) {
  Open(SchemaChangeBehavior::kIgnore, 1);
  ASSERT_TRUE(sink_->Apply(UnitOf(2, {Change(), Rows({{1, "5"}, {2, "6"}})})).ok());
  ASSERT_TRUE(sink_->Apply(UnitOf(3, {Rows({{1, "0.25"}}, RowOp::kUpdate)})).ok());
  EXPECT_EQ(RowsOf(*store_, "mirror", "t"), (MemoryRows{{2, {6, "b"}}}));
  const std::vector<QuarantineRecord> records = Quarantined();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].job, kJob);
  EXPECT_TRUE(records[0].task);
  EXPECT_EQ(records[0].table, "s.t");
  EXPECT_EQ(records[0].position, MemoryPosition(2));
  EXPECT_EQ(records[0].row, R"({"id":"1","a":"0.25","b":"b","c":"b"})");
  EXPECT_EQ(progress_.statistics().rows_read, 3);
  EXPECT_EQ(progress_.statistics().rows_filtered, 1);
  // Once the source writes a value that fits, the row is back.
  ASSERT_TRUE(sink_->Apply(UnitOf(4, {Rows({{1, "9"}}, RowOp::kUpdate)})).ok());
  EXPECT_EQ(RowsOf(*store_, "mirror", "t"), (MemoryRows{{1, {9, "b"}}, {2, {6, "b"}}}));
}

TEST_F(FilterTest, AKeyThatChangedStopsTheTable) {
  Open(SchemaChangeBehavior::kIgnore, 1);
  auto rekeyed = std::make_shared<TableSchema>(*Changed());
  rekeyed->key_columns = {1};
  const SchemaChange change{SchemaChangeKind::kAlterTable, MakeMemorySchema(kTable), rekeyed, "", ""};
  ASSERT_TRUE(sink_->Apply(UnitOf(2, {change})).ok());
  ASSERT_EQ(progress_.tables().size(), 1u);
  EXPECT_EQ(progress_.tables()[0].state, "STOPPED");
  EXPECT_NE(progress_.tables()[0].last_error.find("key was changed"), std::string::npos);
}

TEST_F(FilterTest, EvolveTakesAnAddedColumn) {
  Open(SchemaChangeBehavior::kEvolve, 0);
  auto added = std::make_shared<TableSchema>(*Changed());
  added->columns[1].type.kind = TypeKind::kInt64;
  const SchemaChange change{SchemaChangeKind::kAlterTable, MakeMemorySchema(kTable), added, "", ""};
  RowBatch rows = Rows({});
  rows.schema = added;
  const uint32_t image = rows.AppendImage();
  rows.Image(image)[0] = Cell::Int(1);
  rows.Image(image)[1] = Cell::Int(5);
  const Cell text = rows.AppendBytes("b");
  rows.Image(image)[2] = rows.Image(image)[3] = text;
  rows.rows.push_back({RowOp::kInsert, kNoImage, image});
  ASSERT_TRUE(sink_->Apply(UnitOf(2, {change, rows})).ok());
  EXPECT_EQ(RowsOf(*store_, "mirror", "t"), (MemoryRows{{1, {5, "b"}}}));
  const StoredTablePtr stored = (*store_->OpenView())->FindTable("mirror", "t");
  EXPECT_EQ(stored->schema->version, 2u);
  EXPECT_EQ(stored->schema->columns.size(), 4u);
}

}  // namespace
}  // namespace freshet::test
