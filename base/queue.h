// SPDX-License-Identifier: Apache-2.0
// BoundedQueue: blocking queue between two threads with a limit in bytes and in items. One item larger
// than the limit passes alone. Close() wakes both sides: pushes are refused, pops drain what is left.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/mutex.h"

namespace freshet {

template <typename T>
class BoundedQueue {
 public:
  BoundedQueue(size_t items_max, size_t bytes_max) : items_max_(items_max), bytes_max_(bytes_max) {}

  // False when the deadline passed or the queue was closed; `item` is then untouched.
  bool Push(T& item, size_t bytes, Deadline deadline) {
    MutexLock lock(mutex_);
    while (!closed_ && !items_.empty() && (items_.size() >= items_max_ || bytes_ + bytes > bytes_max_)) {
      if (!not_full_.WaitUntil(mutex_, deadline.at()) && deadline.Passed()) return false;
    }
    if (closed_) return false;
    items_.emplace_back(std::move(item), bytes);
    bytes_ += bytes;
    not_empty_.NotifyOne();
    return true;
  }
  // Empty when the deadline passed, or when closed and drained.
  std::optional<T> Pop(Deadline deadline) {
    MutexLock lock(mutex_);
    while (items_.empty()) {
      if (closed_ || (!not_empty_.WaitUntil(mutex_, deadline.at()) && deadline.Passed())) break;
    }
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front().first));
    bytes_ -= items_.front().second;
    items_.pop_front();
    not_full_.NotifyOne();
    return item;
  }
  void Close() {
    MutexLock lock(mutex_);
    closed_ = true;
    not_full_.NotifyAll();
    not_empty_.NotifyAll();
  }
  bool closed() const {
    MutexLock lock(mutex_);
    return closed_;
  }
  size_t size() const {
    MutexLock lock(mutex_);
    return items_.size();
  }
  size_t bytes() const {
    MutexLock lock(mutex_);
    return bytes_;
  }

 private:
  const size_t items_max_;
  const size_t bytes_max_;
  mutable Mutex mutex_;
  CondVar not_full_;
  CondVar not_empty_;
  std::deque<std::pair<T, size_t>> items_ GUARDED_BY(mutex_);
  size_t bytes_ GUARDED_BY(mutex_) = 0;
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace freshet
