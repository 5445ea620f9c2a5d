// SPDX-License-Identifier: Apache-2.0
// OwnedRowsFixture: shop.items as a table that several jobs and users write. Used by the tests of whose rows are.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "storage/row_owner.h"
#include "storage/target_writers.h"
#include "tests/unit/storage/store_fixture.h"

namespace freshet {

class OwnedRowsFixture : public StoreFixture {
 protected:
  static constexpr JobId kOther{8};

  void SetUp() override {
    StoreFixture::SetUp();
    OpenItems();
    Expect(store_->ReleaseTable(items_->id));
  }
  Rows On() const { return Rows(ItemsSchema()); }

  void Enter(JobId job, bool follows = true) { store_->target_writers().Enter(items_->id, {job.value, follows}); }
  void Drop(JobId job) { store_->target_writers().Remove(job); }

  // In the open unit of a writer of `job`: each row made of the source row whose key hashes to the number beside it.
  Status ApplyOwned(UnitWriter& writer, JobId job, const Rows& rows, const std::vector<uint64_t>& sources,
                    bool takes_over = false) {
    std::vector<RowOwner> of_rows;
    for (const uint64_t source : sources) of_rows.push_back({job.value, source});
    const RowOwners owners{of_rows, takes_over};
    ApplyOptions options;
    options.rows_may_be_missing = true;
    options.owners = &owners;
    return writer.ApplyRows(items_->id, rows.batch(), options);
  }
  // The job's writer: kJob's is the fixture's, others are opened for one unit.
  template <typename Body>
  void AsJob(JobId job, Body body) {
    auto writer = job == kJob ? std::move(writer_) : *UnitWriter::Open(*store_, job);
    body(*writer);
    const auto committed = writer->Commit(At(++lsn_));
    EXPECT_TRUE(committed.ok()) << committed.status().ToString();
    if (job == kJob) writer_ = std::move(writer);
  }
  void Write(JobId job, const Rows& rows, const std::vector<uint64_t>& sources, bool takes_over = false) {
    AsJob(job, [&](UnitWriter& writer) { Expect(ApplyOwned(writer, job, rows, sources, takes_over)); });
  }
  void WriteAsUser(const Rows& rows) {
    auto statement = *UnitWriter::OpenForStatement(*store_);
    Expect(statement->Lease(items_->id, Deadline::After(std::chrono::milliseconds(1000)), {}));
    Expect(statement->ApplyRows(items_->id, rows.batch(), {}));
    ASSERT_TRUE(statement->Commit(Position()).ok());
  }

  uint64_t lsn_ = 100;
};

}  // namespace freshet
