// SPDX-License-Identifier: Apache-2.0
#include "sync/project_batch.h"

#include <algorithm>

namespace freshet {

namespace {
constexpr uint32_t kAbsent = UINT32_MAX;
}  // namespace

Result<RowBatch> ProjectBatch(const RowBatch& batch, const SchemaPtr& target) {
  const auto& from = batch.schema->columns;
  std::vector<uint32_t> places(target->columns.size(), kAbsent);  // target column -> column of the batch
  for (size_t i = 0; i < places.size(); ++i) {
    for (uint32_t j = 0; j < from.size(); ++j) {
      if (from[j].id == target->columns[i].id) places[i] = j;
    }
    if (places[i] == kAbsent && target->IsKey(static_cast<uint32_t>(i))) {
      return Status(Code::kUnsupported, "key column '" + target->columns[i].name + "' is no longer in the source");
    }
  }
  RowBatch out;
  out.schema = target;
  out.rows = batch.rows;
  out.arena = batch.arena;
  const size_t images = from.empty() ? 0 : batch.cells.size() / from.size();
  out.cells.reserve(images * places.size());
  for (uint32_t image = 0; image < images; ++image) {
    const std::span<const Cell> cells = batch.Image(image);
    const bool partial =
        std::any_of(cells.begin(), cells.end(), [](const Cell& cell) { return cell.kind == CellKind::kUnchanged; });
    for (const uint32_t place : places) {
      out.cells.push_back(place != kAbsent ? cells[place] : partial ? Cell::Unchanged() : Cell::Null());
    }
  }
  return out;
}

}  // namespace freshet
