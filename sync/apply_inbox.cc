// SPDX-License-Identifier: Apache-2.0
#include "sync/apply_inbox.h"

#include <algorithm>
#include <utility>

namespace freshet {

namespace {
// What an empty unit (a moved position) counts: bounds their number too.
constexpr size_t kUnitBytesMin = 256;
size_t Cost(const Unit& unit) {
  return std::max(unit.bytes, kUnitBytesMin);
}
}  // namespace

bool ApplyInbox::PushUnit(Unit& unit, Deadline deadline) {
  MutexLock lock(mutex_);
  while (!closed_ && !units_.empty() && bytes_ + Cost(unit) > bytes_max_) {
    if (!not_full_.WaitUntil(mutex_, deadline.at()) && deadline.Passed()) return false;
  }
  if (closed_ || units_ended_) return false;
  bytes_ += Cost(unit);
  units_.push_back(std::move(unit));
  not_empty_.NotifyOne();
  return true;
}

void ApplyInbox::EndUnits() {
  MutexLock lock(mutex_);
  units_ended_ = true;
  not_empty_.NotifyAll();
}

bool ApplyInbox::Drained() const {
  MutexLock lock(mutex_);
  return units_.empty() && !unit_in_hand_;
}

size_t ApplyInbox::bytes() const {
  MutexLock lock(mutex_);
  return bytes_;
}

Status ApplyInbox::Run(Body body) {
  Request request{std::move(body), Status::Ok(), false};
  MutexLock lock(mutex_);
  if (closed_) return Status(Code::kCancelled, "the job is stopping");
  requests_.push_back(&request);
  not_empty_.NotifyOne();
  while (!request.done) finished_.Wait(mutex_);
  return std::move(request.result);
}

ApplyInbox::Item ApplyInbox::Pop(Deadline deadline, bool at_boundary) {
  MutexLock lock(mutex_);
  unit_in_hand_ = false;
  while (!closed_) {
    const bool request_due = at_boundary && !requests_.empty();
    if (request_due && (units_.empty() || !request_was_last_)) {
      Request* request = requests_.front();
      requests_.pop_front();
      request_was_last_ = true;
      return request;
    }
    if (!units_.empty()) {
      request_was_last_ = false;
      unit_in_hand_ = true;
      Unit unit = std::move(units_.front());
      units_.pop_front();
      bytes_ -= Cost(unit);
      not_full_.NotifyOne();
      return unit;
    }
    if (units_ended_) break;
    if (!not_empty_.WaitUntil(mutex_, deadline.at()) && deadline.Passed()) break;
  }
  return std::monostate{};
}

void ApplyInbox::Finish(Request* request, Status result) {
  MutexLock lock(mutex_);
  request->result = std::move(result);
  request->done = true;
  finished_.NotifyAll();
}

bool ApplyInbox::ended() const {
  MutexLock lock(mutex_);
  return closed_ || (units_ended_ && units_.empty());
}

bool ApplyInbox::drained_to_end() const {
  MutexLock lock(mutex_);
  return units_ended_ && units_.empty();
}

void ApplyInbox::Close() {
  MutexLock lock(mutex_);
  closed_ = true;
  for (Request* request : requests_) {
    request->result = Status(Code::kCancelled, "the job is stopping");
    request->done = true;
  }
  requests_.clear();
  not_full_.NotifyAll();
  not_empty_.NotifyAll();
  finished_.NotifyAll();
}

}  // namespace freshet
