// SPDX-License-Identifier: Apache-2.0
// SourceEnd: where a source's log ends, as last seen. Looked up on a thread of its own when somebody asks and what
// is known is old: a source that hangs holds up nobody but that thread. Owned by the job's runner. Thread-safe.
#pragma once

#include <functional>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/stop.h"
#include "cdc/change/position.h"

namespace freshet {

class SourceEnd {
 public:
  // Blocks as long as the connector's own limits say.
  using LookUp = std::function<Result<Position>()>;

  explicit SourceEnd(LookUp look_up) : look_up_(std::move(look_up)) {}
  ~SourceEnd() { Stop(); }

  // Starts a look-up unless one is under way or the last one, even a failed one, is younger than kSourceEndAgeMax.
  void Ask();
  // Returns when no look-up is under way or the deadline has passed: the newest end seen, empty when none was.
  Position Wait(Deadline deadline);
  // Ends for good; waits for a look-up that is under way.
  void Stop();

 private:
  void Run();

  const LookUp look_up_;
  Mutex mutex_;
  CondVar done_;
  Position known_ GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point asked_at_ GUARDED_BY(mutex_) = {};
  bool asked_ GUARDED_BY(mutex_) = false;  // ever
  bool running_ GUARDED_BY(mutex_) = false;
  bool stopped_ GUARDED_BY(mutex_) = false;
  NamedThread thread_ GUARDED_BY(mutex_);
};

// jobs() is polled: a source is asked at most this often.
inline constexpr std::chrono::seconds kSourceEndAgeMax{3};

}  // namespace freshet
