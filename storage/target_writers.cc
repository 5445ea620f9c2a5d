// SPDX-License-Identifier: Apache-2.0
#include "storage/target_writers.h"

#include <iterator>

namespace freshet {

void TargetWriters::Enter(TableId table, Writer writer) {
  MutexLock lock(mutex_);
  RemoveLocked(writer.job);
  writers_[table.value].push_back(writer);
}

void TargetWriters::Remove(JobId job) {
  MutexLock lock(mutex_);
  RemoveLocked(job.value);
}

void TargetWriters::RemoveLocked(uint64_t job) {
  for (auto table = writers_.begin(); table != writers_.end();) {
    std::erase_if(table->second, [&](const Writer& writer) { return writer.job == job; });
    table = table->second.empty() ? writers_.erase(table) : std::next(table);
  }
}

std::vector<TargetWriters::Writer> TargetWriters::Of(TableId table) const {
  MutexLock lock(mutex_);
  const auto found = writers_.find(table.value);
  return found == writers_.end() ? std::vector<Writer>() : found->second;
}

}  // namespace freshet
