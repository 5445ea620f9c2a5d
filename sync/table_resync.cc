// SPDX-License-Identifier: Apache-2.0
// JobTables: copying tables again, because the user says so (RESYNC TABLE) or because the source's shape is not the
// one the job follows (reload_source_schema). Sources of one target are copied again together.
#include <algorithm>
#include <map>

#include "base/log.h"
#include "storage/read_view.h"
#include "sync/job_table_store.h"
#include "sync/job_tables.h"
#include "sync/merged_target.h"

namespace freshet {

namespace {

// Whether rows of both shapes are stored alike; versions, column ids and defaults of old rows do not count, nor
// does whose name a target shared by several sources has.
bool SameShape(const TableSchema& stored, const TableSchema& now, bool shared) {
  TableSchema a = stored;
  TableSchema b = now;
  a.version = b.version;
  a.next_column_id = b.next_column_id;
  if (shared) {
    a.name = b.name;
    a.source_id = b.source_id;
  }
  for (TableSchema* schema : {&a, &b}) {
    for (Column& column : schema->columns) {
      column.id = 0;
      column.initial_default.reset();  // differs once rows were there before the column
    }
  }
  return a == b;
}

bool Contains(const std::vector<TableName>& names, const TableName& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The names and every other source of their targets.
std::vector<TableName> WithSharedSources(const std::vector<TableName>& names, const std::vector<TableRecord>& all) {
  std::vector<TableName> whole = names;
  for (const TableRecord& named : all) {
    if (!Contains(names, named.source) || !named.id) continue;
    for (const TableRecord& other : all) {
      if (other.id == named.id && !Contains(whole, other.source)) whole.push_back(other.source);
    }
  }
  return whole;
}

// One table of a RESYNC; `remade` are the targets that the statement emptied or made so far.
struct Remaking {
  UnitWriter& writer;
  const std::string& database;
  std::map<std::string, StoredTablePtr>& remade;
};

Status Remake(const Remaking& remaking, bool shared, const SchemaPtr& shape, TableRecord& record) {
  UnitWriter& writer = remaking.writer;
  record.source_schema = shape;
  StoredTablePtr& remade = remaking.remade[record.target];
  if (remade != nullptr) {
    TRY(CheckMergeable(*remade->schema, *shape, record.target));
    record.source_schema = TakeOverShape(*remade->schema, *shape);
    record.id = remade->id;
    return Status::Ok();
  }
  StoredTablePtr stored = record.id ? writer.table(record.id) : nullptr;
  if (stored != nullptr && SameShape(*stored->schema, *shape, shared)) {
    record.source_schema = shared ? TakeOverShape(*stored->schema, *shape) : stored->schema;
    TRY(writer.TruncateTable(record.id));
    TRY(writer.SetReady(record.id, false));
  } else {
    // Another shape shares no columns with the old one, its key least of all: a table of its own, in one commit.
    if (stored != nullptr) {
      TRY(writer.ApplySchemaChange(record.id,
                                   {SchemaChangeKind::kDropTable, stored->schema, nullptr, "", "RESYNC TABLE"}));
    }
    ASSIGN_OR_RETURN(stored, writer.CreateTable(remaking.database, record.target, shape, false));
    record.id = stored->id;
  }
  remade = std::move(stored);
  return Status::Ok();
}

}  // namespace

Status JobTables::Resync(const std::vector<TableName>& asked) {
  ASSIGN_OR_RETURN(const ParsedJob parsed, ParseDefinition(job));
  ASSIGN_OR_RETURN(const std::vector<TableRecord> all, LoadTables(store, job.id));
  const std::vector<TableName> names = WithSharedSources(asked, all);
  TRY(connector.TrackTables(names));
  ASSIGN_OR_RETURN(const ShapeAt shape, DescribeAt(connector, parsed.options, names));
  ASSIGN_OR_RETURN(const std::unique_ptr<UnitWriter> writer, UnitWriter::Open(store, job.id));
  if (before_resync) TRY(before_resync(*writer));
  std::map<std::string, StoredTablePtr> remade;
  for (size_t i = 0; i < names.size(); ++i) {
    ASSIGN_OR_RETURN(const auto before, LoadTable(store, job.id, names[i]));
    TableRecord record;
    record.source = names[i];
    record.target = before->target;
    record.id = before->id;
    record.follow_from = shape.from;
    const bool shared = std::count_if(all.begin(), all.end(),
                                      [&](const TableRecord& other) { return record.id && other.id == record.id; }) > 1;
    TRY(Remake({*writer, job.target_database, remade}, shared, shape.schemas[i], record));
    writer->PutRecord({RecordFamily::kJobs, TableKey(job.id, names[i]), EncodeTable(record)});
  }
  if (job.insert) writer->PutRecord({RecordFamily::kJobs, JobKey(job.id), EncodeJob(job)});
  // A job whose place in the log is gone starts anew once every table is copied again.
  Position restart;
  const auto* paused = std::get_if<JobPaused>(&job.state);
  if (paused != nullptr && paused->error_code == kCannotResumeErr) {
    const bool rest_is_copied_again = std::all_of(all.begin(), all.end(), [&](const TableRecord& record) {
      const bool fresh = CopyUnfinished(record.state) && record.progress.chunks_done() == 0;
      return Contains(names, record.source) || fresh;
    });
    if (rest_is_copied_again) {
      ASSIGN_OR_RETURN(restart, connector.StartLog({LogStart::Mode::kNow, {}}, names));
    }
  }
  // What was removed in pieces ends with a position: the same one, then.
  return CommitNow(store, *writer, restart.empty() ? writer->position() : restart);
}

Status JobTables::ReloadSchemas() {
  ASSIGN_OR_RETURN(const ParsedJob parsed, ParseDefinition(job));
  ASSIGN_OR_RETURN(const std::vector<TableRecord> all, LoadTables(store, job.id));
  std::vector<TableName> changed;
  for (const TableRecord& record : all) {
    Result<std::vector<SchemaPtr>> now = DescribeAll(connector, parsed.options, {record.source});
    if (now.code() == Code::kInvalid) {  // gone, or no mirror can hold it: the log will say so, or has
      Log(LogLevel::kWarn, "reload_schema_skipped",
          {{"job", job.name}, {"table", record.source.ToString()}, {"error", now.status().message()}});
      continue;
    }
    TRY(now.status());
    const bool stopped = std::holds_alternative<TableStopped>(record.state);
    const bool same = record.source_schema != nullptr && SameShape(*record.source_schema, *(*now)[0], false);
    if (stopped || !same) changed.push_back(record.source);
  }
  Log(LogLevel::kInfo, "schemas_reloaded", {{"job", job.name}, {"tables", all.size()}, {"resynced", changed.size()}});
  return changed.empty() ? Status::Ok() : Resync(changed);
}

}  // namespace freshet
