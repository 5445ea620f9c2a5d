// SPDX-License-Identifier: Apache-2.0
// A job's place in the log and what is shown of it: start and ALTER at a position, reconnects, schemas read anew, the
// source's end, lag, and the history that is kept.
#include "storage/unit_writer.h"
#include "sync/source_end.h"
#include "sync/task_ledger.h"
#include "tests/unit/sync/service_fixture.h"

namespace freshet::test {
namespace {

class JobLifeTest : public ServiceTest {
 protected:
  std::vector<std::optional<std::string>> JobRowNow() {
    const auto rows = service_->JobsTable().read({{"type", "insert"}});
    EXPECT_TRUE(rows.ok());
    return rows->at(0);
  }
  static std::string LsnJson(uint64_t lsn) { return R"({"lsn":")" + std::to_string(lsn) + R"("})"; }
  Status AlterJobProperties(Properties properties) {
    AlterJob alter;
    alter.name = "j";
    alter.job_properties = std::move(properties);
    return service_->Alter(alter);
  }
};

constexpr size_t kCurrentOffset = 13;
constexpr size_t kEndOffset = 14;
constexpr size_t kLag = 18;

TEST_F(JobLifeTest, AJobThatStartsAtAPositionHasWhatCameAfterIt) {
  const uint64_t start = database_.head();
  Put(orders_, 500, 1, "after");
  ASSERT_TRUE(Create({{"offset", LsnJson(start)}}).ok());
  ASSERT_TRUE(Sync().ok());
  EXPECT_EQ(RowsOf(*store_, "mirror", "orders"), (MemoryRows{{500, {1, "after"}}}));
  EXPECT_EQ(Progress("orders").rows_copied, 0);
}

TEST_F(JobLifeTest, AlterOffsetPassesOverWhatLiesBefore) {
  ASSERT_TRUE(Create().ok());
  ExpectMirrored(orders_);
  ASSERT_TRUE(service_->Pause("j").ok());
  Put(orders_, 600, 6, "passed over");
  EXPECT_NE(AlterJobProperties({{"offset", "latest"}}).message().find("only supports JSON specific offset"),
            std::string::npos);
  ASSERT_TRUE(AlterJobProperties({{"offset", LsnJson(database_.head())}}).ok());
  ASSERT_TRUE(service_->Resume("j").ok());
  Put(orders_, 601, 6, "followed");
  ASSERT_TRUE(Sync().ok());
  const MemoryRows rows = RowsOf(*store_, "mirror", "orders");
  EXPECT_FALSE(rows.contains(600));
  EXPECT_TRUE(rows.contains(601));
}

TEST_F(JobLifeTest, ALostConnectionIsMadeAnewWithoutAPause) {
  ASSERT_TRUE(Create().ok());
  ASSERT_TRUE(service_->Pause("j").ok());
  std::atomic<int> lost{0};
  database_.SetFault([&](std::string_view call) {
    return call == "next" && lost++ == 0 ? Status(Code::kUnavailable, "killed") : Status::Ok();
  });
  ASSERT_TRUE(service_->Resume("j").ok());
  Put(orders_, 700, 7, "x");
  // Far below the 10 s of the first automatic resume.
  ASSERT_TRUE(service_->Sync("j", Deadline::After(std::chrono::seconds(8)), {}).ok());
  EXPECT_GE(lost, 1);
  EXPECT_EQ(RowsOf(*store_, "mirror", "orders"), database_.Rows(orders_));
}

TEST_F(JobLifeTest, ASourceThatStaysAwayPausesTheJob) {
  ASSERT_TRUE(Create().ok());
  ExpectMirrored(orders_);
  database_.SetFault(
      [](std::string_view call) { return call == "next" ? Status(Code::kUnavailable, "killed again") : Status::Ok(); });
  EXPECT_TRUE(Eventually([&] { return service_->State("j") == "PAUSED"; }));
  EXPECT_EQ(service_->LastError("j"), "killed again");
  database_.SetFault(nullptr);
}

TEST_F(JobLifeTest, AChunkWaitsWhileTheSourcesSchemaIsAheadOfTheLog) {
  std::atomic<int> moved{0};
  database_.SetFault([&](std::string_view call) {
    return call == "read_chunk" && moved++ < 2 ? Status(Code::kSchemaMoved, "a column has gone") : Status::Ok();
  });
  ASSERT_TRUE(Create({{"include_tables", "orders"}}).ok());
  ExpectMirrored(orders_);
  EXPECT_GE(moved, 3);
  EXPECT_EQ(service_->State("j"), "RUNNING");
}

TEST_F(JobLifeTest, ReloadSourceSchemaBringsStoppedTablesBackOnce) {
  ASSERT_TRUE(Create().ok());
  ExpectMirrored(orders_);
  database_.LogSchemaChange(orders_, SchemaChangeKind::kStopTable, "cannot be followed");
  ASSERT_TRUE(Sync().ok());
  ASSERT_EQ(Progress("orders").state, "STOPPED");
  ASSERT_TRUE(service_->Pause("j").ok());
  EXPECT_EQ(AlterJobProperties({{"reload_source_schema", "yes"}}).message(),
            "The reload_source_schema property must be true or false");
  EXPECT_FALSE(AlterJobProperties({{"reload_source_schema", "false"}}).ok());
  ASSERT_TRUE(AlterJobProperties({{"reload_source_schema", "true"}}).ok());
  Restart();  // the wish is stored
  EXPECT_EQ(Progress("orders").state, "STOPPED");
  ASSERT_TRUE(service_->Resume("j").ok());
  ExpectMirrored(orders_);
  EXPECT_EQ(Progress("orders").state, "READY");
  EXPECT_EQ(Progress("items").rows_copied, 3);  // its shape is the one that is followed
  ASSERT_TRUE(service_->Pause("j").ok());
  ASSERT_TRUE(service_->Resume("j").ok());
  ExpectMirrored(orders_);
  EXPECT_EQ(Progress("orders").rows_copied, 40);  // not copied a second time
}

TEST_F(JobLifeTest, TheSourcesEndIsShownBesideWhatIsApplied) {
  ASSERT_TRUE(Create().ok());
  ExpectMirrored(orders_);
  EXPECT_TRUE(Eventually([&] { return JobRowNow()[kLag] == "0"; }));
  ASSERT_TRUE(service_->Pause("j").ok());
  Put(orders_, 800, 8, "not read");
  const std::string end = MemoryPosition(database_.head()).ToJson();
  EXPECT_TRUE(Eventually([&] { return JobRowNow()[kEndOffset] == end; }));
  EXPECT_NE(JobRowNow()[kCurrentOffset], end);
  // A source that is down: as last known, and nobody waits for it.
  database_.SetFault([](std::string_view) { return Status(Code::kUnavailable, "down"); });
  EXPECT_EQ(JobRowNow()[kEndOffset], end);
  database_.SetFault(nullptr);
}

TEST(SourceEnd, AHangingLookUpHoldsUpNobodyAndIsNotRepeated) {
  Mutex mutex;
  CondVar changed;
  bool release = false;
  std::atomic<int> look_ups{0};
  SourceEnd end([&]() -> Result<Position> {
    ++look_ups;
    MutexLock lock(mutex);
    while (!release) changed.WaitUntil(mutex, Clock::System().Now() + std::chrono::seconds(1));
    return MemoryPosition(7);
  });
  end.Ask();
  end.Ask();
  EXPECT_TRUE(end.Wait(Deadline::After(std::chrono::milliseconds(20))).empty());
  {
    MutexLock lock(mutex);
    release = true;
    changed.NotifyAll();
  }
  EXPECT_EQ(end.Wait(Deadline::After(std::chrono::seconds(10))), MemoryPosition(7));
  end.Ask();  // young enough
  EXPECT_EQ(look_ups, 1);
  end.Stop();
  end.Ask();
  EXPECT_EQ(end.Wait(Deadline::After(std::chrono::seconds(1))), MemoryPosition(7));
}

TEST_F(JobLifeTest, OnlyTheNewestTasksAreKept) {
  const JobId job{99};
  Result<TaskLedger> ledger = TaskLedger::Load(*store_, job, 1, clock_);
  ASSERT_TRUE(ledger.ok());
  const size_t tasks = kTasksKeptMax + 3;
  for (size_t i = 0; i < tasks; ++i) {
    TaskLedger::Amount amount;
    amount.rows_read = amount.rows_loaded = 1;
    std::vector<RecordWrite> records;
    ASSERT_TRUE(ledger->Count(amount, MemoryPosition(i), MemoryPosition(i + 1), records).ok());
    ledger->Close("SUCCESS", "", records);
    ASSERT_TRUE(store_->PutRecords(records).ok());
  }
  const auto kept = store_->ScanRecords(RecordFamily::kLedger, TaskKeyPrefix(job));
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ(kept->size(), kTasksKeptMax);
  EXPECT_EQ(DecodeTask(kept->back().second)->to, MemoryPosition(tasks));
  EXPECT_EQ(ledger->statistics().tasks_succeeded, static_cast<int64_t>(tasks));
  EXPECT_GT(ledger->statistics().last_success_us, 0);
}

}  // namespace
}  // namespace freshet::test
