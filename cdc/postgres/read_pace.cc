// SPDX-License-Identifier: Apache-2.0
#include "cdc/postgres/read_pace.h"

#include <algorithm>

namespace freshet {
namespace {

// The longest rest is the price in latency; the shortest lets a server of several hundred MB/s through.
constexpr ReadPace::Duration kRestMin{200};
constexpr ReadPace::Duration kRestMax{4000};

}  // namespace

ReadPace::Duration ReadPace::End(uint64_t queued) {
  const bool filled_again = begun_with_ > 0 && queued >= begun_with_ / 2;
  rest_ = std::clamp(filled_again ? rest_ * 95 / 100 : rest_ * 110 / 100, kRestMin, kRestMax);
  return rest_;
}

}  // namespace freshet
