// SPDX-License-Identifier: Apache-2.0
// TaskLedger: every row is accounted for, windows follow on each other, and a commit that is not the next one is
// refused.
#include <gtest/gtest.h>

#include <filesystem>

#include "sync/task_ledger.h"

namespace freshet {
namespace {

Position At(uint64_t offset) {
  MysqlPosition position;
  position.file = "b.000001";
  position.offset = offset;
  return Position{position};
}

class LedgerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "freshet_ledger_XXXXXX";
    directory_ = mkdtemp(pattern.data());
    Result<std::unique_ptr<Store>> store = Store::Open({directory_, 16u << 20, std::chrono::milliseconds(1)});
    ASSERT_TRUE(store.ok()) << store.status().message();
    store_ = std::move(store).value();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  TaskLedger Load() {
    Result<TaskLedger> ledger = TaskLedger::Load(*store_, JobId{1}, 1'000, Clock::System());
    EXPECT_TRUE(ledger.ok()) << ledger.status().message();
    return std::move(ledger).value();
  }
  // One commit of `rows` rows, of which the last one is rejected.
  Status Commit(TaskLedger& ledger, uint64_t from, uint64_t to, int64_t rows = 3) {
    TaskLedger::Amount amount;
    amount.rows_read = rows;
    amount.rows_loaded = rows - 1;
    amount.rows_filtered = 1;
    amount.rows_rejected = 1;
    std::vector<RecordWrite> records;
    TRY(ledger.Count(amount, At(from), At(to), records));
    return store_->PutRecords(records);
  }
  std::vector<TaskRecord> Tasks() {
    std::vector<TaskRecord> tasks;
    const auto records = store_->ScanRecords(RecordFamily::kLedger, TaskKeyPrefix(JobId{1}));
    for (const auto& [key, value] : records.value()) {
      Result<TaskRecord> task = DecodeTask(value);
      EXPECT_TRUE(task.ok()) << task.status().message() << ": " << value;
      if (task.ok()) tasks.push_back(std::move(task).value());
    }
    return tasks;
  }

  std::string directory_;
  std::unique_ptr<Store> store_;
};

TEST_F(LedgerTest, every_row_read_is_loaded_filtered_or_rejected) {
  TaskLedger ledger = Load();
  ASSERT_TRUE(Commit(ledger, 4, 100).ok());
  ASSERT_TRUE(Commit(ledger, 100, 200).ok());
  const std::vector<TaskRecord> tasks = Tasks();
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks[0].rows_read, 6);
  EXPECT_EQ(tasks[0].rows_loaded, 4);
  EXPECT_EQ(tasks[0].rows_filtered, 0);
  EXPECT_EQ(tasks[0].rows_rejected, 2);
  EXPECT_EQ(ledger.statistics().rows_filtered, 2);
}

TEST_F(LedgerTest, a_window_begins_where_the_one_before_it_ended) {
  TaskLedger ledger = Load();
  ASSERT_TRUE(Commit(ledger, 4, 100).ok());
  std::vector<RecordWrite> records;
  ledger.Close("SUCCESS", "", records);
  ASSERT_TRUE(store_->PutRecords(records).ok());
  ASSERT_TRUE(Commit(ledger, 150, 200).ok());  // nothing was read from 100 to 150
  const std::vector<TaskRecord> tasks = Tasks();
  ASSERT_EQ(tasks.size(), 2u);
  EXPECT_EQ(tasks[0].to, At(100));
  EXPECT_EQ(tasks[1].from, At(100));
  EXPECT_EQ(tasks[1].to, At(200));
}

TEST_F(LedgerTest, a_displaced_run_cannot_commit) {
  TaskLedger displaced = Load();
  TaskLedger current = Load();
  ASSERT_TRUE(Commit(current, 4, 100).ok());
  const Status late = Commit(displaced, 4, 100);
  EXPECT_EQ(late.code(), Code::kConflict);
  EXPECT_NE(late.message().find("Task id mismatch when commit offset"), std::string::npos);
}

TEST_F(LedgerTest, a_repeated_commit_is_refused) {
  TaskLedger ledger = Load();
  ASSERT_TRUE(Commit(ledger, 4, 100).ok());
  EXPECT_EQ(Commit(ledger, 4, 100).code(), Code::kConflict);
  EXPECT_TRUE(Commit(ledger, 100, 150).ok());
}

TEST_F(LedgerTest, a_ledger_that_is_loaded_again_goes_on) {
  TaskLedger first = Load();
  ASSERT_TRUE(Commit(first, 4, 100).ok());
  TaskLedger second = Load();
  EXPECT_TRUE(Commit(second, 100, 150).ok());
}

}  // namespace
}  // namespace freshet
