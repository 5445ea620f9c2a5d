// SPDX-License-Identifier: Apache-2.0
// Rows of a table that several jobs and users write: who may take which row away.
#include "tests/unit/storage/owned_rows_fixture.h"

#include "storage/content_hash.h"

namespace freshet {
namespace {

using RowOwnerTest = OwnedRowsFixture;

TEST_F(RowOwnerTest, rows_may_shift_their_keys_within_a_unit) {
  Write(kJob, On().Insert({1, "a", 1}).Insert({2, "b", 2}).Insert({3, "c", 3}), {11, 12, 13});
  Write(kJob,
        On().Delete({1, Open{}, Open{}})
            .Insert({2, "a", 2})
            .Delete({2, Open{}, Open{}})
            .Insert({3, "b", 3})
            .Delete({3, Open{}, Open{}})
            .Insert({4, "c", 4}),
        {11, 11, 12, 12, 13, 13});
  EXPECT_EQ(Items(), "2|a|2;3|b|3;4|c|4");
}

TEST_F(RowOwnerTest, a_row_that_another_job_has_taken_over_stays) {
  Write(kJob, On().Insert({1, "first", 1}), {11});
  Write(kOther, On().Insert({1, "second", 2}), {11});
  Write(kJob, On().Delete({1, Open{}, Open{}}), {11});
  EXPECT_EQ(Items(), "1|second|2");
  Write(kOther, On().Delete({1, Open{}, Open{}}), {11});
  EXPECT_EQ(Items(), "");
}

TEST_F(RowOwnerTest, a_users_row_stays_and_a_users_update_leaves_it_the_jobs) {
  WriteAsUser(On().Insert({1, "user", 1}));
  Write(kJob, On().Insert({2, "job", 2}).Insert({3, "job", 3}), {12, 13});
  WriteAsUser(On().Update({2, "edited", Open{}}).Insert({3, "user", 33}));
  EXPECT_EQ(Items(), "1|user|1;2|edited|2;3|user|33");
  Write(kJob, On().Delete({1, Open{}, Open{}}).Delete({2, Open{}, Open{}}).Delete({3, Open{}, Open{}}), {11, 12, 13});
  EXPECT_EQ(Items(), "1|user|1;3|user|33");
}

TEST_F(RowOwnerTest, who_takes_over_removes_rows_of_others_but_none_of_its_other_source_rows) {
  WriteAsUser(On().Insert({1, "user", 1}));
  Write(kOther, On().Insert({2, "other", 2}), {12});
  Write(kJob, On().Insert({3, "mine", 3}), {13});
  Write(kJob, On().Delete({1, Open{}, Open{}}).Delete({2, Open{}, Open{}}).Delete({3, Open{}, Open{}}), {11, 12, 99},
        /*takes_over=*/true);
  EXPECT_EQ(Items(), "3|mine|3");
}

TEST_F(RowOwnerTest, all_rows_of_one_owner_go_in_pieces_and_a_crash_in_between_brings_them_back) {
  Rows many = On();
  std::vector<uint64_t> sources;
  for (int id = 10; id < 1000; ++id) {
    many.Insert({id, "mine", id});
    sources.push_back(static_cast<uint64_t>(id));
  }
  Write(kJob, many, sources);
  Write(kOther, On().Insert({1, "other", 1}).Insert({10, "taken", 10}), {1, 10});
  WriteAsUser(On().Insert({2, "user", 2}));
  const std::string before = Items();
  Expect(writer_->DeleteOwnedRows(items_->id, /*piece_bytes_max=*/1000));
  EXPECT_EQ(Items(), before) << "readers see nothing of it until it is committed";
  Reopen();
  EXPECT_EQ(Items(), before);
  Expect(writer_->DeleteOwnedRows(items_->id, /*piece_bytes_max=*/1000));
  ASSERT_TRUE(writer_->Commit(writer_->position()).ok());
  EXPECT_EQ(Items(), "1|other|1;2|user|2;10|taken|10");
}

TEST_F(RowOwnerTest, whose_a_row_is_does_not_show_in_what_it_holds) {
  WriteAsUser(On().Insert({1, "x", 1}));
  const ContentHash by_user = *HashTable(**store_->OpenView(), *items_);
  Write(kJob, On().Insert({1, "x", 1}), {11});
  EXPECT_EQ(*HashTable(**store_->OpenView(), *items_), by_user);
}

}  // namespace
}  // namespace freshet
