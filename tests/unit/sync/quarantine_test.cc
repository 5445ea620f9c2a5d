// SPDX-License-Identifier: Apache-2.0
// Quarantine: the record survives its JSON, sequences go on after a reopen, old rows make room.
#include <gtest/gtest.h>

#include <filesystem>

#include "sync/quarantine_stage.h"

namespace freshet {
namespace {

class QuarantineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "freshet_quarantine_XXXXXX";
    directory_ = mkdtemp(pattern.data());
    Result<std::unique_ptr<Store>> store = Store::Open({directory_, 16u << 20, std::chrono::milliseconds(1)});
    ASSERT_TRUE(store.ok()) << store.status().message();
    store_ = std::move(store).value();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  void Put(JobId job, const std::string& reason) {
    Result<Quarantine> quarantine = Quarantine::Load(*store_, job, Clock::System());
    ASSERT_TRUE(quarantine.ok()) << quarantine.status().message();
    QuarantineRecord record;
    record.reason = reason;
    record.table = "s.t";
    std::vector<RecordWrite> records;
    quarantine->Add(std::move(record), records);
    ASSERT_TRUE(store_->PutRecords(records).ok());
  }
  // So that the stage writes ahead.
  static QuarantineRecord Large(int number) {
    QuarantineRecord record;
    record.table = "s.t";
    record.reason = std::to_string(number);
    record.row = std::string(kStagedBytesMax / 4, 'x');
    return record;
  }
  std::vector<std::string> Visible(JobId job) {
    std::vector<std::string> reasons;
    const auto kept = ScanQuarantine(*store_, job);
    EXPECT_TRUE(kept.ok());
    for (const auto& [key, value] : *kept) reasons.push_back(DecodeQuarantine(value)->reason);
    return reasons;
  }
  std::vector<std::string> Reasons(JobId job) {
    std::vector<std::string> reasons;
    const auto kept = store_->ScanRecords(RecordFamily::kQuarantine, QuarantineKeyPrefix(job));
    EXPECT_TRUE(kept.ok());
    for (const auto& [key, value] : *kept) reasons.push_back(DecodeQuarantine(value)->reason);
    return reasons;
  }

  std::string directory_;
  std::unique_ptr<Store> store_;
};

TEST_F(QuarantineTest, numbers_of_a_row_keep_their_digits) {
  QuarantineRecord record;
  record.row =
      "{\"d\":12345678901234567890.123456789012345678,\"l\":[1.10,{\"h\":170141183460469231731687303715884105727}]}";
  EXPECT_EQ(DecodeQuarantine(EncodeQuarantine(record))->row, record.row);
}

TEST_F(QuarantineTest, the_text_of_a_record_that_is_no_row_is_kept_as_it_is) {
  QuarantineRecord record;
  record.table = "file:a.json";
  record.row = "{\"a\":1,\"a\":2}";
  record.text = QuarantineRecord::Text{"id,\"x\"", true};
  const Result<QuarantineRecord> read = DecodeQuarantine(EncodeQuarantine(record));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->row, record.row);
  ASSERT_TRUE(read->text.has_value());
  EXPECT_EQ(read->text->header, "id,\"x\"");
  EXPECT_TRUE(read->text->is_utf8);
  EXPECT_EQ(ShownRow(*read), "\"{\\\"a\\\":1,\\\"a\\\":2}\"");
  record.text.reset();
  record.row = "{\"a\":\"1\"}";
  EXPECT_FALSE(DecodeQuarantine(EncodeQuarantine(record))->text.has_value());
  EXPECT_EQ(ShownRow(record), record.row);
}

TEST_F(QuarantineTest, ARecordComesBackAsItWasWritten) {
  QuarantineRecord record{
      JobId{7}, TaskId{8}, "s.t", {PostgresPosition{12, 0}}, "column a: no", R"({"a":"1","b":null})", {}, 99};
  const Result<QuarantineRecord> back = DecodeQuarantine(EncodeQuarantine(record));
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ(back->job, JobId{7});
  EXPECT_EQ(back->task, TaskId{8});
  EXPECT_EQ(back->table, "s.t");
  EXPECT_EQ(back->position, record.position);
  EXPECT_EQ(back->reason, "column a: no");
  EXPECT_EQ(back->row, R"({"a":"1","b":null})");
  EXPECT_EQ(back->created_us, 99);
  EXPECT_EQ(DecodeQuarantine("[]").code(), Code::kCorrupt);
  EXPECT_EQ(DecodeQuarantine("{\"job\":1}").code(), Code::kCorrupt);
}

TEST_F(QuarantineTest, RowsOfAJobAreKeptInOrderAndApartFromOtherJobs) {
  Put(JobId{1}, "first");
  Put(JobId{10}, "other job");
  Put(JobId{1}, "second");
  EXPECT_EQ(Reasons(JobId{1}), (std::vector<std::string>{"first", "second"}));
  const Result<std::vector<RecordWrite>> deletions = QuarantineDeletions(*store_, JobId{1});
  ASSERT_TRUE(deletions.ok());
  ASSERT_TRUE(store_->PutRecords(*deletions).ok());
  EXPECT_TRUE(Reasons(JobId{1}).empty());
  EXPECT_EQ(Reasons(JobId{10}), (std::vector<std::string>{"other job"}));
}

