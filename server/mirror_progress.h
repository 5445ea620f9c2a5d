// SPDX-License-Identifier: Apache-2.0
// MirrorProgress: what `freshet mirror` prints while it copies. Pure text: snapshots of progress and times in,
// lines out. On a screen a table that is drawn over the one before it, no wider than the screen; elsewhere a line
// per table when something changed, at most one a second.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sync/job_service.h"

namespace freshet {

class MirrorProgress {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Screen {
    size_t columns = 80;
    size_t rows = 24;
    bool operator==(const Screen&) const = default;
  };

  // The text to print now; may be empty. Without a screen: lines.
  std::string Update(const std::vector<TableProgress>& tables, Time now, std::optional<Screen> screen);
  // Something else was printed: the next table is drawn below it.
  void StartBelow();

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
  std::vector<std::string> TableLines(const std::vector<TableProgress>& tables, Screen screen);
  std::string Redraw(const std::vector<TableProgress>& tables, Screen screen);
  std::string ChangedLines(const std::vector<TableProgress>& tables, Time now);

  std::map<TableName, Seen> seen_;
  std::vector<std::string> drawn_;  // lines on the screen, the cursor is below them
  Screen screen_;                   // that they were drawn for
};

// The result of VERIFY JOB as an aligned table.
std::string VerdictTable(const std::vector<TableVerdict>& verdicts);

}  // namespace freshet
