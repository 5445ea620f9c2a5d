// SPDX-License-Identifier: Apache-2.0
// Faults at every call to the source and at every failpoint: the job comes back by itself, or stays down with a
// reason, and the mirror equals the source afterwards.
#include "sync/error_policy.h"
#include "tests/unit/sync/service_fixture.h"

namespace freshet::test {
namespace {

class FaultTest : public ServiceTest {
 protected:
  // Moves the clock over every back-off until the job has gone through.
  void ExpectRecovered(const TableName& table) {
    EXPECT_TRUE(Eventually([&] {
      if (service_->State("j") == "PAUSED") clock_.Move(std::chrono::seconds(300));
      return service_->Sync("j", Deadline::After(std::chrono::seconds(2)), {}).ok();
    }));
    EXPECT_EQ(RowsOf(*store_, "mirror", table.table), database_.Rows(table));
  }
};

TEST_F(FaultTest, ALostConnectionAtAnyCallIsSurvived) {
  for (const char* name : {"connect", "open_source", "next", "acknowledge", "open_scanner", "estimate", "next_bound",
                           "wait_visible", "read_chunk", "current_position"}) {
    SCOPED_TRACE(name);
    std::atomic<int> hits{0};
    const std::string_view call = name;
    ASSERT_TRUE(Create({}).ok());
    service_->Pause("j").ok();
    database_.SetFault([&](std::string_view at) {
      if (at == call && ++hits <= 2) return Status(Code::kUnavailable, "connection lost");
      return Status::Ok();
    });
    service_->Resume("j").ok();
    Put(orders_, 2000, 1, name);
    ExpectRecovered(orders_);
    ASSERT_TRUE(service_->Drop("j", false).ok());
    database_.SetFault(nullptr);
    for (const char* table : {"orders", "items"}) {
      const StoredTablePtr stored = (*store_->OpenView())->FindTable("mirror", table);
      ASSERT_TRUE(store_->DropTable(stored->id).ok());
    }
  }
}

TEST_F(FaultTest, EveryFailpointIsPassedAgainAndNothingIsLostOrTwice) {
  for (const char* name :
       {"sync.copy.before_apply", "sync.copy.after_apply", "sync.unit.before_apply", "sync.unit.after_apply",
        "sync.schema.before_apply", "sync.job.before_save", "storage.commit.after_write"}) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(Create().ok());
    ASSERT_TRUE(service_->Pause("j").ok());
    database_.Truncate(items_);
    Put(items_, 4, 4, "after truncate");
    Put(orders_, 2100, 1, name);
    const bool in_copy = std::string_view(name).starts_with("sync.copy");
    ArmFailpoints(std::string(name) + (in_copy ? "=error@2" : "=error@1"));
    ASSERT_TRUE(service_->Resume("j").ok());
    Put(orders_, 2101, 2, name);
    EXPECT_TRUE(Eventually([&] {
      const std::string state = service_->State("j");
      if (state == "PAUSED" && service_->LastError("j").find("CANNOT") == std::string::npos) {
        clock_.Move(std::chrono::seconds(300));
        (void)service_->Resume("j");
      }
      return service_->Sync("j", Deadline::After(std::chrono::seconds(2)), {}).ok();
    }));
    ArmFailpoints("");
    ExpectMirrored(orders_);
    ExpectMirrored(items_);
    ASSERT_TRUE(service_->Drop("j", false).ok());
    for (const char* table : {"orders", "items"}) {
      ASSERT_TRUE(store_->DropTable((*store_->OpenView())->FindTable("mirror", table)->id).ok());
    }
  }
}

TEST_F(FaultTest, AWrongPasswordPausesForGoodAndAnAlterationBringsTheJobBack) {
  ASSERT_TRUE(Create().ok());
  ExpectMirrored(orders_);
  ASSERT_TRUE(service_->Pause("j").ok());
  std::atomic<bool> refused{true};
  database_.SetFault([&](std::string_view call) {
    if (call == "open_source" && refused) return Status(Code::kAuth, "Access denied for user 'u'");
    return Status::Ok();
  });
  ASSERT_TRUE(service_->Resume("j").ok());
  EXPECT_TRUE(Eventually([&] { return service_->State("j") == "PAUSED"; }));
  EXPECT_NE(service_->LastError("j").find("Access denied for user"), std::string::npos);
  clock_.Move(std::chrono::hours(10));
  EXPECT_EQ(Sync().status().code(), Code::kConflict);
  EXPECT_FALSE(service_->UnhealthyReasons().empty());
  refused = false;
  ASSERT_TRUE(service_->Resume("j").ok());
  ExpectMirrored(orders_);
  EXPECT_TRUE(service_->UnhealthyReasons().empty());
}

TEST_F(FaultTest, APurgedLogKeepsTheDataAndResyncOfAllTablesStartsAnew) {
  ASSERT_TRUE(Create().ok());
  ExpectMirrored(orders_);
  ASSERT_TRUE(service_->Pause("j").ok());
  std::atomic<bool> gone{true};
  database_.SetFault([&](std::string_view call) {
    if (call == "start_log") gone = false;  // a new place in the log exists
    if (call == "open_source" && gone) return Status(Code::kGone, "binlog purged");
    return Status::Ok();
  });
  ASSERT_TRUE(service_->Resume("j").ok());
  EXPECT_TRUE(Eventually([&] { return service_->State("j") == "PAUSED"; }));
  EXPECT_NE(service_->LastError("j").find("RESYNC"), std::string::npos);
  EXPECT_EQ(RowsOf(*store_, "mirror", "orders"), database_.Rows(orders_));
  ASSERT_TRUE(service_->AlterTables({"j", AlterJobTables::Action::kResync, {"orders", "items"}}).ok());
  ASSERT_TRUE(service_->Resume("j").ok());
  Put(orders_, 3000, 3, "afterwards");
  ExpectMirrored(orders_);
  ExpectMirrored(items_);
}

TEST_F(FaultTest, AnErrorOfOneTablesCopyStopsThatTableOnly) {
  database_.SetFault([&](std::string_view call) {
    return call == "estimate" ? Status(Code::kUnsupported, "cannot be read") : Status::Ok();
  });
  ASSERT_TRUE(Create({{"include_tables", "orders"}}).ok());
  EXPECT_TRUE(Eventually([&] { return Progress("orders").state == "STOPPED"; }));
  EXPECT_NE(Progress("orders").last_error.find("cannot be read"), std::string::npos);
  EXPECT_EQ(service_->State("j"), "RUNNING");
}

TEST_F(FaultTest, AStopJoinsWithinSecondsWhileTheSourceIsDown) {
  ASSERT_TRUE(Create().ok());
  database_.SetFault([](std::string_view) { return Status(Code::kUnavailable, "down"); });
  const auto before = std::chrono::steady_clock::now();
  service_->Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(5));
  database_.SetFault(nullptr);
}

