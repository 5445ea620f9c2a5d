// SPDX-License-Identifier: Apache-2.0
// Two source tables in one target: copied, followed, verified as their union; what would need the rows of one source
// stops it or copies both again.
#include "tests/unit/sync/service_fixture.h"

namespace freshet::test {
namespace {

class MergeTest : public ServiceTest {
 protected:
  void SetUp() override {
    ServiceTest::SetUp();
    for (int i = 1001; i <= 1030; ++i) Put(east_, i, i % 5, "east");
    ASSERT_TRUE(Create({{"table.orders.target_table", "all_orders"}, {"table.east.target_table", "all_orders"}}).ok());
  }
  MemoryRows Union() const {
    MemoryRows rows = database_.Rows(orders_);
    for (const auto& row : database_.Rows(east_)) rows.insert(row);
    return rows;
  }
  void ExpectUnion() {
    const Result<std::string> reached = Sync();
    ASSERT_TRUE(reached.ok()) << reached.status().message();
    EXPECT_EQ(RowsOf(*store_, "mirror", "all_orders"), Union());
  }
  bool TargetReady() { return (*store_->OpenView())->FindTable("mirror", "all_orders")->ready; }
  Status Alter(AlterJobTables::Action action, const std::string& table) {
    return service_->AlterTables({"j", action, {table}});
  }

  const TableName east_{"s", "east"};
};

TEST_F(MergeTest, BothAreCopiedAndFollowed) {
  ExpectUnion();
  EXPECT_TRUE(TargetReady());
  Put(orders_, 41, 1, "new");
  Put(east_, 1031, 1, "new");
  MemoryDatabase::Transaction transaction(database_);
  transaction.Delete(east_, 1001);
  transaction.Delete(orders_, 1);
  transaction.MoveKey(east_, 1002, 1500);
  transaction.Commit();
  ExpectUnion();
  Restart();
  Put(east_, 1003, 9, "after a restart");
  ExpectUnion();
  EXPECT_EQ((*store_->OpenView())->Tables("mirror").size(), 2u);  // and items
}

TEST_F(MergeTest, TheTargetIsReadyOnlyWhenEverySourceIs) {
  ASSERT_TRUE(Sync().ok());
  std::atomic<bool> hold{true};
  database_.SetFault([&](std::string_view call) {
    return call == "read_chunk" && hold ? Status(Code::kUnavailable, "not now") : Status::Ok();
  });
  ASSERT_TRUE(Alter(AlterJobTables::Action::kResync, "orders").ok());
  EXPECT_FALSE(TargetReady());
  EXPECT_NE(Progress("east").state, "READY");  // its rows went with the others'
  hold = false;
  ExpectUnion();
  EXPECT_TRUE(TargetReady());
}

TEST_F(MergeTest, VerifyComparesTheUnion) {
  ExpectUnion();
  const Deadline deadline = Deadline::After(std::chrono::seconds(20));
  const Result<std::vector<TableVerdict>> verdicts = service_->Verify("j", deadline, {});
  ASSERT_TRUE(verdicts.ok()) << verdicts.status().message();
  ASSERT_EQ(verdicts->size(), 3u);
  for (const TableVerdict& verdict : *verdicts) {
    EXPECT_TRUE(verdict.equal) << verdict.table.ToString() << verdict.detail;
    if (verdict.table == items_) continue;
    EXPECT_EQ(verdict.source_rows, 70);
    EXPECT_EQ(verdict.mirror_rows, 70);
  }
}

TEST_F(MergeTest, TruncateAndDropOfOneSourceStopItAndResyncRemovesItsRows) {
  ExpectUnion();
  const MemoryRows before = Union();
  database_.Truncate(east_);
  Put(orders_, 42, 2, "others go on");
  ASSERT_TRUE(Sync().ok());
  EXPECT_EQ(Progress("east").state, "STOPPED");
  EXPECT_NE(Progress("east").last_error.find("TRUNCATE"), std::string::npos);
  EXPECT_EQ(RowsOf(*store_, "mirror", "all_orders").size(), before.size() + 1);
  ASSERT_TRUE(Alter(AlterJobTables::Action::kResync, "east").ok());
  ExpectUnion();
  EXPECT_TRUE(TargetReady());
  database_.DropTable(east_);
  ASSERT_TRUE(Sync().ok());
  EXPECT_EQ(Progress("east").state, "STOPPED");
  EXPECT_NE(Progress("east").last_error.find("DROP"), std::string::npos);
  EXPECT_NE((*store_->OpenView())->FindTable("mirror", "all_orders"), nullptr);
}

TEST_F(MergeTest, AResyncInTheStreamCopiesBothAgain) {
  ExpectUnion();
  database_.LogSchemaChange(orders_, SchemaChangeKind::kResyncTable, "rows were changed without the log");
  Put(east_, 1100, 1, "meanwhile");
  ExpectUnion();
  EXPECT_EQ(Progress("east").rows_copied, 31);
  EXPECT_TRUE(TargetReady());
}

TEST_F(MergeTest, ASourceIsTakenOutAndComesBackWithoutRowsThatWereDeletedMeanwhile) {
  ExpectUnion();
  ASSERT_TRUE(Alter(AlterJobTables::Action::kDrop, "east").ok());
  MemoryDatabase::Transaction transaction(database_);
  transaction.Delete(east_, 1004);
  transaction.Upsert(orders_, 43, {3, "followed"});
  transaction.Commit();
  ASSERT_TRUE(Sync().ok());
  EXPECT_TRUE(RowsOf(*store_, "mirror", "all_orders").contains(1004));
  EXPECT_TRUE(RowsOf(*store_, "mirror", "all_orders").contains(43));
  ASSERT_TRUE(Alter(AlterJobTables::Action::kAdd, "east").ok());
  ExpectUnion();
  EXPECT_TRUE(TargetReady());
}

TEST_F(MergeTest, TablesThatAreNotSentToOneTargetByNameAreNotMerged) {
  const TableName other{"s", "orders_too"};
  Put(other, 1, 1, "x");
  const Status status = Create({{"include_tables", "items,orders_too"},
                                {"table.items.target_table", "twice"},
                                {"table.orders_too.target_table", "twice"}},
                               "k");
  EXPECT_TRUE(status.ok()) << status.message();
  CreateJob two_schemas;
  two_schemas.name = "l";
  two_schemas.source = SourceKind::kPostgres;
  two_schemas.target_database = "mirror";
  two_schemas.source_properties = {{"jdbc_url", "jdbc:postgresql://h:1/shop"},
                                   {"user", "u"},
                                   {"password", "p"},
                                   {"database", "shop"},
                                   {"schema", "s,z"},
                                   {"include_tables", "lines"}};
  Put({"s", "lines"}, 1, 1, "x");
  Put({"z", "lines"}, 2, 1, "x");
  EXPECT_NE(service_->Create(two_schemas, "root", {}).message().find("have the same target table 'lines'"),
            std::string::npos);
}

}  // namespace
}  // namespace freshet::test
