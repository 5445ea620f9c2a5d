// SPDX-License-Identifier: Apache-2.0
// What changes of a job's table list share (sync/job_tables, sync/table_resync): reading the stored table records,
// a shape of the source that holds at a known place of its log, and the commit that makes a change durable. Used
// by the job's thread while the pipeline is down.
#pragma once

#include <optional>
#include <vector>

#include "cdc/change/source.h"
#include "storage/unit_writer.h"
#include "sync/records.h"

namespace freshet {

// nullopt: not a table of the job.
Result<std::optional<TableRecord>> LoadTable(Store& store, JobId job, const TableName& name);
// In name order.
Result<std::vector<TableRecord>> LoadTables(Store& store, JobId job);

// `position` empty: the job's place in the log stays. Durable when it returns.
Status CommitNow(Store& store, UnitWriter& writer, const Position& position);

// Shapes and a place of the log at which they hold.
struct ShapeAt {
  std::vector<SchemaPtr> schemas;  // one per name, in the same order
  Position from;
};
// kUnavailable when the tables change their shape all the time.
Result<ShapeAt> DescribeAt(Connector& connector, const JobOptions& options, const std::vector<TableName>& names);

}  // namespace freshet
