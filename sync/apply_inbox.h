// SPDX-License-Identifier: Apache-2.0
// ApplyInbox: what waits for a job's apply thread: units from the reader, bounded by bytes, and requests from
// copy workers, which run on the apply thread between two transactions. Requests and units take turns, so
// neither starves. Thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <variant>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "cdc/change/unit.h"

namespace freshet {

class TableSink;

class ApplyInbox {
 public:
  explicit ApplyInbox(size_t bytes_max) : bytes_max_(bytes_max) {}

  // --- reader. False when `deadline` passed or the inbox is closed; the unit is then untouched.
  bool PushUnit(Unit& unit, Deadline deadline);
  // No unit will come any more; what is queued is still applied.
  void EndUnits();
  // No unit waits or is being applied.
  bool Drained() const;
  // Of the units that wait.
  size_t bytes() const;

  // --- workers: runs `body` on the apply thread and returns its result; kCancelled once closed.
  using Body = std::function<Status(TableSink&)>;
  Status Run(Body body);

  // --- apply thread
  struct Request {
    Body body;
    Status result;
    bool done = false;
  };
  using Item = std::variant<std::monostate, Unit, Request*>;
  // monostate: the deadline passed, or there is nothing more to come (closed()).
  Item Pop(Deadline deadline, bool at_boundary);
  void Finish(Request* request, Status result);
  // After the item of the last Pop has been dealt with there is no other: units ended and are drained.
  bool ended() const;

  // The reader has ended the units and all of them were handed out (its error may be read now).
  bool drained_to_end() const;

  // Refuses everything from now on and cancels waiting requests.
  void Close();

 private:
  const size_t bytes_max_;
  mutable Mutex mutex_;
  CondVar not_full_;
  CondVar not_empty_;
  CondVar finished_;
  std::deque<Unit> units_ GUARDED_BY(mutex_);
  std::deque<Request*> requests_ GUARDED_BY(mutex_);
  size_t bytes_ GUARDED_BY(mutex_) = 0;
  bool unit_in_hand_ GUARDED_BY(mutex_) = false;
  bool request_was_last_ GUARDED_BY(mutex_) = false;
  bool units_ended_ GUARDED_BY(mutex_) = false;
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace freshet
