// SPDX-License-Identifier: Apache-2.0
// StoredView: the ReadView over a picture of the engine. Made per query by Store::OpenView; cheap.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "storage/engine.h"
#include "storage/read_view.h"

namespace freshet {

class StoredView : public ReadView {
 public:
  explicit StoredView(PicturePtr picture) : picture_(std::move(picture)) {}

  std::vector<std::string> Databases() const override;
  std::vector<StoredTablePtr> Tables(std::string_view database) const override;
  StoredTablePtr FindTable(std::string_view database, std::string_view name) const override;
  Result<std::unique_ptr<RowScan>> Scan(const StoredTable& table, std::vector<uint32_t> projection,
                                        KeyRange range) const override;
  std::vector<KeyRange> Split(const StoredTable& table, size_t parts) const override;
  uint64_t EstimateRows(const StoredTable& table) const override;

 private:
  const PicturePtr picture_;
};

}  // namespace freshet
