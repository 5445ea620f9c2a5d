// SPDX-License-Identifier: Apache-2.0
// Rows of ledger("jobName"="..") and quarantine("jobName"=".."): what a job did with every row that it read, and the
// rows that it could not load. Unlike tasks() these are ours alone: one value per column. Pure, called from client
// threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sync/quarantine.h"
#include "sync/records.h"

namespace freshet {

std::vector<std::string> LedgerColumns();
std::vector<std::optional<std::string>> LedgerRow(const std::string& job_name, const TaskRecord& task);

std::vector<std::string> QuarantineColumns();
std::vector<std::optional<std::string>> QuarantineRow(const std::string& job_name, uint64_t sequence,
                                                      const QuarantineRecord& record);

}  // namespace freshet
