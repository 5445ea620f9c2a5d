// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace freshet {

void CheckFailed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "freshet: invariant broken at %s:%d: %s\n", file, line, condition);
  std::fflush(stderr);
  std::abort();
}

}  // namespace freshet
