// SPDX-License-Identifier: Apache-2.0
// MappedTarget: the target table of a job that reads cdc_stream(..): the shadow's changes through the job's SELECT,
// as upserts and deletes of the target by its key. New rows are mapped whole; what they replace is mapped too, so that
// rows which change their key, stop passing WHERE or go away leave the target. Rejected rows are handed out: what to do
// about them is the sink's. Used by the job's apply thread alone.
//
// Which old rows are deleted: those that this job made of the same source row (storage/row_owner.h), by the key that
// the SELECT computes of it; WHERE and lookups are not asked. So a key that another source row, another job or a user
// has taken meanwhile stays theirs, and a row of another job that this job's row was put over is there again. A job
// that was started without a copy does not know what others have put there for the rows from before its start: it takes
// over rows that are no other source row's of its own and no other job's that follows a log.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "storage/store.h"
#include "sync/derived_rows.h"
#include "sync/mapping_factory.h"

namespace freshet {

class MappedTarget : public DerivedRows {
 public:
  struct Settings {
    InsertSelect insert;
    SchemaPtr accepted;  // the source's shape when the SELECT was altered; null: as it was at CREATE JOB
    JobId job;
    TableId target;
    bool strict = true;
    size_t piece_bytes_max = 32u << 20;
    MappingFactory mappings;
  };
  MappedTarget(Store& store, Settings settings) : store_(store), settings_(std::move(settings)) {}

  StoredChanges* changes() override { return &changes_; }
  Result<Outcome> Flush(UnitWriter& writer) override;
  Status ShapeChanged(const StoredTable& mirrored, bool knows_all_rows) override;
  Status RemoveAll(UnitWriter& writer) override;
  void Forget() override {
    changes_.batch = {};
    mapping_.reset();  // its shape may have been the rolled-back one
  }

 private:
  // The target as of now. kNotFound, kConflict: it is gone or a job's own.
  Result<StoredTablePtr> Target() const;
  Status Compile(const SchemaPtr& shape);
  Status CheckUsedColumns(const TableSchema& now) const;

  Store& store_;
  const Settings settings_;
  StoredChanges changes_;
  SchemaPtr shape_;         // of the shadow
  SchemaPtr target_shape_;  // both are what mapping_ was compiled for
  std::unique_ptr<Mapping> mapping_;
  bool knows_all_rows_ = true;
};

}  // namespace freshet
