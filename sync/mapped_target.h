// SPDX-License-Identifier: Apache-2.0
// MappedTarget: the target table of a job that reads cdc_stream(..): the shadow's changes through the job's SELECT,
// as upserts and deletes of the target by its key. New rows are mapped whole; what they replace is mapped too, so that
// rows which change their key, stop passing WHERE or go away leave the target. Rejected rows are handed out: what to do
// about them is the sink's. Used by the job's apply thread alone.
//
// Which old rows are deleted. Without WHERE and lookups the old row's key says it all. With WHERE the old row is looked
// up in the shadow and goes through the whole SELECT: only a row that passed is deleted, since another job may have
// written that key. With lookups its key is deleted whatever the lookup says today.
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
    TableId target;
    bool strict = true;
    size_t piece_bytes_max = 32u << 20;
    MappingFactory mappings;
  };
  MappedTarget(Store& store, Settings settings) : store_(store), settings_(std::move(settings)) {}

  StoredChanges* changes() override { return &changes_; }
  Result<Outcome> Flush(UnitWriter& writer) override;
  Status ShapeChanged(const StoredTable& mirrored) override;
  Status RemoveAll(UnitWriter& writer, const StoredTable& mirrored) override;
  void Forget() override {
    changes_.batch = {};
    mapping_.reset();  // its shape may have been the rolled-back one
  }

 private:
  // The target as of now. kNotFound, kConflict: it is gone or a job's own.
  Result<StoredTablePtr> Target() const;
  Status Compile(const SchemaPtr& shape);
  Status CheckUsedColumns(const TableSchema& now) const;
  Result<MappedRows> MapOld(const RowBatch& batch, const std::vector<uint32_t>& images);
  Status RemoveImages(UnitWriter& writer, const RowBatch& batch);

  Store& store_;
  const Settings settings_;
  StoredChanges changes_;
  SchemaPtr shape_;         // of the shadow
  SchemaPtr target_shape_;  // both are what mapping_ was compiled for
  std::unique_ptr<Mapping> mapping_;
  bool maps_old_ = false;  // old rows go through the whole SELECT
};

}  // namespace freshet
