// SPDX-License-Identifier: Apache-2.0
// The shadow of a job that reads cdc_stream(..): the source's table as a mirrored table of the job, hidden from
// users, with the key and the columns that the SELECT reads and no others. It makes every change whole, whatever the
// source sends (partial images, deletes by key), so that old and new rows can go through the SELECT. Filled by
// sync/table_sink like any mirrored table. Here: its name and its shape. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/id.h"
#include "ddl/table_schema.h"
#include "sql/mapping.h"

namespace freshet {

inline constexpr const char* kShadowDatabase = "__freshet_jobs";

std::string ShadowName(JobId job, const TableName& source);

// Names of the columns of `source` that `mapping`, compiled on it, reads.
std::vector<std::string> ColumnsRead(const Mapping& mapping, const TableSchema& source);

// `source` with all columns excluded but the key and the `kept` ones.
SchemaPtr KeepColumns(const SchemaPtr& source, const std::vector<std::string>& kept);

}  // namespace freshet
