// SPDX-License-Identifier: Apache-2.0
// CopyPlan: which chunk of one table is read next, whose bound is looked up next, and what is in flight. No
// threads, no source: sync/copier holds one per table under its mutex.
#pragma once

#include <deque>
#include <optional>

#include "sync/table_sink.h"

namespace freshet {

class CopyPlan {
 public:
  CopyPlan(CopyDue due, uint64_t generation);

  const SchemaPtr& schema() const { return schema_; }
  // Tells a table's plans apart: results for an older one are dropped.
  uint64_t generation() const { return generation_; }

  // A chunk to read, or nullopt.
  std::optional<PlannedChunk> TakeChunk();
  void ReturnChunk(PlannedChunk chunk) { ready_.push_front(std::move(chunk)); }
  // The rest of a chunk that was cut by its size.
  void AddRemainder(const PlannedChunk& chunk, const KeyText& cut_after);

  // True when a bound must be looked up and nobody does: the caller then does, after `plan_after`.
  bool TakePlanning();
  const std::optional<KeyText>& plan_after() const { return plan_after_; }
  void AddBound(std::optional<KeyText> bound);  // nullopt: the last chunk is open-ended
  void PlanningFailed() { planning_ = false; }

  bool TakeEstimate() { return !std::exchange(estimated_, true); }

  int failures = 0;      // in a row
  int schema_waits = 0;  // reads in a row that found the source's schema ahead of the log
  std::chrono::steady_clock::time_point not_before = {};  // back-off

 private:
  SchemaPtr schema_;
  uint64_t generation_;
  std::deque<PlannedChunk> ready_;
  bool open_end_ = true;
  bool planning_ = false;
  bool estimated_ = false;
  std::optional<KeyText> plan_after_;
  int64_t next_order_ = 0;
};

}  // namespace freshet
