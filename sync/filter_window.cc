// SPDX-License-Identifier: Apache-2.0
#include "sync/filter_window.h"

#include <cstdio>

namespace freshet {

void FilterWindow::Turn(int64_t now_us) {
  const int64_t age_us = now_us - started_us_;
  if (age_us < window_us_ && age_us >= 0) return;
  before_ = age_us < 2 * window_us_ && age_us >= 0 ? running_ : Rows{};
  running_ = {};
  started_us_ = now_us;
}

Status FilterWindow::Check(int64_t read, int64_t filtered, int64_t now_us) {
  if (filtered == 0) return Status::Ok();
  Turn(now_us);
  const auto all_read = static_cast<double>(before_.read + running_.read + read);
  const double ratio = static_cast<double>(before_.filtered + running_.filtered + filtered) / all_read;
  if (ratio <= ratio_max_) return Status::Ok();
  char text[200];
  std::snprintf(text, sizeof text,
                "too many filtered rows: ratio %.6g exceeds %s %.6g. Fix the source data or adjust "
                "the limit, then run RESUME JOB.",
                ratio, property_, ratio_max_);
  return Status(Code::kConflict, text);
}

void FilterWindow::Count(int64_t read, int64_t filtered, int64_t now_us) {
  Turn(now_us);
  running_.read += read;
  running_.filtered += filtered;
}

}  // namespace freshet
