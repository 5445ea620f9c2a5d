// SPDX-License-Identifier: Apache-2.0
#include "sync/job_table_store.h"

#include <algorithm>

#include "sync/job_tables.h"

namespace freshet {

namespace {
constexpr int kDescribeTriesMax = 5;
constexpr std::chrono::seconds kDurableMax{10};
}  // namespace

Result<std::optional<TableRecord>> LoadTable(Store& store, JobId job, const TableName& name) {
  ASSIGN_OR_RETURN(const auto text, store.GetRecord(RecordFamily::kJobs, TableKey(job, name)));
  if (!text) return std::optional<TableRecord>();
  ASSIGN_OR_RETURN(TableRecord record, DecodeTable(*text));
  return std::optional<TableRecord>(std::move(record));
}

Result<std::vector<TableRecord>> LoadTables(Store& store, JobId job) {
  std::vector<TableRecord> tables;
  ASSIGN_OR_RETURN(const auto records, store.ScanRecords(RecordFamily::kJobs, TableKeyPrefix(job)));
  for (const auto& [key, value] : records) {
    ASSIGN_OR_RETURN(TableRecord record, DecodeTable(value));
    tables.push_back(std::move(record));
  }
  return tables;
}

Status CommitNow(Store& store, UnitWriter& writer, const Position& position) {
  ASSIGN_OR_RETURN(const UnitWriter::Committed committed, writer.Commit(position));
  return store.WaitDurable(committed.commit, Deadline::After(kDurableMax));
}

Result<ShapeAt> DescribeAt(Connector& connector, const JobOptions& options, const std::vector<TableName>& names) {
  ShapeAt shape;
  ASSIGN_OR_RETURN(shape.schemas, DescribeAll(connector, options, names));
  for (int i = 0; i < kDescribeTriesMax; ++i) {
    ASSIGN_OR_RETURN(shape.from, connector.CurrentPosition());
    ASSIGN_OR_RETURN(std::vector<SchemaPtr> again, DescribeAll(connector, options, names));
    const bool same = std::equal(again.begin(), again.end(), shape.schemas.begin(), shape.schemas.end(),
                                 [](const SchemaPtr& a, const SchemaPtr& b) { return *a == *b; });
    if (same) return shape;
    shape.schemas = std::move(again);
  }
  return Status(Code::kUnavailable, "tables change their shape all the time; try again");
}

}  // namespace freshet
