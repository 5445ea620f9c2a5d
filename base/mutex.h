// SPDX-License-Identifier: Apache-2.0
// Mutex, MutexLock and CondVar with Clang thread-safety annotations: a member marked GUARDED_BY that
// is touched without its lock is a compile error under clang (-Wthread-safety).
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define THREAD_ANNOTATION(x) __attribute__((x))
#else
#define THREAD_ANNOTATION(x)
#endif
#define CAPABILITY(x) THREAD_ANNOTATION(capability(x))
#define SCOPED_CAPABILITY THREAD_ANNOTATION(scoped_lockable)
#define GUARDED_BY(x) THREAD_ANNOTATION(guarded_by(x))
#define REQUIRES_LOCK(...) THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define EXCLUDES_LOCK(...) THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))

namespace freshet {

class CAPABILITY("mutex") Mutex {
 public:
  void Lock() THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void Unlock() THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) THREAD_ANNOTATION(acquire_capability(mutex)) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() THREAD_ANNOTATION(release_capability()) { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Wait calls need the mutex locked by the caller and return with it locked; wake-ups may be spurious.
class CondVar {
 public:
  void Wait(Mutex& mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  // False when `at` has passed.
  bool WaitUntil(Mutex& mutex, std::chrono::steady_clock::time_point at) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    // time_point::max() overflows inside libstdc++'s clock conversion.
    const auto cap = std::chrono::steady_clock::now() + std::chrono::hours(1);
    const bool in_time = condition_.wait_until(lock, std::min(at, cap)) == std::cv_status::no_timeout;
    lock.release();
    return in_time;
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace freshet
