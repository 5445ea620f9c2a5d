// SPDX-License-Identifier: Apache-2.0
// CHECK: assertions of our own invariants, on in release builds too. Input never reaches them:
// parsers return Status. A failed check prints where and what and aborts; restart is cheap because
// progress is atomic.
#pragma once

#include <cstdint>

namespace freshet {
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);
}  // namespace freshet

#define CHECK(condition)                                                    \
  (__builtin_expect(static_cast<bool>(condition), 1) ? static_cast<void>(0) \
                                                     : ::freshet::CheckFailed(__FILE__, __LINE__, #condition))
