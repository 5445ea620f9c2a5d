// SPDX-License-Identifier: Apache-2.0
#include "sync/object_job.h"

#include <algorithm>

#include "base/log.h"
#include "sql/token.h"
#include "sync/job_creation.h"
#include "sync/job_table_store.h"
#include "sync/job_tables.h"
#include "sync/object_progress.h"
#include "sync/object_records.h"

namespace freshet {

namespace {

// How many objects are looked at for a small one to learn the columns from.
constexpr size_t kShapeCandidatesMax = 1000;
// And how many for the newest one: a hundred pages of a listing.
constexpr size_t kNewestCandidatesMax = 100'000;

std::string SpoolOf(const ObjectLoading& loading, JobId job) {
  return loading.spool + "/job-" + std::to_string(job.value);
}

enum class Sample : uint8_t { kSmallest, kNewest };

struct SampleChoice {
  const std::string& after;  // keys up to this one are not for the job
  Sample which = Sample::kSmallest;
  bool set_malformed_aside = false;
};

bool IsBetter(const ObjectInfo& object, const ObjectInfo& than, Sample which) {
  return which == Sample::kSmallest ? object.size < than.size : object.modified_us >= than.modified_us;
}

// One of the first objects that have anything in them.
Result<ObjectInfo> FindSample(ObjectStore& objects, const ObjectSource& source, const SampleChoice& choice) {
  const size_t seen_max = choice.which == Sample::kSmallest ? kShapeCandidatesMax : kNewestCandidatesMax;
  std::optional<ObjectInfo> sample;
  size_t seen = 0;
  const auto visit = [&](const ObjectInfo& object) {
    const bool content = object.size > 0 && !object.key.ends_with('/');
    if (content && (!sample || IsBetter(object, *sample, choice.which))) sample = object;
    return ++seen < seen_max;
  };
  TRY(objects.List(choice.after, visit, {}));
  // A set offset may leave nothing yet; older objects have the same columns.
  if (!sample && !choice.after.empty()) return FindSample(objects, source, {"", choice.which});
  if (sample) return *sample;
  return Status(Code::kNotFound, "no object with content matches " + ShownName(source, source.pattern) +
                                     ": the first one tells the columns, so create the job once it is there");
}

Result<FileColumns> LearnColumns(const ObjectArguments& arguments, const ObjectLoading& loading, JobId job,
                                 const SampleChoice& choice) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ObjectStore> objects, ObjectStore::Open(arguments.source));
  ASSIGN_OR_RETURN(const ObjectInfo sample, FindSample(*objects, arguments.source, choice));
  TRY(ResetSpool(SpoolOf(loading, job)));
  ObjectFetcher fetcher(*objects, SpoolOf(loading, job), {sample});
  ASSIGN_OR_RETURN(const std::optional<FetchedObject> fetched, fetcher.Next({}));
  CHECK(fetched.has_value());
  FileReader::Options options{fetched->file->path(), ShownName(arguments.source, sample.key), arguments.format,
                              std::nullopt, choice.set_malformed_aside};
  ASSIGN_OR_RETURN(const std::unique_ptr<FileReader> reader, loading.open_file(std::move(options)));
  return reader->columns();
}

bool NamesItsColumns(FileKind kind) {
  return kind == FileKind::kJsonLines || kind == FileKind::kJsonArray || kind == FileKind::kParquet;
}

void AddMissing(const FileColumns& known, FileColumns& columns) {
  for (const FileColumns::Column& column : known.columns) {
    const auto same = [&](const FileColumns::Column& other) { return EqualsIgnoreCase(other.name, column.name); };
    const bool there = std::any_of(columns.columns.begin(), columns.columns.end(), same);
    if (!there) columns.columns.push_back(column);
  }
}

}  // namespace

Result<ObjectArguments> ParseObjectArguments(const Properties& arguments, const std::string& file_root) {
  Properties rest = arguments;
  ObjectArguments parsed;
  ASSIGN_OR_RETURN(parsed.source, TakeObjectSource(rest, file_root));
  ASSIGN_OR_RETURN(parsed.format, TakeFileFormat(rest, parsed.source.pattern));
  if (!rest.empty()) return Status(Code::kInvalid, "Unexpected key: '" + rest.front().first + "'");
  return parsed;
}

Status MakeObjectJob(Store& store, const MappingFactory& mappings, const ObjectLoading& loading, JobDefinition& job) {
  if (!mappings || !loading.open_file) return Status(Code::kUnsupported, "this server runs no jobs over s3(..)");
  ASSIGN_OR_RETURN(const StoredTablePtr target, FindInsertTarget(store, *job.insert));
  job.target = target->id;
  ASSIGN_OR_RETURN(const ParsedJob parsed, ParseDefinition(job));
  ASSIGN_OR_RETURN(const ObjectArguments arguments, ParseObjectArguments(job.insert->arguments, loading.file_root));
  const std::string& after = parsed.insert.objects.start_after;
  ASSIGN_OR_RETURN(const FileColumns columns,
                   LearnColumns(arguments, loading, job.id, {after, Sample::kSmallest, !parsed.insert.strict}));
  job.file_columns = columns.ToJson();
  MappingSource source;
  source.columns = std::make_shared<FileColumns>(columns);
  TRY(mappings(*job.insert, source, target->schema, {parsed.insert.strict}).status());
  ASSIGN_OR_RETURN(const std::unique_ptr<UnitWriter> writer, UnitWriter::Open(store, job.id));
  writer->PutRecord({RecordFamily::kJobs, JobKey(job.id), EncodeJob(job)});
  return CommitNow(store, *writer, Position{ObjectPosition{after, "", 0, 0}});
}

