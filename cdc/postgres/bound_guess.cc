// SPDX-License-Identifier: Apache-2.0
#include "cdc/postgres/bound_guess.h"

namespace freshet {
namespace {

// A gap in the keys costs this many empty chunks at most before the next count jumps over it.
constexpr int kGuessesPerCount = 15;
constexpr int64_t kNumbersPerRowMax = 2;

}  // namespace

void BoundGuess::Counted(int64_t after, int64_t bound, int64_t rows, int64_t last) {
  // The difference of two int64_t, as long as it is small.
  const uint64_t numbers = static_cast<uint64_t>(bound) - static_cast<uint64_t>(after);
  const bool dense = bound > after && rows > 0 && numbers / kNumbersPerRowMax <= static_cast<uint64_t>(rows);
  stride_ = dense ? static_cast<int64_t>(numbers) : 0;
  last_ = last;
  guesses_left_ = kGuessesPerCount;
}

std::optional<int64_t> BoundGuess::Next(int64_t after) {
  if (stride_ == 0 || guesses_left_ == 0 || after >= last_) return std::nullopt;
  if (static_cast<uint64_t>(last_) - static_cast<uint64_t>(after) <= static_cast<uint64_t>(stride_)) {
    return std::nullopt;
  }
  --guesses_left_;
  return after + stride_;
}

}  // namespace freshet
