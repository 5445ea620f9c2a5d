// SPDX-License-Identifier: Apache-2.0
// Failpoints: named places where a test stops the process or injects an error. Armed by the
// environment variable FRESHET_FAILPOINTS="name=crash,name=error,name=crash@3" (@n: at the n-th
// pass, from one). Unarmed cost: one relaxed load of a process-wide flag.
//   FAILPOINT("apply.before_write");   // crash: _exit(42) without flushing; error: returns kLocalIo
#pragma once

#include <atomic>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace freshet {

extern std::atomic<bool> failpoints_armed;

// Ok when `name` is not armed or not due.
Status HitFailpoint(std::string_view name);
// (Re)reads the specification; empty disarms all. Called by main with the environment variable.
void ArmFailpoints(std::string_view specification);

}  // namespace freshet

#define FAILPOINT(name)                                                              \
  do {                                                                               \
    if (::freshet::failpoints_armed.load(std::memory_order_relaxed)) {               \
      if (::freshet::Status fp = ::freshet::HitFailpoint(name); !fp.ok()) return fp; \
    }                                                                                \
  } while (false)
