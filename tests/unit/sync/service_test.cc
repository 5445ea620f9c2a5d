// SPDX-License-Identifier: Apache-2.0
// JobService end to end over a source in memory: create, follow, pause, restart, table lists, modes, history.
#include "tests/unit/sync/service_fixture.h"

namespace freshet::test {
namespace {

TEST_F(ServiceTest, CopiesThenFollows) {
  ASSERT_TRUE(Create().ok());
  ExpectMirrored(orders_);
  Put(orders_, 100, 1, "new");
  Put(orders_, 1, 9, "changed");
  ExpectMirrored(orders_);
  ExpectMirrored(items_);
  EXPECT_EQ(Progress("orders").state, "READY");
  EXPECT_EQ(Progress("orders").rows_copied, 40);
  EXPECT_EQ(service_->State("j"), "RUNNING");
}

TEST_F(ServiceTest, EveryProblemOfCreateIsNamedAndNoJobIsLeft) {
  database_.CreateTable({"s", "nokey_a"}, false);
  database_.CreateTable({"s", "nokey_b"}, false);
  const Status status = Create();
  EXPECT_EQ(status.message(), "The following tables do not have primary key defined: nokey_a, nokey_b");
  EXPECT_EQ(service_->State("j"), "");
  EXPECT_EQ(Create({{"include_tables", "missing"}}).message().find("Can not found match table in database shop"), 0u);
  EXPECT_TRUE(Create({{"exclude_tables", "nokey_*"}}).ok());
  EXPECT_EQ(Create({{"exclude_tables", "nokey_*"}}).message(), "job name exist, jobName:j");
  ExpectMirrored(orders_);
}

TEST_F(ServiceTest, AStoppedCreateLeavesNothing) {
  StopSource killed;
  killed.request_stop();
  EXPECT_EQ(Create({}, "j", killed.get_token()).code(), Code::kCancelled);
  EXPECT_EQ(service_->State("j"), "");
  EXPECT_TRUE(Create().ok());
}

TEST_F(ServiceTest, AFailureAfterTheLogWasStartedReleasesIt) {
  int describes = 0;
  database_.SetFault([&](std::string_view call) {
    if (call == "describe" && ++describes == 3) return Status(Code::kUnavailable, "gone away");
    return Status::Ok();
  });
  EXPECT_EQ(Create().code(), Code::kUnavailable);
  EXPECT_GE(database_.releases, 1);
  EXPECT_EQ(service_->State("j"), "");
  database_.SetFault(nullptr);
  EXPECT_TRUE(Create().ok());
  ExpectMirrored(orders_);
}

TEST_F(ServiceTest, TargetsThatAreTakenAreRefused) {
  ASSERT_TRUE(Create().ok());
  EXPECT_NE(Create({}, "k").message().find("belongs to another job"), std::string::npos);
  ASSERT_TRUE(service_->Drop("j", false).ok());
  EXPECT_NE(Create({}, "k").message().find("DROP TABLE it first"), std::string::npos);
}

TEST_F(ServiceTest, PauseKeepsThePositionAndResumeGoesOn) {
  ASSERT_TRUE(Create().ok());
  ExpectMirrored(orders_);
  ASSERT_TRUE(service_->Pause("j").ok());
  EXPECT_EQ(service_->State("j"), "PAUSED");
  EXPECT_EQ(Sync().status().code(), Code::kConflict);
  Put(orders_, 200, 2, "while paused");
  clock_.Move(std::chrono::hours(1));
  EXPECT_EQ(service_->State("j"), "PAUSED");
  ASSERT_TRUE(service_->Resume("j").ok());
  EXPECT_EQ(service_->Resume("j").code(), Code::kConflict);
  ExpectMirrored(orders_);
}

TEST_F(ServiceTest, ARestartGoesOnWhereItStopped) {
  ASSERT_TRUE(Create().ok());
  for (int round = 0; round < 5; ++round) {  // the first ones in the middle of the copy
    Put(orders_, 300 + round, round, "r");
    Restart();
  }
  ExpectMirrored(orders_);
  ASSERT_TRUE(service_->Pause("j").ok());
  Restart();
  EXPECT_EQ(service_->State("j"), "PAUSED");
  EXPECT_EQ(Progress("orders").state, "READY");
}

TEST_F(ServiceTest, TheSourceIsAcknowledgedNoFurtherThanWhatIsDurable) {
  ASSERT_TRUE(Create().ok());
  Put(orders_, 1, 5, "x");
  ExpectMirrored(orders_);
  EXPECT_TRUE(Eventually([&] {
    const std::vector<uint64_t> acknowledged = database_.acknowledged();
    return !acknowledged.empty() && acknowledged.back() == database_.head();
  }));
  const std::vector<uint64_t> acknowledged = database_.acknowledged();
  EXPECT_TRUE(std::is_sorted(acknowledged.begin(), acknowledged.end()));
}

TEST_F(ServiceTest, SnapshotJobsFinishAndReleaseTheLog) {
  ASSERT_TRUE(Create({{"offset", "snapshot"}}).ok());
  EXPECT_TRUE(Eventually([&] { return service_->State("j") == "FINISHED"; }));
  EXPECT_EQ(RowsOf(*store_, "mirror", "orders"), database_.Rows(orders_));
  EXPECT_TRUE(Eventually([&] { return database_.releases == 1; }));
  Put(orders_, 999, 1, "later");
  Restart();
  EXPECT_EQ(service_->State("j"), "FINISHED");
  EXPECT_FALSE(RowsOf(*store_, "mirror", "orders").contains(999));
}

TEST_F(ServiceTest, LatestStartsEmptyAndStopsATableWhoseOldRowIsNeeded) {
  ASSERT_TRUE(Create({{"offset", "latest"}}).ok());
  Put(orders_, 500, 1, "new");
  ASSERT_TRUE(Sync().ok());
  EXPECT_EQ(RowsOf(*store_, "mirror", "orders"), (MemoryRows{{500, {1, "new"}}}));
  MemoryDatabase::Transaction transaction(database_);
  transaction.Upsert(orders_, 2, {77, "row"}, true);  // b is not sent
  transaction.Commit();
  Put(items_, 50, 1, "others go on");
  ASSERT_TRUE(Sync().ok());
  EXPECT_EQ(Progress("orders").state, "STOPPED");
  EXPECT_NE(Progress("orders").last_error.find("RESYNC"), std::string::npos);
  EXPECT_TRUE(RowsOf(*store_, "mirror", "items").contains(50));
}

TEST_F(ServiceTest, TablesCreatedTruncatedAndDroppedInTheStreamAreFollowed) {
  ASSERT_TRUE(Create().ok());
  const TableName late{"s", "late"};
  database_.CreateTable(late, true);
  Put(late, 1, 1, "first");
  ExpectMirrored(late);
  EXPECT_EQ(Progress("late").state, "READY");
  database_.Truncate(orders_);
  Put(orders_, 7, 7, "after");
  ExpectMirrored(orders_);
  database_.DropTable(late);
  ASSERT_TRUE(Sync().ok());
  EXPECT_EQ((*store_->OpenView())->FindTable("mirror", "late"), nullptr);
  EXPECT_EQ(Progress("late").state, "");
}

TEST_F(ServiceTest, SyncSeesTablesCreatedAndDroppedBesideTheLog) {
  ASSERT_TRUE(Create().ok());
  ExpectMirrored(items_);
  database_.DropTableUnlogged(items_);
  const TableName late{"s", "late"};
  Put(late, 1, 1, "first");
  ExpectMirrored(late);
  EXPECT_EQ(Progress("late").state, "READY");
  EXPECT_EQ(Progress("items").state, "");
  EXPECT_EQ((*store_->OpenView())->FindTable("mirror", "items"), nullptr);
  ExpectMirrored(orders_);
}

TEST_F(ServiceTest, SyncSeesATableDroppedAndCreatedAgainBesideTheLog) {
  ASSERT_TRUE(Create().ok());
  ExpectMirrored(items_);
  database_.DropTableUnlogged(items_);
  ASSERT_TRUE(Sync().ok());
  Put(items_, 50, 5, "second life");
  ExpectMirrored(items_);
  EXPECT_EQ(RowsOf(*store_, "mirror", "items").size(), 1u);
}

TEST_F(ServiceTest, ACreatedTableThatNoMirrorCanHoldKeepsNoOtherOneOut) {
  ASSERT_TRUE(Create().ok());
  ExpectMirrored(items_);
  Put({"s", "nokey"}, 1, 1, "a");
  const TableName late{"s", "late"};
  Put(late, 1, 1, "first");
  ExpectMirrored(late);
  EXPECT_EQ(Progress("nokey").state, "");
}

TEST_F(ServiceTest, IgnoreKeepsTheRowsOfADroppedTable) {
  ASSERT_TRUE(Create({{"schema_change_behavior", "ignore"}}).ok());
  ExpectMirrored(items_);
  const MemoryRows before = database_.Rows(items_);
  database_.DropTable(items_);
  ASSERT_TRUE(Sync().ok());
  EXPECT_EQ(RowsOf(*store_, "mirror", "items"), before);
  EXPECT_EQ(Progress("items").state, "STOPPED");
}

TEST_F(ServiceTest, AStoppedTableLeavesTheOthersAloneAndResyncBringsItBack) {
  ASSERT_TRUE(Create().ok());
  ExpectMirrored(orders_);
  database_.LogSchemaChange(orders_, SchemaChangeKind::kStopTable, "type of column a changed");
  Put(orders_, 800, 8, "skipped");
  Put(items_, 800, 8, "applied");
  ExpectMirrored(items_);
  EXPECT_EQ(Progress("orders").last_error, "type of column a changed");
  EXPECT_FALSE(RowsOf(*store_, "mirror", "orders").contains(800));
  ASSERT_TRUE(service_->AlterTables({"j", AlterJobTables::Action::kResync, {"orders"}}).ok());
  ExpectMirrored(orders_);
  EXPECT_EQ(Progress("orders").state, "READY");
}

TEST_F(ServiceTest, AResyncInTheStreamCopiesAgain) {
  ASSERT_TRUE(Create().ok());
  ExpectMirrored(orders_);
  database_.LogSchemaChange(orders_, SchemaChangeKind::kResyncTable, "rows were changed without the log");
  Put(orders_, 900, 9, "x");
  ExpectMirrored(orders_);
  EXPECT_EQ(Progress("orders").rows_copied, 41);
}

TEST_F(ServiceTest, TablesAreAddedToAndRemovedFromARunningJob) {
  ASSERT_TRUE(Create({{"include_tables", "items"}}).ok());
  ExpectMirrored(items_);
  EXPECT_EQ(Progress("orders").state, "");
  ASSERT_TRUE(service_->AlterTables({"j", AlterJobTables::Action::kAdd, {"orders"}}).ok());
  EXPECT_EQ(service_->AlterTables({"j", AlterJobTables::Action::kAdd, {"orders"}}).code(), Code::kExists);
  Put(orders_, 1000, 1, "followed");
  ExpectMirrored(orders_);
  Restart();
  ExpectMirrored(orders_);
  ASSERT_TRUE(service_->AlterTables({"j", AlterJobTables::Action::kDrop, {"s.items"}}).ok());
  const MemoryRows kept = RowsOf(*store_, "mirror", "items");
  Put(items_, 1001, 1, "not followed");
  ASSERT_TRUE(Sync().ok());
  EXPECT_EQ(RowsOf(*store_, "mirror", "items"), kept);
  EXPECT_EQ(Progress("items").state, "");
}

TEST_F(ServiceTest, DropKeepsTheDataAndReleasesTheLog) {
  ASSERT_TRUE(Create().ok());
  ExpectMirrored(orders_);
  ASSERT_TRUE(service_->Drop("j", false).ok());
  EXPECT_EQ(service_->State("j"), "");
  EXPECT_EQ(database_.releases, 1);
  EXPECT_EQ(RowsOf(*store_, "mirror", "orders"), database_.Rows(orders_));
  EXPECT_EQ(service_->Drop("j", false).message(), "job not exist, jobName:j");
  EXPECT_TRUE(service_->Drop("j", true).ok());
  Restart();
  EXPECT_EQ(service_->State("j"), "");
}

TEST_F(ServiceTest, AlterNeedsAPausedJobAndTakesANewLogin) {
  ASSERT_TRUE(Create().ok());
  AlterJob alter;
  alter.name = "j";
  alter.source = SourceKind::kPostgres;
  alter.source_properties = {{"password", "other"}};
  EXPECT_EQ(service_->Alter(alter).message(), "Only PAUSED job can be altered");
  ASSERT_TRUE(service_->Pause("j").ok());
  ASSERT_TRUE(service_->Alter(alter).ok());
  ASSERT_TRUE(service_->Resume("j").ok());
  ExpectMirrored(orders_);
  EXPECT_EQ(last_password(), "other");
}

TEST_F(ServiceTest, JobsAndTasksHaveTheReferenceColumnsAndNoSecrets) {
  ASSERT_TRUE(Create().ok());
  ExpectMirrored(orders_);
  SystemTable jobs = service_->JobsTable();
  ASSERT_EQ(jobs.columns.size(), 21u);
  EXPECT_EQ(jobs.columns.back(), "LastTaskSuccessTime");
  const auto rows = jobs.read({{"type", "insert"}});
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ(rows->size(), 1u);
  const auto& row = (*rows)[0];
  EXPECT_EQ(row[1], "j");
  EXPECT_EQ(row[3], "STREAMING");
  EXPECT_EQ(row[5], "RUNNING");
  EXPECT_NE(row[6]->find("FROM POSTGRES("), std::string::npos);
  EXPECT_NE(row[6]->find("TO DATABASE mirror"), std::string::npos);
  EXPECT_NE(row[15]->find("\"scannedRows\":43"), std::string::npos) << *row[15];
  for (const auto& cell : row) EXPECT_EQ(cell.value_or("").find("top-secret"), std::string::npos);
  SystemTable tasks = service_->TasksTable();
  ASSERT_EQ(tasks.columns.size(), 14u);
  const auto history = tasks.read({{"type", "insert"}});
  ASSERT_TRUE(history.ok());
  ASSERT_FALSE(history->empty());
  EXPECT_EQ((*history)[0][2], "j");
  EXPECT_FALSE(jobs.read({}).ok());
  const auto tables = service_->JobTablesTable().read({{"jobName", "j"}});
  ASSERT_TRUE(tables.ok());
  EXPECT_EQ(tables->size(), 2u);
}

TEST_F(ServiceTest, VerifyTellsEqualFromDifferent) {
  ASSERT_TRUE(Create().ok());
  const Deadline deadline = Deadline::After(std::chrono::seconds(20));
  Result<std::vector<TableVerdict>> verdicts = service_->Verify("j", deadline, {});
  ASSERT_TRUE(verdicts.ok()) << verdicts.status().message();
  ASSERT_EQ(verdicts->size(), 2u);
  for (const TableVerdict& verdict : *verdicts) EXPECT_TRUE(verdict.equal) << verdict.detail;
  EXPECT_EQ((*verdicts)[1].source_rows, 40);
  // A stopped table is not compared: it is not equal, and says why.
  database_.LogSchemaChange(items_, SchemaChangeKind::kStopTable, "no longer followed");
  verdicts = service_->Verify("j", deadline, {});
  ASSERT_TRUE(verdicts.ok());
  EXPECT_FALSE((*verdicts)[0].equal);
  EXPECT_NE((*verdicts)[0].detail.find("no longer followed"), std::string::npos);
}

}  // namespace
}  // namespace freshet::test
