// SPDX-License-Identifier: Apache-2.0
// StoredRowScan: the RowScan over RocksDB: one iterator, one decoder. Holds its picture, so that the
// snapshot outlives it. One thread at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "storage/engine.h"
#include "storage/read_view.h"
#include "storage/row_range.h"
#include "storage/value_codec.h"

namespace freshet {

class StoredRowScan : public RowScan {
 public:
  StoredRowScan(PicturePtr picture, CatalogTablePtr table, std::vector<uint32_t> projection, const KeyRange& range);
  Status Next(RowBlock& block, size_t rows_max) override;

 private:
  const PicturePtr picture_;
  const CatalogTablePtr table_;
  const size_t columns_;
  const RowRange range_;
  const rocksdb::Slice from_;
  const rocksdb::Slice to_;
  RowDecoder decoder_;
  std::unique_ptr<rocksdb::Iterator> rows_;
};

}  // namespace freshet
