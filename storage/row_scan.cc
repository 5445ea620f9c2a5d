// SPDX-License-Identifier: Apache-2.0
#include "storage/row_scan.h"

namespace freshet {

StoredRowScan::StoredRowScan(PicturePtr picture, CatalogTablePtr table, std::vector<uint32_t> projection,
                             const KeyRange& range)
    : picture_(std::move(picture)),
      table_(std::move(table)),
      columns_(projection.size()),
      range_(RowRange::Of(*table_, range)),
      from_(range_.from),
      to_(range_.to),
      decoder_(table_->table->schema, table_->versions, std::move(projection)) {
  const Snapshot& snapshot = picture_->SnapshotOf(*table_->table);
  rocksdb::ReadOptions options;
  options.snapshot = snapshot.get();
  options.iterate_lower_bound = &from_;
  options.iterate_upper_bound = &to_;
  rows_.reset(snapshot.database().db().NewIterator(options, snapshot.database().family(Family::kRows)));
  if (range_.from < range_.to) rows_->Seek(from_);
}

Status StoredRowScan::Next(RowBlock& block, size_t rows_max) {
  block.Clear();
  while (block.rows < rows_max && rows_->Valid()) {
    block.cells.resize((block.rows + 1) * columns_);
    Status status = decoder_.Decode(rows_->key().ToStringView(), rows_->value().ToStringView(),
                                    block.cells.data() + block.rows * columns_, block.arena);
    if (!status.ok()) {
      block.Clear();
      return std::move(status).At("read table " + table_->table->database + "." + table_->table->name);
    }
    ++block.rows;
    rows_->Next();
  }
  return ToStatus(rows_->status()).At("read table " + table_->table->database + "." + table_->table->name);
}

}  // namespace freshet
