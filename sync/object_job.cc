// SPDX-License-Identifier: Apache-2.0
#include "sync/object_job.h"

#include "base/log.h"
#include "sync/job_creation.h"
#include "sync/job_tables.h"
#include "sync/object_records.h"

namespace freshet {

namespace {

// How many objects are looked at for a small one to learn the columns from.
constexpr size_t kShapeCandidatesMax = 1000;
constexpr std::chrono::seconds kCommitMax{10};

std::string SpoolOf(const ObjectLoading& loading, JobId job) {
  return loading.spool + "/job-" + std::to_string(job.value);
}

// The smallest of the first objects that has anything in it.
Result<ObjectInfo> FindSample(ObjectStore& objects, const ObjectSource& source, const std::string& after) {
  std::optional<ObjectInfo> sample;
  size_t seen = 0;
  const auto visit = [&](const ObjectInfo& object) {
    const bool better = object.size > 0 && (!sample || object.size < sample->size);
    if (better && !object.key.ends_with('/')) sample = object;
    return ++seen < kShapeCandidatesMax;
  };
  TRY(objects.List(after, visit, {}));
  // A set offset may leave nothing yet; older objects have the same columns.
  if (!sample && !after.empty()) return FindSample(objects, source, "");
  if (sample) return *sample;
  return Status(Code::kNotFound, "no object with content matches " + ShownName(source, source.pattern) +
                                     ": the first one tells the columns, so create the job once it is there");
}

Result<FileColumns> LearnColumns(const ObjectArguments& arguments, const ObjectLoading& loading, JobId job,
                                 const std::string& after) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ObjectStore> objects, ObjectStore::Open(arguments.source));
  ASSIGN_OR_RETURN(const ObjectInfo sample, FindSample(*objects, arguments.source, after));
  TRY(ResetSpool(SpoolOf(loading, job)));
  ObjectFetcher fetcher(*objects, SpoolOf(loading, job), {sample});
  ASSIGN_OR_RETURN(const std::optional<FetchedObject> fetched, fetcher.Next({}));
  CHECK(fetched.has_value());
  FileReader::Options options{fetched->file->path(), ShownName(arguments.source, sample.key), arguments.format,
                              std::nullopt};
  ASSIGN_OR_RETURN(const std::unique_ptr<FileReader> reader, loading.open_file(std::move(options)));
  return reader->columns();
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
  ASSIGN_OR_RETURN(const FileColumns columns, LearnColumns(arguments, loading, job.id, after));
  job.file_columns = columns.ToJson();
  MappingSource source;
  source.columns = std::make_shared<FileColumns>(columns);
  TRY(mappings(*job.insert, source, target->schema, {parsed.insert.strict}).status());
  ASSIGN_OR_RETURN(const std::unique_ptr<UnitWriter> writer, UnitWriter::Open(store, job.id));
  writer->PutRecord({RecordFamily::kJobs, JobKey(job.id), EncodeJob(job)});
  ASSIGN_OR_RETURN(const UnitWriter::Committed committed, writer->Commit(Position{ObjectPosition{after, "", 0, 0}}));
  return store.WaitDurable(committed.commit, Deadline::After(kCommitMax));
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

Status CheckObjectSelect(Store& store, const MappingFactory& mappings, const JobDefinition& job) {
  if (!mappings) return Status(Code::kUnsupported, "this server runs no jobs over s3(..)");
  ASSIGN_OR_RETURN(const StoredTablePtr target, FindInsertTarget(store, *job.insert));
  ASSIGN_OR_RETURN(const ParsedJob parsed, ParseDefinition(job));
  ASSIGN_OR_RETURN(FileColumns columns, FileColumns::FromJson(job.file_columns));
  MappingSource source;
  source.columns = std::make_shared<FileColumns>(std::move(columns));
  return mappings(*job.insert, source, target->schema, {parsed.insert.strict}).status();
}

Status RestoreObjects(Store& store, const JobDefinition& job, JobProgress& progress, const Clock& clock) {
  ASSIGN_OR_RETURN(const std::unique_ptr<UnitWriter> writer, UnitWriter::Open(store, job.id));
  ASSIGN_OR_RETURN(const TaskLedger ledger, TaskLedger::Load(store, job.id, 1, clock));
  progress.StatisticsChanged(ledger.statistics());
  progress.Applied(writer->position(), 0);
  return Status::Ok();
}

Status MoveObjectOffset(Store& store, JobId job, const std::string& file_name) {
  TRY(ForgetObjects(store, job, file_name));
  ASSIGN_OR_RETURN(const std::unique_ptr<UnitWriter> writer, UnitWriter::Open(store, job));
  const auto* at = std::get_if<ObjectPosition>(&writer->position().at);
  const uint64_t task = at == nullptr ? 0 : at->task;
  ASSIGN_OR_RETURN(const UnitWriter::Committed committed,
                   writer->Commit(Position{ObjectPosition{file_name, "", task + 1, 0}}));
  return store.WaitDurable(committed.commit, Deadline::After(kCommitMax));
}

}  // namespace freshet