TEST_F(QuarantineTest, TheOldestRowMakesRoomForTheNewest) {
  QuarantineRecord record;
  record.table = "s.t";
  const RecordWrite newest{RecordFamily::kQuarantine, QuarantineKey(JobId{1}, kQuarantineRowsKeptMax),
                           EncodeQuarantine(record)};
  ASSERT_TRUE(store_->PutRecords({&newest, 1}).ok());
  Result<Quarantine> quarantine = Quarantine::Load(*store_, JobId{1}, Clock::System());
  ASSERT_TRUE(quarantine.ok());
  std::vector<RecordWrite> records;
  quarantine->Add(record, records);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].key, QuarantineKey(JobId{1}, kQuarantineRowsKeptMax + 1));
  EXPECT_EQ(records[1].key, QuarantineKey(JobId{1}, 1));
  EXPECT_FALSE(records[1].value);
}

TEST_F(QuarantineTest, ARowIsAnObjectOfTextsWithoutWhatWasNotSent) {
  auto schema = std::make_shared<TableSchema>();
  schema->name = {"s", "t"};
  for (const char* name : {"id", "text", "empty", "absent"}) {
    Column column;
    column.id = static_cast<uint32_t>(schema->columns.size() + 1);
    column.name = name;
    column.type.kind = schema->columns.empty() ? TypeKind::kInt64 : TypeKind::kString;
    schema->columns.push_back(column);
  }
  schema->key_columns = {0};
  RowBatch batch;
  batch.schema = schema;
  const uint32_t image = batch.AppendImage();
  batch.Image(image)[0] = Cell::Int(-5);
  batch.Image(image)[1] = batch.AppendBytes("a \"quoted\" one");
  batch.Image(image)[2] = Cell::Null();
  EXPECT_EQ(RowAsJson(batch, image), R"({"id":"-5","text":"a \"quoted\" one","empty":null})");
}

TEST_F(QuarantineTest, RowsWrittenAheadAreSeenWithTheirCommitOnly) {
  Put(JobId{1}, "earlier");
  Result<QuarantineStage> stage = QuarantineStage::Load(*store_, JobId{1}, Clock::System());
  ASSERT_TRUE(stage.ok()) << stage.status().message();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(stage->Add(Large(i)).ok());
  EXPECT_GT(Reasons(JobId{1}).size(), 5u);  // they are on disk
  EXPECT_EQ(Visible(JobId{1}), std::vector<std::string>{"earlier"});
  std::vector<RecordWrite> records;
  stage->Settle(records);
  ASSERT_TRUE(store_->PutRecords(records).ok());
  EXPECT_EQ(Visible(JobId{1}), (std::vector<std::string>{"earlier", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}));
  for (int i = 10; i < 20; ++i) ASSERT_TRUE(stage->Add(Large(i)).ok());
  EXPECT_EQ(Visible(JobId{1}).size(), 11u);
}

TEST_F(QuarantineTest, RowsWrittenAheadWithoutACommitAreRemovedByTheNextRun) {
  Put(JobId{1}, "earlier");
  Result<QuarantineStage> stage = QuarantineStage::Load(*store_, JobId{1}, Clock::System());
  ASSERT_TRUE(stage.ok());
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(stage->Add(Large(i)).ok());
  stage = QuarantineStage::Load(*store_, JobId{1}, Clock::System());
  ASSERT_TRUE(stage.ok());
  EXPECT_EQ(Reasons(JobId{1}), std::vector<std::string>{"earlier"});
  ASSERT_TRUE(stage->Add(Large(7)).ok());
  std::vector<RecordWrite> records;
  stage->Settle(records);
  ASSERT_TRUE(store_->PutRecords(records).ok());
  EXPECT_EQ(Visible(JobId{1}), (std::vector<std::string>{"earlier", "7"}));
  EXPECT_EQ(store_->GetRecord(RecordFamily::kQuarantine, HiddenFromKey(JobId{1}))->has_value(), false);
}

TEST_F(QuarantineTest, TheNewestRowsOfOneObjectMakeRoomForEachOther) {
  Put(JobId{1}, "earlier");
  Result<QuarantineStage> stage = QuarantineStage::Load(*store_, JobId{1}, Clock::System());
  ASSERT_TRUE(stage.ok());
  for (uint64_t i = 0; i < kQuarantineRowsKeptMax + 5; ++i) {
    QuarantineRecord record;
    record.table = "s.t";
    record.reason = std::to_string(i);
    ASSERT_TRUE(stage->Add(std::move(record)).ok());
  }
  std::vector<RecordWrite> records;
  stage->Settle(records);
  ASSERT_TRUE(store_->PutRecords(records).ok());
  const std::vector<std::string> kept = Visible(JobId{1});
  ASSERT_EQ(kept.size(), kQuarantineRowsKeptMax);
  EXPECT_EQ(kept.front(), "5");
  EXPECT_EQ(kept.back(), std::to_string(kQuarantineRowsKeptMax + 4));
}

}  // namespace
}  // namespace freshet
