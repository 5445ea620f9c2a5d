// SPDX-License-Identifier: Apache-2.0
// Transactions in pieces: readers and crashes see all of one or nothing. Crashes are real ones: a child
// process stops at a failpoint, the parent opens what it left.
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/storage/store_fixture.h"

namespace freshet {
namespace {

constexpr const char* kBefore = "1|one|10;2|two|20;3|three|30";

class PiecesTest : public StoreFixture {
 protected:
  void Prepare() {
    OpenItems();
    Write(1, On().Insert({1, "one", 10}).Insert({2, "two", 20}).Insert({3, "three", 30}));
  }
  Rows On() const { return Rows(schema()); }
  void FirstPiece() {
    Expect(Apply(On().Update({1, Open{}, 11}).Delete({2, Open{}, Open{}}).Insert({4, "four", 40})));
    Commit(0, false);
  }
  void SecondPiece() {
    Expect(Apply(
        On().Update({1, Open{}, 12}).Insert({2, "again", 22}).Delete({4, Open{}, Open{}}).Insert({5, "five", 50})));
    Commit(0, false);
  }
  static constexpr const char* kAfter = "1|one|12;2|again|22;3|three|33;5|five|50";
  void LastPiece(uint64_t lsn) {
    Expect(Apply(On().Update({3, Open{}, 33})));
    Commit(lsn);
  }
  // Runs `body` in a child that opens the store of its own; returns its exit code.
  int InChild(const std::function<void()>& body) {
    CloseStore();
    const pid_t child = fork();
    if (child == 0) {
      OpenStore();
      body();
      _exit(HasFatalFailure() ? 1 : 0);
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
};

TEST_F(PiecesTest, readers_keep_the_picture_from_before_until_the_last_piece) {
  Prepare();
  FirstPiece();
  EXPECT_EQ(Items(), kBefore);
  SecondPiece();
  EXPECT_EQ(Items(), kBefore);
  LastPiece(2);
  EXPECT_EQ(Items(), kAfter);
  Reopen();
  EXPECT_EQ(Items(), kAfter);
  EXPECT_EQ(writer_->position(), At(2));
}

TEST_F(PiecesTest, other_jobs_tables_move_on_meanwhile) {
  Prepare();
  const auto orders = store_->CreateTable(JobId{8}, "shop", "orders", ItemsSchema(), true);
  ASSERT_TRUE(orders.ok());
  auto other = UnitWriter::Open(*store_, JobId{8});
  ASSERT_TRUE(other.ok());
  FirstPiece();
  Expect((*other)->ApplyRows((*orders)->id, Rows(ItemsSchema()).Insert({7, "seven", 7}).batch(), {}));
  ASSERT_TRUE((*other)->Commit(At(5)).ok());
  EXPECT_EQ(ReadAll(**store_->OpenView(), **orders), "7|seven|7");
  EXPECT_EQ(Items(), kBefore);
  SecondPiece();
  LastPiece(2);
  EXPECT_EQ(Items(), kAfter);
}

TEST_F(PiecesTest, two_jobs_in_pieces_at_once_are_undone_apart) {
  Prepare();
  const auto orders = store_->CreateTable(JobId{8}, "shop", "orders", ItemsSchema(), true);
  ASSERT_TRUE(orders.ok());
  auto other = UnitWriter::Open(*store_, JobId{8});
  ASSERT_TRUE(other.ok());
  FirstPiece();
  Expect((*other)->ApplyRows((*orders)->id, Rows(ItemsSchema()).Insert({7, "seven", 7}).batch(), {}));
  ASSERT_TRUE((*other)->Commit(Position(), false).ok());
  Expect(writer_->Rollback());
  EXPECT_EQ(Items(), kBefore);
  EXPECT_EQ(ReadAll(**store_->OpenView(), **orders), "") << "still in pieces";
  ASSERT_TRUE((*other)->Commit(At(5)).ok());
  EXPECT_EQ(ReadAll(**store_->OpenView(), **orders), "7|seven|7");
  EXPECT_EQ(Items(), kBefore);
}

TEST_F(PiecesTest, rollback_restores_rows_that_several_pieces_changed) {
  Prepare();
  FirstPiece();
  SecondPiece();
  Expect(writer_->Rollback());
  EXPECT_EQ(Items(), kBefore);
  Write(2, On().Update({1, Open{}, 99}));
  EXPECT_EQ(Items(), "1|one|99;2|two|20;3|three|30");
}

TEST_F(PiecesTest, a_truncate_within_pieces_can_be_undone_and_committed) {
  Prepare();
  for (const bool commits : {false, true}) {
    FirstPiece();
    Expect(writer_->TruncateTable(items_->id));
    Expect(Apply(On().Insert({8, "after", 80})));
    Commit(0, false);
    EXPECT_EQ(Items(), kBefore);
    Expect(Apply(On().Update({8, Open{}, 81})));
    if (commits) {
      Commit(2);
    } else {
      Expect(writer_->Rollback());
    }
    EXPECT_EQ(Items(), commits ? "8|after|81" : kBefore);
  }
  Reopen();
  EXPECT_EQ(Items(), "8|after|81");
}

TEST_F(PiecesTest, schema_changes_within_pieces_come_with_the_last_one) {
  Prepare();
  SchemaChange change;
  change.kind = SchemaChangeKind::kAlterTable;
  auto wider = std::make_shared<TableSchema>(*schema());
  wider->version = 2;
  wider->columns.push_back(ColumnOf(wider->next_column_id++, "c", TypeKind::kString));
  change.new_schema = wider;
  Expect(writer_->ApplySchemaChange(items_->id, change));
  Expect(Apply(Rows(wider).Insert({4, "four", 40, "c"})));
  Commit(0, false);
  EXPECT_EQ(Items(), kBefore);
  Reopen();
  EXPECT_EQ(Items(), kBefore);
  EXPECT_EQ(schema()->version, 1u);
}

TEST_F(PiecesTest, a_new_table_within_pieces_appears_with_the_last_one) {
  Prepare();
  const auto made = writer_->CreateTable("shop", "made", ItemsSchema(), true);
  ASSERT_TRUE(made.ok());
  Expect(writer_->ApplyRows((*made)->id, Rows(ItemsSchema()).Insert({1, "m", 1}).batch(), {}));
  Commit(0, false);
  EXPECT_EQ((*store_->OpenView())->FindTable("shop", "made"), nullptr);
  Commit(2);
  EXPECT_EQ(ReadAll(**store_->OpenView(), **made), "1|m|1");
}

TEST_F(PiecesTest, a_chunk_cannot_end_a_transaction_in_pieces) {
  Prepare();
  FirstPiece();
  EXPECT_EQ(writer_->Commit(Position()).code(), Code::kConflict);
}

TEST_F(PiecesTest, a_writer_that_goes_away_in_pieces_leaves_nothing) {
  Prepare();
  FirstPiece();
  writer_.reset();
  EXPECT_EQ(Items(), kBefore);
  OpenWriter();
  EXPECT_EQ(writer_->position(), At(1));
  Write(2, On().Insert({9, "nine", 90}));
  EXPECT_EQ(Items(), std::string(kBefore) + ";9|nine|90");
}

TEST_F(PiecesTest, a_crash_at_any_failpoint_leaves_all_or_nothing) {
  struct Case {
    const char* failpoint;
    const char* rows;
    uint64_t lsn;
  };
  for (const Case& crash :
       {Case{"storage.piece.before_write=crash", kBefore, 1}, Case{"storage.piece.after_write=crash", kBefore, 1},
        Case{"storage.piece.before_write=crash@2", kBefore, 1}, Case{"storage.piece.after_write=crash@2", kBefore, 1},
        Case{"storage.commit.before_write=crash", kBefore, 1}, Case{"storage.commit.after_write=crash", kAfter, 2}}) {
    SCOPED_TRACE(crash.failpoint);
    Prepare();
    const int exit_code = InChild([&] {
      ArmFailpoints(crash.failpoint);
      FirstPiece();
      SecondPiece();
      LastPiece(2);
    });
    EXPECT_EQ(exit_code, 42);
    OpenStore();
    EXPECT_EQ(Items(), crash.rows);
    EXPECT_EQ(writer_->position(), At(crash.lsn));
    CloseStore();
    std::filesystem::remove_all(directory_);
  }
}

TEST_F(PiecesTest, a_crash_while_undoing_is_undone_at_the_next_open) {
  Prepare();
  EXPECT_EQ(InChild([&] {
              FirstPiece();
              SecondPiece();
              ArmFailpoints("storage.undo.before_write=crash");
              (void)writer_->Rollback();
            }),
            42);
  OpenStore();
  EXPECT_EQ(Items(), kBefore);
}

TEST_F(PiecesTest, a_crash_after_a_truncate_in_pieces_brings_the_rows_back) {
  Prepare();
  EXPECT_EQ(InChild([&] {
              Expect(writer_->TruncateTable(items_->id));
              Expect(Apply(On().Insert({8, "after", 80})));
              ArmFailpoints("storage.piece.after_write=crash");
              Commit(0, false);
            }),
            42);
  OpenStore();
  EXPECT_EQ(Items(), kBefore);
  Write(2, On().Insert({4, "four", 40}));
  EXPECT_EQ(Items(), std::string(kBefore) + ";4|four|40");
}

}  // namespace
}  // namespace freshet
