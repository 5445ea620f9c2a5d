// SPDX-License-Identifier: Apache-2.0
// The store at its limits: a disk without space, an fsync that fails, and the memory budget.
#include "tests/unit/storage/store_fixture.h"

namespace freshet {
namespace {

class LimitsTest : public StoreFixture {
 protected:
  void SetUp() override {
    StoreFixture::SetUp();
    ArmFailpoints("storage.file.append=error@1000000000");  // armed at open: puts the failing files under the store
    OpenItems();
  }
  // `rows` rows of about 1 KiB each, from id `first` on.
  Rows Big(int first, int rows) {
    text_.assign(1000, 'x');
    Rows batch(ItemsSchema());
    for (int i = 0; i < rows; ++i) batch.Insert({first + i, text_.c_str(), i});
    return batch;
  }
  uint64_t CountRows() const {
    auto scan = (*store_->OpenView())->Scan(*items_, {0}, {});
    RowBlock block;
    uint64_t rows = 0;
    while ((*scan)->Next(block, 1000).ok() && block.rows > 0) rows += block.rows;
    return rows;
  }
  std::string text_;
};

TEST_F(LimitsTest, a_full_disk_is_said_and_the_store_goes_on_once_there_is_space) {
  Write(1, Rows(ItemsSchema()).Insert({1, "kept", 1}));
  ArmFailpoints("storage.file.append=error");
  Expect(Apply(Big(100, 100)));
  EXPECT_EQ(writer_->Commit(At(2)).code(), Code::kLocalIo);
  ArmFailpoints("");
  Expect(writer_->Rollback());
  EXPECT_EQ(Items(), "1|kept|1");
  EXPECT_EQ(writer_->position(), At(1));
  Write(3, Rows(ItemsSchema()).Insert({2, "later", 2}));
  EXPECT_EQ(Items(), "1|kept|1;2|later|2");
  Reopen();
  EXPECT_EQ(Items(), "1|kept|1;2|later|2");
  EXPECT_EQ(writer_->position(), At(3));
}

TEST_F(LimitsTest, a_disk_that_fills_up_between_pieces_leaves_the_rows_from_before) {
  Write(1, Rows(ItemsSchema()).Insert({1, "kept", 1}));
  Expect(Apply(Rows(ItemsSchema()).Update({1, "half", 2})));
  Commit(0, false);
  ArmFailpoints("storage.file.append=error");
  Expect(Apply(Big(100, 100)));
  EXPECT_EQ(writer_->Commit(At(2), false).code(), Code::kLocalIo);
  ArmFailpoints("");
  EXPECT_EQ(Items(), "1|kept|1");
  Expect(writer_->Rollback());
  EXPECT_EQ(Items(), "1|kept|1");
  Write(2, Rows(ItemsSchema()).Update({1, Open{}, 3}));
  EXPECT_EQ(Items(), "1|kept|3");
}

TEST_F(LimitsTest, a_commit_whose_fsync_failed_becomes_durable_by_a_flush_and_survives) {
  ArmFailpoints("storage.file.sync=error");
  Expect(Apply(Rows(ItemsSchema()).Insert({1, "x", 1})));
  const auto committed = writer_->Commit(At(1));
  ASSERT_TRUE(committed.ok());
  // The first wait may meet the failure; a later sync makes good for it.
  const Deadline deadline = Deadline::After(std::chrono::seconds(20));
  Status durable = store_->WaitDurable(committed->commit, deadline);
  while (!durable.ok() && !deadline.Passed()) {
    EXPECT_EQ(durable.code(), Code::kLocalIo);
    durable = store_->WaitDurable(committed->commit, deadline);
  }
  Expect(durable);
  Write(2, Rows(ItemsSchema()).Insert({2, "y", 2}));
  Reopen();
  EXPECT_EQ(Items(), "1|x|1;2|y|2");
}

TEST_F(LimitsTest, memtables_and_cache_together_stay_inside_the_budget) {
  constexpr uint64_t kBudget = 32u << 20;  // of the fixture's store
  for (int round = 0; round < 60; ++round) {
    Write(static_cast<uint64_t>(round + 1), Big(round * 1000, 1000));
    const Store::Usage usage = store_->usage();
    ASSERT_LE(usage.memtable_bytes + usage.block_cache_bytes, kBudget);
  }
  EXPECT_EQ(CountRows(), 60'000u);
  const Store::Usage usage = store_->usage();
  EXPECT_LE(usage.memtable_bytes + usage.block_cache_bytes, kBudget);
}

}  // namespace
}  // namespace freshet
