// SPDX-License-Identifier: Apache-2.0
// Back-off of a job's automatic resumes: min(10 * 2^n, 300) seconds before try n (from 0), at most ten tries.
// Pure numbers; the caller owns the clock. Used by sync/job_machine.
#pragma once

#include <algorithm>
#include <cstdint>

namespace freshet {

// Ten tries span half an hour: longer than a server restart or a failover, short enough to be noticed.
inline constexpr int kAutoResumeTriesMax = 10;
inline constexpr int64_t kAutoResumeFirstWaitS = 10;
inline constexpr int64_t kAutoResumeWaitMaxS = 300;

// Seconds to wait before automatic resume number `tries_done` (0 is the first).
constexpr int64_t AutoResumeWaitS(int tries_done) {
  if (tries_done >= 5) return kAutoResumeWaitMaxS;  // 10 * 2^5 is above the maximum
  return std::min(kAutoResumeFirstWaitS << std::max(tries_done, 0), kAutoResumeWaitMaxS);
}

}  // namespace freshet
