// SPDX-License-Identifier: Apache-2.0
// Clock and Deadline: the only way to ask for the time. Components take a Clock&; tests move a
// FakeClock. Wall time is microseconds since 1970-01-01 UTC, monotonic time is for durations.
#pragma once

#include <chrono>
#include <cstdint>

namespace freshet {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t WallUs() const = 0;
  virtual std::chrono::steady_clock::time_point Now() const = 0;

  static const Clock& System();
};

// A point in monotonic time after which a blocking call returns. Never() waits for ever: only for
// calls that a stop token ends.
class Deadline {
 public:
  static Deadline After(std::chrono::milliseconds wait, const Clock& clock = Clock::System()) {
    return Deadline(clock.Now() + wait);
  }
  static Deadline Never() { return Deadline(std::chrono::steady_clock::time_point::max()); }

  std::chrono::steady_clock::time_point at() const { return at_; }
  bool Passed(const Clock& clock = Clock::System()) const { return clock.Now() >= at_; }
  // Time left, never negative, at most one hour (so that it fits a poll timeout).
  std::chrono::milliseconds Left(const Clock& clock = Clock::System()) const;

 private:
  explicit Deadline(std::chrono::steady_clock::time_point at) : at_(at) {}
  std::chrono::steady_clock::time_point at_;
};

}  // namespace freshet
