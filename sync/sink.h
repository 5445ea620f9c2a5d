// SPDX-License-Identifier: Apache-2.0
// The sink seam: where units go. Exactly-once lies here: Apply stores rows, schema, ledger and position
// together, and Recover is the only truth at start. Used by one thread. Implementations: sync/table_sink
// (our RocksDB tables) and the tests' memory and fault sinks.
#pragma once

#include <optional>

#include "base/status.h"
#include "cdc/change/position.h"
#include "cdc/change/unit.h"

namespace freshet {

class Sink {
 public:
  virtual ~Sink() = default;
  // What is committed here; nullopt when nothing ever was.
  virtual Result<std::optional<Position>> Recover() = 0;
  // All or nothing. A unit at or before the recovered position is skipped. After an error nothing of the
  // unit is visible and the next call must be Recover.
  virtual Status Apply(const Unit& unit) = 0;
  // Newest position that is on disk (fsynced): what the source may be told.
  virtual Position Durable() const = 0;
};

}  // namespace freshet
