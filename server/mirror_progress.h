// SPDX-License-Identifier: Apache-2.0
// MirrorProgress: what `freshet mirror` prints while it copies. Pure text: snapshots of progress and times in,
// lines out. On a terminal a table that is drawn over the one before it; elsewhere a line per table when
// something changed, at most one a second.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "sync/job_service.h"

namespace freshet {

class MirrorProgress {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit MirrorProgress(bool terminal) : terminal_(terminal) {}

  // The text to print now; may be empty.
  std::string Update(const std::vector<TableProgress>& tables, Time now);

 private:
  struct Seen {
    Time rate_from;  // when rate_rows was taken
    int64_t rate_rows = 0;
    double rows_per_second = 0;
    Time printed;
    std::string line;  // last printed
    bool any = false;
  };
  void MeasureRate(const TableProgress& table, Seen& seen, Time now);
  std::string Redraw(const std::vector<TableProgress>& tables);
  std::string ChangedLines(const std::vector<TableProgress>& tables, Time now);

  const bool terminal_;
  std::map<TableName, Seen> seen_;
  size_t drawn_lines_ = 0;
};

// The result of VERIFY JOB as an aligned table.
std::string VerdictTable(const std::vector<TableVerdict>& verdicts);

}  // namespace freshet
