// SPDX-License-Identifier: Apache-2.0
// FilterWindow: how many of the rows read lately could not be loaded, measured against the job's limit.
// Counts over the running window and the one before it, so that the start of a window does not judge by a
// handful of rows. Kept in memory: a restart begins with an empty window. Used by the apply thread alone.
#pragma once

#include <cstdint>

#include "base/status.h"

namespace freshet {

// Length of one window, as a multiple of max_interval.
inline constexpr int64_t kFilterWindowIntervals = 10;

class FilterWindow {
 public:
  // `ratio_max`: 0 to 1. `window_us` > 0. `property`: what users set the limit with.
  FilterWindow(double ratio_max, int64_t window_us, const char* property = "load.max_filter_ratio")
      : ratio_max_(ratio_max), window_us_(window_us), property_(property) {}

  // kConflict with the reference's message when `filtered` of `read` more rows would exceed the ratio.
  Status Check(int64_t read, int64_t filtered, int64_t now_us);
  // The rows are committed.
  void Count(int64_t read, int64_t filtered, int64_t now_us);

 private:
  struct Rows {
    int64_t read = 0;
    int64_t filtered = 0;
  };
  void Turn(int64_t now_us);

  double ratio_max_;
  int64_t window_us_;
  const char* property_;
  int64_t started_us_ = 0;
  Rows before_;
  Rows running_;
};

}  // namespace freshet
