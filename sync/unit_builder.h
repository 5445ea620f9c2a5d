// SPDX-License-Identifier: Apache-2.0
// UnitBuilder: change events -> units. Whole transactions are put together until the unit is large enough or
// the source has nothing buffered; a transaction above the piece limit comes out in pieces. Used by the
// pipeline's reader thread alone.
#pragma once

#include <optional>

#include "base/status.h"
#include "cdc/change/change_event.h"
#include "cdc/change/unit.h"

namespace freshet {

class UnitBuilder {
 public:
  UnitBuilder(size_t unit_bytes_max, size_t piece_bytes_max)
      : unit_bytes_max_(unit_bytes_max), piece_bytes_max_(piece_bytes_max) {}

  // kCorrupt when the source breaks the order Begin, rows, Commit.
  Status Add(ChangeEvent event);
  // A unit that is due now, or nullopt: all complete transactions so far once they are large or nothing is
  // buffered at the source, else a piece of the open transaction when that has grown too large.
  std::optional<Unit> Take(bool source_has_buffered);

 private:
  Status AddToOpen(UnitEvent event, uint64_t rows, size_t bytes);
  void CloseOpen(const Position& at, int64_t commit_time_us);

  const size_t unit_bytes_max_;
  const size_t piece_bytes_max_;
  Unit closed_;  // whole transactions
  Unit open_;    // events of the transaction that is being read
  bool in_transaction_ = false;
};

}  // namespace freshet
