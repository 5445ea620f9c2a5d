// SPDX-License-Identifier: Apache-2.0
// The table list of a running or paused job. CREATE JOB is in job_creation.cc.
#include "sync/job_tables.h"

#include <algorithm>
#include <set>

#include "base/log.h"
#include "storage/read_view.h"
#include "storage/unit_writer.h"
#include "sync/job_table_store.h"
#include "sync/merged_target.h"
#include "sync/object_records.h"
#include "sync/quarantine.h"
#include "sync/shadow_table.h"

namespace freshet {

namespace {

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

// Where the target of a table that is added comes from.
struct TargetTables {
  UnitWriter& writer;
  const std::string& database;
  const JobOptions& options;

  // Makes the target, or joins the one that a table of the job has; true then. Sets the record's id and shape.
  Result<bool> Give(const std::vector<TableRecord>& tables, TableRecord& record) const {
    const auto other = std::find_if(tables.begin(), tables.end(), [&](const TableRecord& table) {
      return table.id && table.target == record.target;
    });
    const std::string name = database + "." + record.target;
    if (other == tables.end()) {
      Result<StoredTablePtr> made = writer.CreateTable(database, record.target, record.source_schema, false);
      if (made.code() == Code::kExists) {
        return Status(Code::kExists, "target table " + name + " exists already; DROP TABLE it first");
      }
      TRY(made.status());
      record.id = (*made)->id;
      return false;
    }
    if (!MayShareTarget(options, other->source, record.source)) {
      return Status(Code::kExists, "target table " + name + " is that of " + other->source.ToString() +
                                       "; give one of them another with table.<src>.target_table");
    }
    const StoredTablePtr stored = writer.table(other->id);
    if (stored == nullptr) return Status(Code::kNotFound, "target table " + name + " is gone");
    TRY(CheckMergeable(*stored->schema, *record.source_schema, record.target));
    record.source_schema = TakeOverShape(*stored->schema, *record.source_schema);
    record.id = other->id;
    return true;
  }
};

void CopyFromNothing(TableRecord& record) {
  record.state = TableWaiting{};
  record.progress = CopyProgress();
  record.copy_again = false;
  record.passes = 0;
  record.partial_history = false;
  record.rows_copied = 0;
}

Result<ParsedJob> ParseInsertDefinition(const JobDefinition& job) {
  ASSIGN_OR_RETURN(ParsedJob parsed, ParseInsertJob(*job.insert, job.properties.job));
  if (parsed.mode != JobMode::kStream) return parsed;
  BindToJob(job.id, parsed.source);
  ASSIGN_OR_RETURN(const StreamSource stream, ParseStreamArguments(job.insert->arguments));
  const TableName table{parsed.source.schemas.front(), stream.table};
  parsed.options.target_names[table.table] = ShadowName(job.id, table);
  parsed.options.kept_columns = job.kept_columns;
  parsed.options.strict_mode = parsed.insert.strict;
  parsed.options.max_filter_ratio = parsed.insert.max_filter_ratio;
  return parsed;
}

}  // namespace

Result<ParsedJob> ParseDefinition(const JobDefinition& job) {
  if (job.insert) return ParseInsertDefinition(job);
  ASSIGN_OR_RETURN(ParsedJob parsed,
                   ParseJob(job.kind, job.properties.job, job.properties.source, job.properties.target));
  BindToJob(job.id, parsed.source);
  if (!parsed.source.include_tables.empty()) AppendEntries(parsed.source.include_tables, job.added_tables);
  AppendEntries(parsed.source.exclude_tables, job.removed_tables);
  ASSIGN_OR_RETURN(parsed.source.tables,
                   TableFilter::Parse(parsed.source.include_tables, parsed.source.exclude_tables));
  return parsed;
}

Status RestartWindows(Store& store, UnitWriter& writer, JobId job) {
  ASSIGN_OR_RETURN(const auto stored, store.GetRecord(RecordFamily::kLedger, StatisticsKey(job)));
  if (!stored) return Status::Ok();
  ASSIGN_OR_RETURN(JobStatistics statistics, DecodeStatistics(*stored));
  statistics.to = {};
  writer.PutRecord({RecordFamily::kLedger, StatisticsKey(job), EncodeStatistics(statistics)});
  return Status::Ok();
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
  TRY(RestartWindows(store, *writer, job));
  ASSIGN_OR_RETURN(const Position start, connector.StartLog({LogStart::Mode::kPosition, position}, names));
  return CommitNow(store, *writer, start);
}

Result<CatalogNews> FindNews(Store& store, Connector& connector, const JobDefinition& job) {
  ASSIGN_OR_RETURN(const ParsedJob parsed, ParseDefinition(job));
  ASSIGN_OR_RETURN(const auto values, store.ScanRecords(RecordFamily::kJobs, TableKeyPrefix(job.id)));
  std::vector<SchemaPtr> followed;
  std::set<TableName> known;
  for (const auto& [key, value] : values) {
    ASSIGN_OR_RETURN(TableRecord record, DecodeTable(value));
    known.insert(record.source);
    if (!std::holds_alternative<TableStopped>(record.state)) followed.push_back(std::move(record.source_schema));
  }
  ASSIGN_OR_RETURN(CatalogNews news, connector.LookAtCatalog(followed, parsed.source.tables));
  std::erase_if(news.created, [&known](const TableName& name) { return known.contains(name); });
  return news;
}

Status DeleteJob(Store& store, JobId job) {
  std::vector<RecordWrite> deletions;
  ASSIGN_OR_RETURN(const std::shared_ptr<const ReadView> view, store.OpenView());
  ASSIGN_OR_RETURN(const auto tables, store.ScanRecords(RecordFamily::kJobs, TableKeyPrefix(job)));
  for (const auto& [key, value] : tables) {
    deletions.push_back({RecordFamily::kJobs, key, std::nullopt});
    ASSIGN_OR_RETURN(const TableRecord record, DecodeTable(value));
    if (!record.id) continue;
    const StoredTablePtr shadow = view->FindTable(kShadowDatabase, record.target);
    const bool is_shadow = shadow != nullptr && shadow->id == record.id;
    Status released = is_shadow ? store.DropTable(record.id) : store.ReleaseTable(record.id);
    if (released.code() != Code::kNotFound) TRY(std::move(released));
  }
  ASSIGN_OR_RETURN(const auto tasks, store.ScanRecords(RecordFamily::kLedger, TaskKeyPrefix(job)));
  for (const auto& [key, value] : tasks) deletions.push_back({RecordFamily::kLedger, key, std::nullopt});
  ASSIGN_OR_RETURN(std::vector<RecordWrite> rejected, QuarantineDeletions(store, job));
  ASSIGN_OR_RETURN(std::vector<RecordWrite> objects, ForgetObjects(store, job, ""));
  for (std::vector<RecordWrite>* more : {&rejected, &objects}) {
    for (RecordWrite& deletion : *more) deletions.push_back(std::move(deletion));
  }
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
  ASSIGN_OR_RETURN(std::vector<TableRecord> tables, LoadTables(store, job.id));
  const TargetTables targets{*writer, job.target_database, parsed.options};
  std::set<TableId> joined;
  for (size_t i = 0; i < names.size(); ++i) {
    TableRecord record;
    record.source = names[i];
    record.target = parsed.options.TargetName(names[i]);
    record.source_schema = shape.schemas[i];
    record.follow_from = shape.from;
    record.state = TableWaiting{};
    ASSIGN_OR_RETURN(const bool shared, targets.Give(tables, record));
    if (shared) joined.insert(record.id);
    tables.push_back(std::move(record));
  }
  // A target may hold rows of a source that was taken out before: its sources are copied from nothing.
  for (const TableId target : joined) {
    TRY(writer->TruncateTable(target));
    TRY(writer->SetReady(target, false));
  }
  for (TableRecord& record : tables) {
    if (joined.contains(record.id) && !std::holds_alternative<TableStopped>(record.state)) CopyFromNothing(record);
    writer->PutRecord({RecordFamily::kJobs, TableKey(job.id, record.source), EncodeTable(record)});
  }
  writer->PutRecord({RecordFamily::kJobs, JobKey(job.id), EncodeJob(changed)});
  TRY(CommitNow(store, *writer, {}));
  job = std::move(changed);
  return Status::Ok();
}

// The rows stay, as a table that nobody follows, or among those of the target's other sources.
Status JobTables::Remove(const std::vector<TableName>& names) {
  for (const TableName& name : names) TRY(RemoveOne(name));
  if (Status status = connector.UntrackTables(names); !status.ok()) {
    Log(LogLevel::kWarn, "untrack_failed", {{"job", job.name}, {"error", status.message()}});
  }
  return Status::Ok();
}

Status JobTables::RemoveOne(const TableName& name) {
  ASSIGN_OR_RETURN(const auto record, LoadTable(store, job.id, name));
  std::erase(job.added_tables, name.ToString());
  job.removed_tables.push_back(name.ToString());
  const RecordWrite writes[] = {{RecordFamily::kJobs, TableKey(job.id, name), std::nullopt},
                                {RecordFamily::kJobs, JobKey(job.id), EncodeJob(job)}};
  TRY(store.PutRecords(writes));
  progress.TableRemoved(name);
  if (!record || !record->id) return Status::Ok();
  ASSIGN_OR_RETURN(std::vector<TableRecord> others, LoadTables(store, job.id));
  std::erase_if(others, [&](const TableRecord& other) { return other.id != record->id; });
  if (others.empty()) {
    Status released = store.ReleaseTable(record->id);
    return released.code() == Code::kNotFound ? Status::Ok() : std::move(released);
  }
  // The one that was taken out may have been what queries waited for.
  const bool ready = std::all_of(others.begin(), others.end(), [](const TableRecord& other) {
    return std::holds_alternative<TableReady>(other.state);
  });
  ASSIGN_OR_RETURN(const std::unique_ptr<UnitWriter> writer, UnitWriter::Open(store, job.id));
  TRY(writer->SetReady(record->id, ready));
  return CommitNow(store, *writer, {});
}

}  // namespace freshet
