// SPDX-License-Identifier: Apache-2.0
// Where a log stood at a time: the place of the first transaction that is not older. The log has no index by time:
// the file is found by the time it was begun, the transaction by reading the headers of that file's events as a
// replica does. Blocks within its named limits; no state.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cdc/change/position.h"
#include "cdc/mysql/mysql_options.h"

namespace freshet {

struct LogTimeQuery {
  int64_t time_us = 0;             // microseconds since 1970 UTC; events are timed to the second
  std::vector<std::string> files;  // all of the log, oldest first; not empty
  MysqlLogPlace end;               // of the log: what lies behind it is newer
  uint32_t server_id = 0;          // a replica id that nobody else uses
};

// The first transaction with an event that is not older than the time; the end when there is none. File and offset
// only. kGone when the log begins later than the time: transactions of it are purged.
Result<MysqlLogPlace> FindLogPlaceAt(const MysqlOptions& options, const LogTimeQuery& query);

}  // namespace freshet
