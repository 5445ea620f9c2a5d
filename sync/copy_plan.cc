// SPDX-License-Identifier: Apache-2.0
#include "sync/copy_plan.h"

namespace freshet {

CopyPlan::CopyPlan(CopyDue due, uint64_t generation) : schema_(std::move(due.source_schema)), generation_(generation) {
  CopyProgress::Rest rest = due.progress.Remaining();
  ready_.assign(rest.gaps.begin(), rest.gaps.end());
  open_end_ = rest.open_end;
  plan_after_ = std::move(rest.plan_after);
  next_order_ = rest.next_order;
}

std::optional<PlannedChunk> CopyPlan::TakeChunk() {
  if (ready_.empty()) return std::nullopt;
  PlannedChunk chunk = std::move(ready_.front());
  ready_.pop_front();
  return chunk;
}

void CopyPlan::AddRemainder(const PlannedChunk& chunk, const KeyText& cut_after) {
  if (chunk.range.up_to == cut_after) return;  // cut behind its very last row
  ready_.push_front({{cut_after, chunk.range.up_to}, chunk.order + 1});
}

bool CopyPlan::TakePlanning() {
  if (!open_end_ || planning_ || !ready_.empty()) return false;
  planning_ = true;
  return true;
}

void CopyPlan::AddBound(std::optional<KeyText> bound) {
  planning_ = false;
  ready_.push_back({{plan_after_, bound}, next_order_});
  next_order_ += kChunkOrderStep;
  open_end_ = bound.has_value();
  plan_after_ = std::move(bound);
}

}  // namespace freshet
