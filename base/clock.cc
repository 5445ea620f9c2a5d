// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <algorithm>

namespace freshet {
namespace {

class SystemClock final : public Clock {
 public:
  int64_t WallUs() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  std::chrono::steady_clock::time_point Now() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace

const Clock& Clock::System() {
  static const SystemClock clock;
  return clock;
}

std::chrono::milliseconds Deadline::Left(const Clock& clock) const {
  const auto now = clock.Now();
  if (now >= at_) return std::chrono::milliseconds(0);
  const auto cap = std::chrono::milliseconds(std::chrono::hours(1));
  if (at_ - now >= cap) return cap;
  return std::chrono::ceil<std::chrono::milliseconds>(at_ - now);
}

}  // namespace freshet
