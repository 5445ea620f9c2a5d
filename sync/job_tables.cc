// SPDX-License-Identifier: Apache-2.0
// The table list of a running or paused job. CREATE JOB is in job_creation.cc.
#include "sync/job_tables.h"

#include <algorithm>

#include "base/log.h"
#include "storage/unit_writer.h"
#include "sync/quarantine.h"

namespace freshet {

namespace {

constexpr int kDescribeTriesMax = 5;

// An exact entry for a table list: separators of the list's grammar are escaped.
std::string ExactEntry(const std::string& qualified) {
  const size_t dot = qualified.find('.');
  std::string entry;
  for (size_t i = 0; i < qualified.size(); ++i) {
    const char c = qualified[i];
    if (c == ',' || (c == '.' && i != dot)) entry.push_back('\\');
    entry.push_back(c);
  }
  return entry;
}

void AppendEntries(std::string& list, const std::vector<std::string>& tables) {
  for (const std::string& table : tables) {
    if (!list.empty()) list.push_back(',');
    list += ExactEntry(table);
  }
}

Status CommitNow(Store& store, UnitWriter& writer, const Position& position) {
  ASSIGN_OR_RETURN(const UnitWriter::Committed committed, writer.Commit(position));
  return store.WaitDurable(committed.commit, Deadline::After(std::chrono::seconds(10)));
}

// A shape and a place of the log at which it holds.
struct ShapeAt {
  std::vector<SchemaPtr> schemas;
  Position from;
};
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

Result<std::optional<TableRecord>> LoadTable(Store& store, JobId job, const TableName& name) {
  ASSIGN_OR_RETURN(const auto text, store.GetRecord(RecordFamily::kJobs, TableKey(job, name)));
  if (!text) return std::optional<TableRecord>();
  ASSIGN_OR_RETURN(TableRecord record, DecodeTable(*text));
  return std::optional<TableRecord>(std::move(record));
}

// Whether rows of both shapes are stored alike; versions, column ids and defaults of old rows do not count.
bool SameShape(const TableSchema& stored, const TableSchema& now) {
  TableSchema a = stored;
  TableSchema b = now;
  a.version = b.version;
  a.next_column_id = b.next_column_id;
  for (TableSchema* schema : {&a, &b}) {
    for (Column& column : schema->columns) {
      column.id = 0;
      column.initial_default.reset();  // differs once rows were there before the column
    }
  }
  return a == b;
}

}  // namespace

Result<ParsedJob> ParseDefinition(const JobDefinition& job) {
  ASSIGN_OR_RETURN(ParsedJob parsed,
                   ParseJob(job.kind, job.properties.job, job.properties.source, job.properties.target));
  BindToJob(job.id, parsed.source);
  if (!parsed.source.include_tables.empty()) AppendEntries(parsed.source.include_tables, job.added_tables);
  AppendEntries(parsed.source.exclude_tables, job.removed_tables);
  ASSIGN_OR_RETURN(parsed.source.tables,
                   TableFilter::Parse(parsed.source.include_tables, parsed.source.exclude_tables));
  return parsed;
}

Status MovePosition(Store& store, Connector& connector, JobId job, const Position& position) {
  ASSIGN_OR_RETURN(const auto records, store.ScanRecords(RecordFamily::kJobs, TableKeyPrefix(job)));
  std::vector<TableName> names;
  ASSIGN_OR_RETURN(const std::unique_ptr<UnitWriter> writer, UnitWriter::Open(store, job));
  for (const auto& [key, value] : records) {
    ASSIGN_OR_RETURN(TableRecord record, DecodeTable(value));
    names.push_back(record.source);
    record.partial_history = true;
    writer->PutRecord({RecordFamily::kJobs, key, EncodeTable(record)});
  }
  ASSIGN_OR_RETURN(const Position start, connector.StartLog({LogStart::Mode::kPosition, position}, names));
  return CommitNow(store, *writer, start);
}

Status DeleteJob(Store& store, JobId job) {
  std::vector<RecordWrite> deletions;
  ASSIGN_OR_RETURN(const auto tables, store.ScanRecords(RecordFamily::kJobs, TableKeyPrefix(job)));
  for (const auto& [key, value] : tables) {
    deletions.push_back({RecordFamily::kJobs, key, std::nullopt});
    ASSIGN_OR_RETURN(const TableRecord record, DecodeTable(value));
    if (!record.id) continue;
    Status released = store.ReleaseTable(record.id);
    if (released.code() != Code::kNotFound) TRY(std::move(released));
  }
  ASSIGN_OR_RETURN(const auto tasks, store.ScanRecords(RecordFamily::kLedger, TaskKeyPrefix(job)));
  for (const auto& [key, value] : tasks) deletions.push_back({RecordFamily::kLedger, key, std::nullopt});
  ASSIGN_OR_RETURN(std::vector<RecordWrite> rejected, QuarantineDeletions(store, job));
  for (RecordWrite& deletion : rejected) deletions.push_back(std::move(deletion));
  deletions.push_back({RecordFamily::kLedger, StatisticsKey(job), std::nullopt});
  deletions.push_back({RecordFamily::kJobs, JobKey(job), std::nullopt});
  return store.PutRecords(deletions);
}

Result<TableName> JobTables::Resolve(const std::string& text, const SourceOptions& source) const {
  for (const std::string& schema : source.schemas) {
    if (text.starts_with(schema + ".")) return TableName{schema, text.substr(schema.size() + 1)};
  }
  if (source.schemas.size() == 1) return TableName{source.schemas[0], text};
  return Status(Code::kInvalid, "name the schema of table '" + text + "': the job has several");
}

Status JobTables::Apply(const AlterJobTables& statement) {
  ASSIGN_OR_RETURN(const ParsedJob parsed, ParseDefinition(job));
  std::vector<TableName> names;
  for (const std::string& text : statement.tables) {
    ASSIGN_OR_RETURN(TableName name, Resolve(text, parsed.source));
    ASSIGN_OR_RETURN(const auto known, LoadTable(store, job.id, name));
    const bool adding = statement.action == AlterJobTables::Action::kAdd;
    if (adding && known) return Status(Code::kExists, "table " + name.ToString() + " is already in the job");
    if (!adding && !known) return Status(Code::kNotFound, "table " + name.ToString() + " is not in the job");
    names.push_back(std::move(name));
  }
  switch (statement.action) {
    case AlterJobTables::Action::kAdd: return Add(names);
    case AlterJobTables::Action::kDrop: return Remove(names);
    case AlterJobTables::Action::kResync: return Resync(names);
  }
  return Status::Ok();
}

Status JobTables::Add(const std::vector<TableName>& names) {
  JobDefinition changed = job;
  for (const TableName& name : names) {
    std::erase(changed.removed_tables, name.ToString());
    changed.added_tables.push_back(name.ToString());
  }
  ASSIGN_OR_RETURN(const ParsedJob parsed, ParseDefinition(changed));
  for (const TableName& name : names) {
    if (!parsed.source.tables.Matches(name)) {
      return Status(Code::kInvalid, "table " + name.ToString() + " is excluded by exclude_tables");
    }
  }
  TRY(DescribeAll(connector, parsed.options, names).status());
  TRY(connector.TrackTables(names));
  ASSIGN_OR_RETURN(const ShapeAt shape, DescribeAt(connector, parsed.options, names));
  ASSIGN_OR_RETURN(const std::unique_ptr<UnitWriter> writer, UnitWriter::Open(store, job.id));
  for (size_t i = 0; i < names.size(); ++i) {
    TableRecord record;
    record.source = names[i];
    record.target = parsed.options.TargetName(names[i]);
    record.source_schema = shape.schemas[i];
    record.follow_from = shape.from;
    record.state = TableWaiting{};
    Result<StoredTablePtr> made = writer->CreateTable(job.target_database, record.target, shape.schemas[i], false);
    if (made.code() == Code::kExists) {
      return Status(Code::kExists, "target table " + job.target_database + "." + record.target +
                                       " exists already; DROP TABLE it first");
    }
    TRY(made.status());
    record.id = (*made)->id;
    writer->PutRecord({RecordFamily::kJobs, TableKey(job.id, names[i]), EncodeTable(record)});
  }
  writer->PutRecord({RecordFamily::kJobs, JobKey(job.id), EncodeJob(changed)});
  TRY(CommitNow(store, *writer, {}));
  job = std::move(changed);
  return Status::Ok();
}

// The rows stay, as a table that nobody follows.
Status JobTables::Remove(const std::vector<TableName>& names) {
  for (const TableName& name : names) {
    ASSIGN_OR_RETURN(const auto record, LoadTable(store, job.id, name));
    std::erase(job.added_tables, name.ToString());
    job.removed_tables.push_back(name.ToString());
    const RecordWrite writes[] = {{RecordFamily::kJobs, TableKey(job.id, name), std::nullopt},
                                  {RecordFamily::kJobs, JobKey(job.id), EncodeJob(job)}};
    TRY(store.PutRecords(writes));
    if (record && record->id) {
      Status released = store.ReleaseTable(record->id);
      if (released.code() != Code::kNotFound) TRY(std::move(released));
    }
    progress.TableRemoved(name);
  }
  if (Status status = connector.UntrackTables(names); !status.ok()) {
    Log(LogLevel::kWarn, "untrack_failed", {{"job", job.name}, {"error", status.message()}});
  }
  return Status::Ok();
}

Status JobTables::Resync(const std::vector<TableName>& names) {
  ASSIGN_OR_RETURN(const ParsedJob parsed, ParseDefinition(job));
  TRY(connector.TrackTables(names));
  ASSIGN_OR_RETURN(const ShapeAt shape, DescribeAt(connector, parsed.options, names));
  ASSIGN_OR_RETURN(const std::unique_ptr<UnitWriter> writer, UnitWriter::Open(store, job.id));
  for (size_t i = 0; i < names.size(); ++i) {
    ASSIGN_OR_RETURN(const auto before, LoadTable(store, job.id, names[i]));
    TableRecord record;
    record.source = names[i];
    record.target = before->target;
    record.id = before->id;
    record.source_schema = shape.schemas[i];
    record.follow_from = shape.from;
    StoredTablePtr stored = record.id ? writer->table(record.id) : nullptr;
    if (stored != nullptr && SameShape(*stored->schema, *shape.schemas[i])) {
      record.source_schema = stored->schema;
      TRY(writer->TruncateTable(record.id));
      TRY(writer->SetReady(record.id, false));
    } else {
      // Another shape shares no columns with the old one, its key least of all: a table of its own, in one commit.
      if (stored != nullptr) {
        TRY(writer->ApplySchemaChange(record.id,
                                      {SchemaChangeKind::kDropTable, stored->schema, nullptr, "", "RESYNC TABLE"}));
      }
      ASSIGN_OR_RETURN(stored, writer->CreateTable(job.target_database, record.target, shape.schemas[i], false));
      record.id = stored->id;
    }
    writer->PutRecord({RecordFamily::kJobs, TableKey(job.id, names[i]), EncodeTable(record)});
  }
  // A job whose place in the log is gone starts anew once every table is copied again.
  Position restart;
  const auto* paused = std::get_if<JobPaused>(&job.state);
  if (paused != nullptr && paused->error_code == kCannotResumeErr) {
    ASSIGN_OR_RETURN(const auto all, store.ScanRecords(RecordFamily::kJobs, TableKeyPrefix(job.id)));
    bool rest_is_copied_again = true;
    for (const auto& [key, value] : all) {
      ASSIGN_OR_RETURN(const TableRecord record, DecodeTable(value));
      const bool named = std::find(names.begin(), names.end(), record.source) != names.end();
      const bool fresh = CopyUnfinished(record.state) && record.progress.chunks_done() == 0;
      rest_is_copied_again = rest_is_copied_again && (named || fresh);
    }
    if (rest_is_copied_again) {
      ASSIGN_OR_RETURN(restart, connector.StartLog({LogStart::Mode::kNow, {}}, names));
    }
  }
  return CommitNow(store, *writer, restart);
}

}  // namespace freshet
