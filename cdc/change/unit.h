// SPDX-License-Identifier: Apache-2.0
// Unit: whole source transactions, the atom of apply. A transaction larger than the unit limit comes as
// several pieces: units with complete == false, the last one complete; readers see none of them before the
// last is applied.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "cdc/change/change_event.h"

namespace freshet {

using UnitEvent = std::variant<RowBatch, SchemaChange>;

struct Unit {
  std::vector<UnitEvent> events;  // in log order
  Position ends_at;               // empty when not complete
  bool complete = true;           // false: more pieces of the same transaction follow
  int64_t commit_time_us = 0;     // of the newest transaction in it; 0 unknown
  uint64_t transactions = 0;      // that end in this unit
  uint64_t rows = 0;
  size_t bytes = 0;  // memory held by its batches
};

}  // namespace freshet
