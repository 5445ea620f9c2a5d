// SPDX-License-Identifier: Apache-2.0
#include "cdc/postgres/read_pace.h"

#include <gtest/gtest.h>

namespace freshet {
namespace {

constexpr uint64_t kWindow = 128 << 10;

ReadPace::Duration Round(ReadPace& pace, uint64_t queued, uint64_t queued_again) {
  pace.Begin(queued);
  pace.Read(queued);
  EXPECT_TRUE(pace.RoundIsOver());
  return pace.End(queued_again);
}

TEST(ReadPace, rests_less_while_the_window_fills_again_at_once_and_more_when_it_does_not) {
  ReadPace pace;
  ReadPace::Duration last = Round(pace, kWindow, kWindow);
  for (int i = 0; i < 5; ++i) {
    const ReadPace::Duration rest = Round(pace, kWindow, kWindow / 2);
    EXPECT_LT(rest, last);
    last = rest;
  }
  for (int i = 0; i < 5; ++i) {
    const ReadPace::Duration rest = Round(pace, kWindow, kWindow / 2 - 1);
    EXPECT_GT(rest, last);
    last = rest;
  }
}

TEST(ReadPace, rests_between_200_microseconds_and_4_milliseconds) {
  ReadPace pace;
  for (int i = 0; i < 1000; ++i) Round(pace, kWindow, kWindow);
  EXPECT_EQ(Round(pace, kWindow, kWindow), std::chrono::microseconds(200));
  for (int i = 0; i < 1000; ++i) Round(pace, kWindow, 0);
  EXPECT_EQ(Round(pace, kWindow, 0), std::chrono::microseconds(4000));
}

TEST(ReadPace, a_round_ends_when_what_lay_there_is_read) {
  ReadPace pace;
  pace.Begin(kWindow);
  pace.Read(kWindow - 1);
  EXPECT_FALSE(pace.RoundIsOver());
  pace.Read(1);
  EXPECT_TRUE(pace.RoundIsOver());
}

TEST(ReadPace, a_round_with_nothing_in_the_socket_reads_what_the_client_library_holds) {
  ReadPace pace;
  pace.Begin(0);
  pace.Read(32 << 10);
  EXPECT_FALSE(pace.RoundIsOver());
}

}  // namespace
}  // namespace freshet
