// SPDX-License-Identifier: Apache-2.0
#include "base/failpoint.h"

#include <unistd.h>

#include <charconv>
#include <map>
#include <string>

#include "base/mutex.h"

namespace freshet {

std::atomic<bool> failpoints_armed{false};

namespace {

struct Armed {
  bool crash = false;
  int due_at_pass = 1;
  int passes = 0;
};

Mutex armed_mutex;
std::map<std::string, Armed, std::less<>>& ArmedPoints() {
  static std::map<std::string, Armed, std::less<>> points;
  return points;
}

}  // namespace

Status HitFailpoint(std::string_view name) {
  MutexLock lock(armed_mutex);
  const auto found = ArmedPoints().find(name);
  if (found == ArmedPoints().end()) return Status::Ok();
  Armed& armed = found->second;
  if (++armed.passes != armed.due_at_pass) return Status::Ok();
  if (armed.crash) _exit(42);  // no destructors, no flush: what a power cut leaves, less the page cache
  return Status(Code::kLocalIo, "failpoint " + std::string(name));
}

void ArmFailpoints(std::string_view specification) {
  MutexLock lock(armed_mutex);
  ArmedPoints().clear();
  while (!specification.empty()) {
    const std::string_view entry = specification.substr(0, specification.find(','));
    specification.remove_prefix(std::min(entry.size() + 1, specification.size()));
    const size_t equals = entry.find('=');
    if (equals == std::string_view::npos) continue;
    std::string_view action = entry.substr(equals + 1);
    Armed armed;
    if (const size_t at = action.find('@'); at != std::string_view::npos) {
      std::from_chars(action.data() + at + 1, action.data() + action.size(), armed.due_at_pass);
      action = action.substr(0, at);
    }
    armed.crash = action == "crash";
    ArmedPoints().emplace(entry.substr(0, equals), armed);
  }
  failpoints_armed.store(!ArmedPoints().empty());
}

}  // namespace freshet
