// SPDX-License-Identifier: Apache-2.0
#include "storage/table_leases.h"

#include <algorithm>

namespace freshet {

uint64_t TableLeases::NextHolder() {
  MutexLock lock(mutex_);
  return ++last_holder_;
}

Status TableLeases::Acquire(TableId table, const std::string& table_name, const Holder& holder, Deadline deadline,
                            const StopToken& stop) {
  // Made before the lock is taken: a stop that came already calls it here.
  const std::stop_callback wake(stop, [this] {
    MutexLock lock(mutex_);
    released_.NotifyAll();
  });
  MutexLock lock(mutex_);
  Lease& lease = leases_[table.value];  // stays where it is while somebody waits
  if (lease.holder.number == holder.number) return Status::Ok();
  const uint64_t ticket = ++last_ticket_;
  lease.waiting.push_back(ticket);
  Status status;
  while (lease.holder.number != 0 || lease.waiting.front() != ticket) {
    if (stop.stop_requested()) {
      status = Status(Code::kCancelled, "waiting to write table " + table_name + " was stopped");
    } else if (deadline.Passed()) {
      status = TimedOut(lease, table_name);
    }
    if (!status.ok()) break;
    released_.WaitUntil(mutex_, deadline.at());
  }
  lease.waiting.erase(std::find(lease.waiting.begin(), lease.waiting.end(), ticket));
  if (status.ok()) {
    lease.holder = holder;
  } else {
    if (lease.holder.number == 0 && lease.waiting.empty()) leases_.erase(table.value);
    released_.NotifyAll();  // the next one's turn may have come
  }
  return status;
}

Status TableLeases::TimedOut(const Lease& lease, const std::string& table_name) const {
  const std::string holder = lease.holder.number == 0 ? "another writer" : lease.holder.name;
  return Status(Code::kTimeout, "table " + table_name + " is being written by " + holder + "; try again later");
}

bool TableLeases::Holds(TableId table, uint64_t holder) const {
  MutexLock lock(mutex_);
  const auto found = leases_.find(table.value);
  return found != leases_.end() && found->second.holder.number == holder;
}

void TableLeases::ReleaseAll(uint64_t holder) {
  MutexLock lock(mutex_);
  for (auto lease = leases_.begin(); lease != leases_.end();) {
    if (lease->second.holder.number == holder) lease->second.holder = {};
    const bool idle = lease->second.holder.number == 0 && lease->second.waiting.empty();
    lease = idle ? leases_.erase(lease) : std::next(lease);
  }
  released_.NotifyAll();
}

}  // namespace freshet
