// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/xa_commits.h"

#include <algorithm>
#include <utility>

namespace freshet {

void XaCommits::Add(std::string xid) {
  MutexLock lock(mutex_);
  if (xids_.size() >= kXaCommitsMax) xids_.pop_front();
  xids_.push_back(std::move(xid));
}

void XaCommits::Remove(const std::vector<std::string>& xids) {
  MutexLock lock(mutex_);
  if (xids_.empty()) return;
  std::erase_if(xids_, [&](const std::string& xid) { return std::find(xids.begin(), xids.end(), xid) != xids.end(); });
}

std::vector<std::string> XaCommits::Unseen() const {
  MutexLock lock(mutex_);
  return {xids_.begin(), xids_.end()};
}

}  // namespace freshet
