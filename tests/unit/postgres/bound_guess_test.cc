// SPDX-License-Identifier: Apache-2.0
#include "cdc/postgres/bound_guess.h"

#include <gtest/gtest.h>

namespace freshet {
namespace {

constexpr int64_t kMin = INT64_MIN;
constexpr int64_t kMax = INT64_MAX;

TEST(BoundGuess, counts_before_it_guesses) {
  EXPECT_EQ(BoundGuess().Next(0), std::nullopt);
}

TEST(BoundGuess, goes_on_by_the_numbers_of_the_counted_chunk) {
  BoundGuess guess;
  guess.Counted(0, 150, 100, 10'000);
  EXPECT_EQ(guess.Next(150), 300);
  EXPECT_EQ(guess.Next(300), 450);
  EXPECT_EQ(guess.Next(-50), 100);
}

TEST(BoundGuess, counts_where_keys_are_sparse) {
  BoundGuess guess;
  guess.Counted(0, 202, 100, 10'000);
  EXPECT_EQ(guess.Next(202), std::nullopt);
  guess.Counted(kMin, kMax - 1, 100, kMax);
  EXPECT_EQ(guess.Next(0), std::nullopt);
}

TEST(BoundGuess, counts_again_after_some_chunks) {
  BoundGuess guess;
  guess.Counted(0, 100, 100, 1'000'000);
  int64_t after = 100;
  int guesses = 0;
  while (const std::optional<int64_t> bound = guess.Next(after)) {
    after = *bound;
    ++guesses;
  }
  EXPECT_EQ(guesses, 15);
  guess.Counted(after, after + 100, 100, 1'000'000);
  EXPECT_TRUE(guess.Next(after + 100));
}

TEST(BoundGuess, counts_near_the_end_of_the_table_which_is_behind_the_last_key) {
  BoundGuess guess;
  guess.Counted(0, 100, 100, 301);
  EXPECT_EQ(guess.Next(100), 200);
  EXPECT_EQ(guess.Next(200), 300);
  EXPECT_EQ(guess.Next(300), std::nullopt);
  EXPECT_EQ(guess.Next(201), std::nullopt);
  EXPECT_EQ(guess.Next(5000), std::nullopt);
}

TEST(BoundGuess, holds_at_both_ends_of_the_numbers) {
  BoundGuess guess;
  guess.Counted(kMin, kMin + 100, 100, kMax);
  EXPECT_EQ(guess.Next(kMin + 100), kMin + 200);
  EXPECT_EQ(guess.Next(kMax - 100), std::nullopt);
  EXPECT_EQ(guess.Next(kMax - 101), kMax - 1);
  guess.Counted(kMax - 300, kMax - 200, 100, kMax);
  EXPECT_EQ(guess.Next(kMax - 200), kMax - 100);
  EXPECT_EQ(guess.Next(kMax), std::nullopt);
}

}  // namespace
}  // namespace freshet
