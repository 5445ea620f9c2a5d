// SPDX-License-Identifier: Apache-2.0
#include "sync/job_creation.h"

#include <algorithm>
#include <map>

#include "base/log.h"
#include "storage/read_view.h"
#include "storage/unit_writer.h"
#include "sync/job_tables.h"
#include "sync/merged_target.h"
#include "sync/shadow_table.h"

namespace freshet {

namespace {

constexpr int kStartTriesMax = 5;

Status Invalid(std::string message) {
  return Status(Code::kInvalid, std::move(message));
}

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text.append(separator);
    text += part;
  }
  return text;
}

// Marks what exclude_columns names; every problem goes to `problems`.
SchemaPtr MarkExcluded(const SchemaPtr& schema, const std::vector<std::string>& names,
                       std::vector<std::string>& problems) {
  auto marked = std::make_shared<TableSchema>(*schema);
  for (const std::string& name : names) {
    const std::optional<uint32_t> column = marked->FindColumn(name, true);
    if (!column) {
      problems.push_back("exclude_columns validation failed: column '" + name + "' does not exist in table '" +
                         schema->name.table + "'");
    } else if (marked->IsKey(*column)) {
      problems.push_back("exclude_columns validation failed: column '" + name +
                         "' is a primary key column and cannot be excluded");
    } else {
      marked->columns[*column].excluded = true;
    }
  }
  return marked;
}

Result<std::vector<TableName>> MatchTables(Connector& connector, const SourceOptions& source) {
  ASSIGN_OR_RETURN(std::vector<TableName> names, connector.ListTables(source.tables));
  if (names.empty()) {
    ASSIGN_OR_RETURN(const std::vector<TableName> all, connector.ListTables(TableFilter()));
    return Invalid((all.empty() ? "No tables found in database " : "Can not found match table in database ") +
                   source.database);
  }
  std::vector<std::string> missing;
  for (const std::string& exact : source.tables.exact_names()) {
    const bool there = std::any_of(names.begin(), names.end(), [&](const TableName& name) {
      return name.table == exact || name.ToString() == exact;
    });
    if (!there) missing.push_back(exact);
  }
  if (!missing.empty()) {
    return Invalid("Can not found match table in database " + source.database +
                   ": table does not exist: " + Join(missing, ", "));
  }
  return names;
}

Status CheckTargets(Store& store, const JobDefinition& job, const JobOptions& options,
                    const std::vector<TableName>& names) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const ReadView> view, store.OpenView());
  const std::vector<std::string> databases = view->Databases();
  if (std::find(databases.begin(), databases.end(), job.target_database) == databases.end()) {
    return Invalid("Target database " + job.target_database + " does not exist");
  }
  std::map<std::string, TableName> sources;
  for (const TableName& name : names) {
    const std::string target = options.TargetName(name);
    const auto [other, fresh] = sources.emplace(target, name);
    if (!fresh && !MayShareTarget(options, other->second, name)) {
      return Invalid("tables '" + other->second.ToString() + "' and '" + name.ToString() +
                     "' have the same target table '" + target +
                     "': give one of them another with table.<src>.target_table, or name this one to merge them");
    }
    const StoredTablePtr taken = view->FindTable(job.target_database, target);
    if (taken == nullptr) continue;
    const std::string full_name = job.target_database + "." + target;
    return Status(Code::kExists, taken->owner ? "target table " + full_name + " belongs to another job"
                                              : "target table " + full_name + " exists already; DROP TABLE it first");
  }
  return Status::Ok();
}

Status CheckMerges(const JobOptions& options, const std::vector<SchemaPtr>& schemas) {
  std::map<std::string, SchemaPtr> targets;
  for (const SchemaPtr& schema : schemas) {
    const std::string target = options.TargetName(schema->name);
    const auto [first, fresh] = targets.emplace(target, schema);
    if (!fresh) TRY(CheckMergeable(*first->second, *schema, target));
  }
  return Status::Ok();
}

bool SameShapes(const std::vector<SchemaPtr>& a, const std::vector<SchemaPtr>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const SchemaPtr& x, const SchemaPtr& y) { return *x == *y; });
}

struct Started {
  Position position;
  std::vector<SchemaPtr> schemas;
};

