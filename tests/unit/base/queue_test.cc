// SPDX-License-Identifier: Apache-2.0
// BoundedQueue: limits in items and bytes, one oversized item, close wakes and drains.
#include "base/queue.h"

#include <gtest/gtest.h>

#include <thread>

namespace freshet {
namespace {

using std::chrono::milliseconds;

Deadline Soon() {
  return Deadline::After(milliseconds(20));
}
Deadline Late() {
  return Deadline::After(milliseconds(10'000));
}

TEST(BoundedQueue, refuses_beyond_the_byte_limit_until_popped) {
  BoundedQueue<int> queue(100, 10);
  int item = 1;
  EXPECT_TRUE(queue.Push(item, 8, Soon()));
  EXPECT_FALSE(queue.Push(item, 3, Soon()));
  EXPECT_EQ(queue.Pop(Soon()), 1);
  EXPECT_TRUE(queue.Push(item, 3, Soon()));
  EXPECT_EQ(queue.bytes(), 3u);
}

TEST(BoundedQueue, one_item_above_the_limit_passes_alone) {
  BoundedQueue<int> queue(100, 10);
  int item = 1;
  EXPECT_TRUE(queue.Push(item, 1000, Soon()));
  EXPECT_FALSE(queue.Push(item, 1, Soon()));
}

TEST(BoundedQueue, pop_times_out_on_empty) {
  BoundedQueue<int> queue(1, 1);
  EXPECT_EQ(queue.Pop(Soon()), std::nullopt);
}

TEST(BoundedQueue, close_wakes_a_waiting_producer_and_drains) {
  BoundedQueue<int> queue(1, 100);
  int item = 7;
  ASSERT_TRUE(queue.Push(item, 1, Soon()));
  bool pushed = true;
  std::thread producer([&] {
    int other = 8;
    pushed = queue.Push(other, 1, Late());
  });
  queue.Close();
  producer.join();
  EXPECT_FALSE(pushed);
  EXPECT_EQ(queue.Pop(Soon()), 7);
  EXPECT_EQ(queue.Pop(Late()), std::nullopt);
}

TEST(BoundedQueue, items_pass_in_order_between_threads) {
  BoundedQueue<int> queue(4, 1 << 20);
  std::thread producer([&] {
    for (int i = 0; i < 1000; ++i) {
      int item = i;
      ASSERT_TRUE(queue.Push(item, 1, Late()));
    }
    queue.Close();
  });
  int expected = 0;
  while (const auto item = queue.Pop(Late())) EXPECT_EQ(*item, expected++);
  producer.join();
  EXPECT_EQ(expected, 1000);
}

}  // namespace
}  // namespace freshet
