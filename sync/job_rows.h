// SPDX-License-Identifier: Apache-2.0
// Rows of jobs("type"="insert"), tasks("type"="insert") and job_tables("jobName"=".."): column names, order and
// JSON shapes of Doris' table functions (docs/compatibility.md lists the differences). Secrets are masked.
// Pure, called from client threads.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sql/engine.h"
#include "sync/job_service.h"
#include "sync/records.h"

namespace freshet {

using SystemRow = std::vector<std::optional<std::string>>;

struct JobView {
  JobDefinition job;
  JobStatistics statistics;
  Position current;
  Position source_end;  // as last known, empty when never
  int64_t lag_ms = -1;
};

std::vector<std::string> JobColumns();
SystemRow JobRow(const JobView& view);
std::vector<std::string> TaskColumns();
SystemRow TaskRow(const JobDefinition& job, const TaskRecord& task);
std::vector<std::string> JobTableColumns();
SystemRow JobTableRow(const std::string& job_name, const TableProgress& table);

// FROM MYSQL ('k'='v', ...) TO DATABASE db (...), without passwords, also inside URLs.
std::string ExecuteSql(const JobDefinition& job);

}  // namespace freshet