// Shapes that hold at the position the log is read from: described before and after, until both agree.
Result<Started> StartConsistently(Connector& connector, const JobOptions& options,
                                  const std::vector<TableName>& names) {
  LogStart start;
  if (options.offset == OffsetMode::kEarliest) start.mode = LogStart::Mode::kEarliest;
  if (options.offset == OffsetMode::kPosition) start = {LogStart::Mode::kPosition, options.start};
  if (options.offset == OffsetMode::kTime) start = {LogStart::Mode::kTime, {}, options.start_time_us};
  Started started;
  ASSIGN_OR_RETURN(started.schemas, DescribeAll(connector, options, names));
  for (int i = 0; i < kStartTriesMax; ++i) {
    ASSIGN_OR_RETURN(started.position, connector.StartLog(start, names));
    Result<std::vector<SchemaPtr>> after = DescribeAll(connector, options, names);
    if (after.ok() && SameShapes(*after, started.schemas)) return started;
    TRY(connector.ReleaseLog());
    TRY(after.status());
    started.schemas = std::move(after).value();
  }
  return Status(Code::kUnavailable, "tables change their shape all the time; try CREATE JOB again");
}

Status CommitJob(Store& store, const ParsedJob& parsed, const JobDefinition& job, const std::vector<TableName>& names,
                 const Started& started) {
  const bool copies = parsed.copies();
  TRY(CheckMerges(parsed.options, started.schemas));
  ASSIGN_OR_RETURN(const std::unique_ptr<UnitWriter> writer, UnitWriter::Open(store, job.id));
  std::map<std::string, StoredTablePtr> targets;
  for (size_t i = 0; i < names.size(); ++i) {
    TableRecord record;
    record.source = names[i];
    record.target = parsed.options.TargetName(names[i]);
    record.source_schema = started.schemas[i];
    record.partial_history = !copies;
    if (!copies) record.state = TableReady{};
    StoredTablePtr& stored = targets[record.target];
    if (stored == nullptr) {
      ASSIGN_OR_RETURN(stored, writer->CreateTable(job.target_database, record.target, started.schemas[i], !copies));
    }
    record.id = stored->id;
    writer->PutRecord({RecordFamily::kJobs, TableKey(job.id, names[i]), EncodeTable(record)});
  }
  writer->PutRecord({RecordFamily::kJobs, JobKey(job.id), EncodeJob(job)});
  ASSIGN_OR_RETURN(const UnitWriter::Committed committed, writer->Commit(started.position));
  return store.WaitDurable(committed.commit, Deadline::After(std::chrono::seconds(10)));
}

}  // namespace

Result<std::vector<SchemaPtr>> DescribeAll(Connector& connector, const JobOptions& options,
                                           const std::vector<TableName>& names) {
  ASSIGN_OR_RETURN(const std::vector<TableDescription> descriptions, connector.DescribeTables(names));
  std::vector<SchemaPtr> schemas;
  std::vector<std::string> problems;
  for (const TableDescription& description : descriptions) {
    if (description.schema == nullptr) {
      problems.push_back(description.problem.message());
      continue;
    }
    const std::vector<std::string>* excluded = options.ExcludedColumns(description.name);
    schemas.push_back(excluded               ? MarkExcluded(description.schema, *excluded, problems)
                      : options.kept_columns ? KeepColumns(description.schema, *options.kept_columns)
                                             : description.schema);
  }
  if (problems.empty()) return schemas;
  // Connectors report a missing key table by table with this prefix; users get one list.
  constexpr std::string_view kNoKey = "The following tables do not have primary key defined: ";
  std::vector<std::string> keyless;
  std::vector<std::string> others;
  for (const std::string& problem : problems) {
    if (problem.starts_with(kNoKey)) {
      keyless.push_back(problem.substr(kNoKey.size()));
    } else {
      others.push_back(problem);
    }
  }
  if (!keyless.empty()) others.insert(others.begin(), std::string(kNoKey) + Join(keyless, ", "));
  return Invalid(Join(others, "; "));
}

Status MakeJob(Store& store, Connector& connector, const ParsedJob& parsed, const JobDefinition& job) {
  TRY(CheckTargets(store, job, parsed.options, {}));
  TRY(connector.Preflight());
  ASSIGN_OR_RETURN(const std::vector<TableName> names, MatchTables(connector, parsed.source));
  ASSIGN_OR_RETURN(const std::vector<SchemaPtr> schemas, DescribeAll(connector, parsed.options, names));
  TRY(CheckTargets(store, job, parsed.options, names));
  TRY(CheckMerges(parsed.options, schemas));
  return StartAndCommit(store, connector, parsed, job, names);
}

Status StartAndCommit(Store& store, Connector& connector, const ParsedJob& parsed, const JobDefinition& job,
                      const std::vector<TableName>& names) {
  Result<Started> started = StartConsistently(connector, parsed.options, names);
  Status status = started.ok() ? CommitJob(store, parsed, job, names, *started) : started.status();
  if (status.ok()) return status;
  if (Status released = connector.ReleaseLog(); !released.ok()) {
    Log(LogLevel::kWarn, "release_log_failed", {{"job", job.name}, {"error", released.message()}});
  }
  return status;
}

}  // namespace freshet
