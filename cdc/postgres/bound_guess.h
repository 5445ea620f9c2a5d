// SPDX-License-Identifier: Apache-2.0
// BoundGuess: where the chunks of a table with one integer key end, without asking the server for each: counting rows
// along the index costs it about a third of what reading them does. Keys are unique, so a range of n numbers holds n
// rows at most; where they lie dense, as those of a sequence do, a guessed chunk is as good as a counted one. One
// table. Pure.
#pragma once

#include <cstdint>
#include <optional>

namespace freshet {

class BoundGuess {
 public:
  // The chunk (after, bound] was counted: it holds `rows` rows. `last`: the largest key of the table by now.
  void Counted(int64_t after, int64_t bound, int64_t rows, int64_t last);
  // The end of the chunk that begins behind `after`, with at most twice the rows of the counted one; nullopt: count
  // again, because keys are sparse, the end of the table is near or the last count is some chunks ago.
  std::optional<int64_t> Next(int64_t after);

 private:
  int64_t stride_ = 0;  // numbers per chunk; 0: keys are sparse
  int64_t last_ = 0;
  int guesses_left_ = 0;
};

}  // namespace freshet
