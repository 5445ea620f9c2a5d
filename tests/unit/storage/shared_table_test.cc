// SPDX-License-Identifier: Apache-2.0
// Tables without an owner: written by statements and jobs in turn, each under the table's lease.
#include <sys/wait.h>
#include <unistd.h>

#include <rocksdb/db.h>

#include "storage/engine.h"
#include "tests/unit/storage/store_fixture.h"

namespace freshet {
namespace {

using std::chrono::milliseconds;

constexpr const char* kBefore = "1|one|10;2|two|20";

class SharedTableTest : public StoreFixture {
 protected:
  using Writer = std::unique_ptr<UnitWriter>;

  // shop.items belongs to nobody.
  void Prepare() {
    OpenStore();
    Expect(store_->CreateDatabase("shop"));
    auto table = store_->CreateTable(JobId{}, "shop", "items", ItemsSchema(), true);
    ASSERT_TRUE(table.ok()) << table.status().ToString();
    items_ = *table;
    Write(1, On().Insert({1, "one", 10}).Insert({2, "two", 20}));
  }
  Rows On() const { return Rows(schema()); }
  Writer Statement() {
    auto writer = UnitWriter::OpenForStatement(*store_);
    EXPECT_TRUE(writer.ok()) << writer.status().ToString();
    return std::move(*writer);
  }
  Writer Job(uint64_t id) {
    auto writer = UnitWriter::Open(*store_, JobId{id});
    EXPECT_TRUE(writer.ok()) << writer.status().ToString();
    return std::move(*writer);
  }
  static Status Lease(UnitWriter& writer, const StoredTablePtr& table) {
    return writer.Lease(table->id, Deadline::After(milliseconds(50)), {});
  }
  void ApplyTo(UnitWriter& writer, const Rows& rows) { Expect(writer.ApplyRows(items_->id, rows.batch(), {})); }
  static void Commit(UnitWriter& writer, const Position& at, bool complete = true) {
    const auto committed = writer.Commit(at, complete);
    ASSERT_TRUE(committed.ok()) << committed.status().ToString();
  }
  // Keys in the store's catalog that start with `tag`.
  int CatalogRecords(char tag) {
    const Database& database = store_->engine().database();
    const std::unique_ptr<rocksdb::Iterator> records(
        database.db().NewIterator(rocksdb::ReadOptions(), database.family(Family::kCatalog)));
    int count = 0;
    for (records->Seek(std::string(1, tag)); records->Valid() && records->key()[0] == tag; records->Next()) ++count;
    return count;
  }
  bool UndoIsEmpty() {
    const Database& database = store_->engine().database();
    const std::unique_ptr<rocksdb::Iterator> records(
        database.db().NewIterator(rocksdb::ReadOptions(), database.family(Family::kUndo)));
    records->SeekToFirst();
    return !records->Valid();
  }
};

TEST_F(SharedTableTest, a_statement_in_pieces_shows_at_once_and_leaves_no_trace_of_itself) {
  Prepare();
  const int positions = CatalogRecords(kPositionTag);
  Writer statement = Statement();
  Expect(Lease(*statement, items_));
  ApplyTo(*statement, On().Insert({3, "three", 30}).Delete({1, Open{}, Open{}}));
  Commit(*statement, Position(), false);
  EXPECT_EQ(Items(), kBefore);
  EXPECT_EQ(CatalogRecords(kPiecesTag), 1);
  ApplyTo(*statement, On().Insert({4, "four", 40}));
  Commit(*statement, Position());
  EXPECT_EQ(Items(), "2|two|20;3|three|30;4|four|40");
  EXPECT_EQ(CatalogRecords(kPiecesTag), 0);
  EXPECT_EQ(CatalogRecords(kPositionTag), positions);
  EXPECT_TRUE(UndoIsEmpty());
}

TEST_F(SharedTableTest, a_statement_may_not_write_a_jobs_table_nor_a_job_another_ones) {
  OpenItems();
  Writer statement = Statement();
  EXPECT_EQ(Lease(*statement, items_).code(), Code::kConflict);
  EXPECT_EQ(statement->ApplyRows(items_->id, On().Insert({1, "x", 1}).batch(), {}).code(), Code::kConflict);
  EXPECT_EQ(statement->TruncateTable(items_->id).code(), Code::kConflict);
  EXPECT_EQ(Job(8)->ApplyRows(items_->id, On().Insert({1, "x", 1}).batch(), {}).code(), Code::kConflict);
}

TEST_F(SharedTableTest, the_second_writer_waits_until_the_first_has_committed) {
  Prepare();
  Writer first = Statement();
  Expect(Lease(*first, items_));
  Writer second = Statement();
  NamedThread waiter("waiter", [&](StopToken stop) {
    EXPECT_TRUE(second->Lease(items_->id, Deadline::After(milliseconds(20000)), stop).ok());
    EXPECT_EQ(Items(), "1|first|1;2|two|20") << "it reads what the first one wrote";
    ApplyTo(*second, On().Insert({1, "second", 2}));
    Commit(*second, Position());
  });
  ApplyTo(*first, On().Insert({1, "first", 1}));
  Commit(*first, Position());
  waiter = NamedThread();
  EXPECT_EQ(Items(), "1|second|2;2|two|20");
}

TEST_F(SharedTableTest, a_lease_that_does_not_come_in_time_names_its_holder) {
  Prepare();
  writer_->SetHolderName("job orders");
  Expect(Lease(*writer_, items_));
  Writer statement = Statement();
  const Status late = Lease(*statement, items_);
  EXPECT_EQ(late.code(), Code::kTimeout);
  EXPECT_EQ(late.message(), "table shop.items is being written by job orders; try again later");
  Expect(writer_->Rollback());
  Expect(Lease(*statement, items_));
  statement.reset();
  Expect(Lease(*writer_, items_));
}

TEST_F(SharedTableTest, waiting_for_a_lease_can_be_stopped) {
  Prepare();
  Expect(Lease(*writer_, items_));
  Writer statement = Statement();
  StopSource source;
  Status status;
  NamedThread waiter("waiter",
                     [&](StopToken) { status = statement->Lease(items_->id, Deadline::Never(), source.get_token()); });
  source.request_stop();
  waiter = NamedThread();
  EXPECT_EQ(status.code(), Code::kCancelled);
}

TEST_F(SharedTableTest, a_job_takes_the_lease_with_its_commit_and_keeps_it_from_piece_to_piece) {
  Prepare();
  ApplyTo(*writer_, On().Insert({3, "three", 30}));
  Writer statement = Statement();
  Expect(Lease(*statement, items_));  // nothing is committed yet
  statement.reset();
  Commit(*writer_, Position(), false);
  statement = Statement();
  EXPECT_EQ(Lease(*statement, items_).code(), Code::kTimeout);
  Commit(*writer_, At(2));
  Expect(Lease(*statement, items_));
}

TEST_F(SharedTableTest, pieces_keep_what_others_wrote_before_they_came_to_the_table) {
  Prepare();
  const auto other = store_->CreateTable(JobId{}, "shop", "other", ItemsSchema(), true);
  ASSERT_TRUE(other.ok());
  for (const bool commits : {false, true}) {
    // The job's first piece writes another table; meanwhile a statement writes this one.
    Expect(writer_->ApplyRows((*other)->id, Rows(ItemsSchema()).Insert({7, "seven", 7}).batch(), {}));
    Commit(*writer_, Position(), false);
    Writer statement = Statement();
    Expect(Lease(*statement, items_));
    ApplyTo(*statement, On().Insert({1, "between", 11}));
    Commit(*statement, Position());
    EXPECT_EQ(Items(), "1|between|11;2|two|20");
    ApplyTo(*writer_, On().Insert({1, "job", 12}));
    Commit(*writer_, Position(), false);
    EXPECT_EQ(Items(), "1|between|11;2|two|20");
    EXPECT_EQ(ReadAll(**store_->OpenView(), **other), "");
    if (commits) {
      Commit(*writer_, At(2));
    } else {
      Expect(writer_->Rollback());
    }
    EXPECT_EQ(Items(), commits ? "1|job|12;2|two|20" : "1|between|11;2|two|20");
  }
}

TEST_F(SharedTableTest, rows_collected_for_a_table_that_was_emptied_meanwhile_are_refused) {
  Prepare();
  ApplyTo(*writer_, On().Insert({3, "three", 30}));
  Writer statement = Statement();
  Expect(Lease(*statement, items_));
  Expect(statement->TruncateTable(items_->id));
  Commit(*statement, Position());
  EXPECT_EQ(writer_->Commit(At(2)).status().code(), Code::kConflict);
  Expect(writer_->Rollback());
  EXPECT_EQ(Items(), "");
  ApplyTo(*writer_, On().Insert({3, "three", 30}));
  Commit(*writer_, At(2));
  EXPECT_EQ(Items(), "3|three|30");
}

TEST_F(SharedTableTest, a_drop_waits_for_the_lease) {
  Prepare();
  Expect(Lease(*writer_, items_));
  ApplyTo(*writer_, On().Insert({3, "three", 30}));
  Commit(*writer_, Position(), false);
  NamedThread dropper("dropper", [&](StopToken) { EXPECT_TRUE(store_->DropTable(items_->id).ok()); });
  EXPECT_EQ(Items(), kBefore);
  Commit(*writer_, At(2));
  dropper = NamedThread();
  EXPECT_EQ(Items(), "no table");
  EXPECT_EQ(Lease(*writer_, items_).code(), Code::kNotFound);
}

TEST_F(SharedTableTest, two_tables_can_change_names_in_one_unit) {
  Prepare();
  const auto other = store_->CreateTable(JobId{}, "shop", "other", ItemsSchema(), true);
  ASSERT_TRUE(other.ok());
  Writer statement = Statement();
  EXPECT_EQ(statement->RenameTable(items_->id, "shop", "other").code(), Code::kExists);
  Expect(statement->RenameTable(items_->id, "shop", "free"));
  Expect(statement->RenameTable((*other)->id, "shop", "items"));
  Expect(statement->RenameTable(items_->id, "shop", "other"));
  Commit(*statement, Position());
  EXPECT_EQ(Items(), "");
  EXPECT_EQ(ReadAll(**store_->OpenView(), **other), kBefore);
  statement.reset();
  Reopen();
  EXPECT_EQ(ReadAll(**store_->OpenView(), **other), kBefore);
}

TEST_F(SharedTableTest, a_crash_within_a_statements_pieces_leaves_nothing_of_it) {
  for (const char* failpoint : {"storage.piece.after_write=crash", "storage.piece.after_write=crash@2",
                                "storage.commit.before_write=crash", "storage.undo.before_write=crash"}) {
    SCOPED_TRACE(failpoint);
    Prepare();
    CloseStore();
    const pid_t child = fork();
    if (child == 0) {
      OpenStore();
      ArmFailpoints(failpoint);
      Writer statement = Statement();
      Expect(Lease(*statement, items_));
      for (int piece = 0; piece < 2; ++piece) {
        ApplyTo(*statement, On().Insert({1, "piece", piece}).Insert({10 + piece, "new", piece}));
        Commit(*statement, Position(), false);
      }
      if (std::string_view(failpoint).starts_with("storage.undo")) statement.reset();
      Commit(*statement, Position());
      _exit(1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    OpenStore();
    EXPECT_EQ(Items(), kBefore);
    EXPECT_TRUE(UndoIsEmpty());
    EXPECT_EQ(CatalogRecords(kPiecesTag), 0);
    Expect(Lease(*writer_, items_));
    CloseStore();
    std::filesystem::remove_all(directory_);
  }
}

TEST_F(SharedTableTest, pieces_that_could_not_be_undone_keep_their_tables_until_they_are) {
  Prepare();
  Writer statement = Statement();
  Expect(Lease(*statement, items_));
  ApplyTo(*statement, On().Insert({1, "half", 11}));
  Commit(*statement, Position(), false);
  ArmFailpoints("storage.undo.before_write=error");
  statement.reset();
  EXPECT_EQ(Items(), kBefore);
  EXPECT_EQ(Lease(*writer_, items_).code(), Code::kTimeout);
  ArmFailpoints("");
  statement = Statement();  // opening a writer tries again
  Expect(Lease(*statement, items_));
  EXPECT_EQ(Items(), kBefore);
}

}  // namespace
}  // namespace freshet