Result<ObjectRun::Settings> ObjectRunSettings(const JobDefinition& job, const ParsedJob& parsed,
                                              const ObjectLoading& loading) {
  CHECK(job.insert.has_value());
  if (!loading.open_file) return Status(Code::kUnsupported, "this server runs no jobs over s3(..)");
  ASSIGN_OR_RETURN(ObjectArguments arguments, ParseObjectArguments(job.insert->arguments, loading.file_root));
  ASSIGN_OR_RETURN(FileColumns columns, FileColumns::FromJson(job.file_columns));
  ObjectRun::Settings settings;
  settings.job = job.id;
  settings.job_name = job.name;
  settings.insert = *job.insert;
  settings.columns = std::move(columns);
  settings.target = job.target;
  settings.source = std::move(arguments.source);
  settings.format = std::move(arguments.format);
  settings.rules = parsed.insert.objects;
  settings.strict = parsed.insert.strict;
  settings.max_filter_ratio = parsed.insert.max_filter_ratio;
  settings.poll = std::chrono::seconds(parsed.options.max_interval_s);
  settings.spool = SpoolOf(loading, job.id);
  settings.piece_bytes_max = loading.piece_bytes_max;
  return settings;
}

Status AdoptObjectSelect(Store& store, const MappingFactory& mappings, const ObjectLoading& loading,
                         const InsertSelect& before, JobDefinition& job) {
  if (!mappings) return Status(Code::kUnsupported, "this server runs no jobs over s3(..)");
  ASSIGN_OR_RETURN(const StoredTablePtr target, FindInsertTarget(store, *job.insert));
  ASSIGN_OR_RETURN(const ParsedJob parsed, ParseDefinition(job));
  ASSIGN_OR_RETURN(const ObjectArguments arguments, ParseObjectArguments(job.insert->arguments, loading.file_root));
  ASSIGN_OR_RETURN(const ObjectArguments earlier, ParseObjectArguments(before.arguments, loading.file_root));
  ASSIGN_OR_RETURN(const FileColumns known, FileColumns::FromJson(job.file_columns));
  const auto check = [&](const FileColumns& columns) {
    MappingSource source;
    source.columns = std::make_shared<FileColumns>(columns);
    return mappings(*job.insert, source, target->schema, {parsed.insert.strict}).status();
  };
  const bool same_format = earlier.format == arguments.format;
  Status fits = check(known);
  if (same_format && fits.ok()) return fits;
  const std::string& after = parsed.insert.objects.start_after;
  Result<FileColumns> learned =
      LearnColumns(arguments, loading, job.id, {after, Sample::kNewest, !parsed.insert.strict});
  // Without an object to learn from the error is about the SELECT.
  if (!learned.ok()) return same_format ? std::move(fits) : learned.status().Copy();
  // Objects without the new columns have NULL there; of those that are gone the same holds.
  if (same_format && NamesItsColumns(arguments.format.kind)) AddMissing(known, *learned);
  TRY(check(*learned));
  job.file_columns = learned->ToJson();
  return Status::Ok();
}

bool OverObjects(const JobDefinition& job) {
  return job.insert && job.insert->function == "s3";
}

Status RestoreObjects(Store& store, const JobDefinition& job, const ObjectLoading& loading, JobProgress& progress,
                      const Clock& clock) {
  ASSIGN_OR_RETURN(const std::unique_ptr<UnitWriter> writer, UnitWriter::Open(store, job.id));
  ASSIGN_OR_RETURN(const TaskLedger ledger, TaskLedger::Load(store, job.id, 1, clock));
  progress.StatisticsChanged(ledger.statistics());
  progress.Applied(writer->position(), 0);
  // A directory of --file-root that is gone is the run's error.
  const Result<ObjectArguments> arguments = ParseObjectArguments(job.insert->arguments, loading.file_root);
  if (!arguments.ok()) return Status::Ok();
  const bool finished = std::holds_alternative<JobFinished>(job.state);
  ShowObjects(progress, arguments->source, *job.insert, ledger.statistics(), {finished, 0});
  return Status::Ok();
}

Status MoveObjectOffset(Store& store, const JobDefinition& job, const std::string& file_name) {
  ASSIGN_OR_RETURN(const std::unique_ptr<UnitWriter> writer, UnitWriter::Open(store, job.id));
  const auto* at = std::get_if<ObjectPosition>(&writer->position().at);
  const uint64_t task = at == nullptr ? 0 : at->task;
  ASSIGN_OR_RETURN(std::vector<RecordWrite> records, ForgetObjects(store, job.id, file_name));
  TRY(RestartWindows(store, *writer, job.id));
  records.push_back({RecordFamily::kJobs, JobKey(job.id), EncodeJob(job)});
  for (RecordWrite& record : records) writer->PutRecord(std::move(record));
  return CommitNow(store, *writer, Position{ObjectPosition{file_name, "", task + 1, 0}});
}

}  // namespace freshet
