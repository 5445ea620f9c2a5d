// SPDX-License-Identifier: Apache-2.0
// XaCommits: branches whose XA COMMIT is in the log while the server may not show their rows yet. MariaDB writes XA
// COMMIT to its log before the engine commits, and its snapshots' positions do not wait for that; the branch leaves
// XA RECOVER only afterwards. Filled by the source's reader, asked by scanners. Thread-safe.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "base/mutex.h"

namespace freshet {

// Far more than one server commits at the same time: when there are more, the oldest are done.
inline constexpr size_t kXaCommitsMax = 16'384;

class XaCommits {
 public:
  // The log says that `xid` (XidText) is committed.
  void Add(std::string xid);
  // The server no longer has them, or one of that name is prepared anew.
  void Remove(const std::vector<std::string>& xids);
  // Those that nobody has seen done.
  std::vector<std::string> Unseen() const;

 private:
  mutable Mutex mutex_;
  std::deque<std::string> xids_ GUARDED_BY(mutex_);
};

}  // namespace freshet