// A writer never rests while the job copies, is paused, restarted and loses its connection.
TEST_F(FaultTest, AWriterDuringCopyPausesRestartsAndLostConnectionsEndsEqual) {
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    std::mt19937 random(7);
    for (int i = 0; i < 3000 && !stop; ++i) {
      MemoryDatabase::Transaction transaction(database_);
      for (int k = 0; k < 3; ++k) {
        const int64_t id = static_cast<int64_t>(random() % 80);
        if (random() % 4 == 0) {
          transaction.Delete(orders_, id);
        } else if (random() % 5 == 0) {
          transaction.MoveKey(orders_, id, static_cast<int64_t>(random() % 80), true);
        } else {
          transaction.Upsert(orders_, id, {static_cast<int64_t>(random() % 5), "w"}, true);
        }
      }
      transaction.Commit();
      if (i % 10 == 0) std::this_thread::yield();
    }
  });
  EXPECT_TRUE(Create().ok());
  for (int round = 0; round < 6; ++round) {
    if (round % 2 == 0) {
      Restart();
    } else {
      EXPECT_TRUE(service_->Pause("j").ok());
      EXPECT_TRUE(service_->Resume("j").ok());
    }
  }
  writer.join();
  ExpectRecovered(orders_);
}

}  // namespace
}  // namespace freshet::test
