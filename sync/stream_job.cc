// SPDX-License-Identifier: Apache-2.0
#include "sync/stream_job.h"

#include "storage/read_view.h"
#include "storage/target_writers.h"
#include "sync/job_creation.h"
#include "sync/job_table_store.h"
#include "sync/job_tables.h"
#include "sync/mapped_target.h"
#include "sync/object_job.h"
#include "sync/shadow_table.h"

namespace freshet {

namespace {

// The shape of the one source table.
Result<SchemaPtr> DescribeSource(Connector& connector, const TableName& name) {
  ASSIGN_OR_RETURN(const std::vector<TableDescription> described, connector.DescribeTables({name}));
  CHECK(described.size() == 1);
  if (described[0].schema != nullptr) return described[0].schema;
  if (described[0].problem.code() == Code::kNotFound) {
    return Status(Code::kNotFound, "Table does not exist: " + name.table);
  }
  return described[0].problem.Copy();
}

Status MakeShadowDatabase(Store& store) {
  Status made = store.CreateDatabase(kShadowDatabase);
  return made.code() == Code::kExists ? Status::Ok() : std::move(made);
}

}  // namespace

Result<StoredTablePtr> FindInsertTarget(Store& store, const InsertSelect& insert) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const ReadView> view, store.OpenView());
  const std::string name = insert.database + "." + insert.table;
  StoredTablePtr target = view->FindTable(insert.database, insert.table);
  if (target == nullptr) return Status(Code::kNotFound, "target table " + name + " does not exist");
  if (target->owner) {
    return Status(Code::kConflict, "target table " + name + " belongs to a job that mirrors a database");
  }
  return target;
}

namespace {

// What CREATE JOB, ALTER JOB and RESYNC TABLE ask source and target about.
struct Compiled {
  SchemaPtr source;
  std::vector<std::string> columns;  // of it, that the SELECT reads
  StoredTablePtr target;
  std::string key_statement;
  bool strict = true;
};

Result<Compiled> CompileNow(Store& store, Connector& connector, const MappingFactory& mappings,
                            const JobDefinition& job) {
  if (!mappings) return Status(Code::kUnsupported, "this server runs no table-level jobs");
  Compiled compiled;
  ASSIGN_OR_RETURN(compiled.target, FindInsertTarget(store, *job.insert));
  ASSIGN_OR_RETURN(const StreamSource stream, ParseStreamArguments(job.insert->arguments));
  ASSIGN_OR_RETURN(const ParsedJob parsed, ParseDefinition(job));
  ASSIGN_OR_RETURN(compiled.source, DescribeSource(connector, {parsed.source.schemas.front(), stream.table}));
  ASSIGN_OR_RETURN(const std::unique_ptr<Mapping> mapping,
                   mappings(*job.insert, {compiled.source, nullptr}, compiled.target->schema, {parsed.insert.strict}));
  compiled.columns = ColumnsRead(*mapping, *compiled.source);
  compiled.key_statement = mapping->key_statement();
  compiled.strict = parsed.insert.strict;
  return compiled;
}

// Whether both SELECTs give every source row the same target key.
bool SameKeys(const MappingFactory& mappings, const InsertSelect& before, const Compiled& now) {
  const Result<std::unique_ptr<Mapping>> earlier =
      mappings(before, {now.source, nullptr}, now.target->schema, {now.strict});
  return earlier.ok() && (*earlier)->key_statement() == now.key_statement;
}

// Null when there is none yet.
Result<StoredTablePtr> FindShadow(Store& store, const JobDefinition& job) {
  ASSIGN_OR_RETURN(const std::vector<TableRecord> records, LoadTables(store, job.id));
  ASSIGN_OR_RETURN(const std::shared_ptr<const ReadView> view, store.OpenView());
  return records.empty() ? nullptr : view->FindTable(kShadowDatabase, records.front().target);
}

}  // namespace

Status EnterTargetWriter(Store& store, const JobDefinition& job) {
  if (!job.insert || OverObjects(job)) return Status::Ok();
  ASSIGN_OR_RETURN(const ParsedJob parsed, ParseDefinition(job));
  store.target_writers().Enter(job.target, {job.id.value, !parsed.ends_when_settled()});
  return Status::Ok();
}

Status MakeStreamJob(Store& store, Connector& connector, const MappingFactory& mappings, JobDefinition& job) {
  TRY(connector.Preflight());
  ASSIGN_OR_RETURN(const Compiled compiled, CompileNow(store, connector, mappings, job));
  job.target = compiled.target->id;
  job.kept_columns = compiled.columns;
  TRY(MakeShadowDatabase(store));
  ASSIGN_OR_RETURN(const ParsedJob parsed, ParseDefinition(job));
  return StartAndCommit(store, connector, parsed, job, {compiled.source->name});
}

Result<SelectAdoption> AdoptSelect(Store& store, Connector& connector, const MappingFactory& mappings,
                                   const InsertSelect& before, JobDefinition& job) {
  ASSIGN_OR_RETURN(const Compiled compiled, CompileNow(store, connector, mappings, job));
  if (compiled.target->id != job.target) {
    return Status(Code::kConflict, "target table " + job.insert->database + "." + job.insert->table +
                                       " is another one than at CREATE JOB: it was dropped and made again");
  }
  SelectAdoption adoption{compiled.source->name, false};
  ASSIGN_OR_RETURN(const StoredTablePtr shadow, FindShadow(store, job));
  for (const std::string& name : compiled.columns) {
    // One that it does not know at all was added or renamed where the log has not been read yet.
    const std::optional<uint32_t> column = shadow ? shadow->schema->FindColumn(name) : std::nullopt;
    adoption.needs_copy = adoption.needs_copy || !column || shadow->schema->columns[*column].excluded;
  }
  adoption.needs_copy = adoption.needs_copy || !SameKeys(mappings, before, compiled);
  job.accepted_shape = compiled.source;
  return adoption;
}

Status AdoptForResync(Store& store, Connector& connector, const MappingFactory& mappings, JobDefinition& job) {
  ASSIGN_OR_RETURN(Compiled compiled, CompileNow(store, connector, mappings, job));
  job.target = compiled.target->id;
  job.kept_columns = std::move(compiled.columns);
  job.accepted_shape = nullptr;
  return Status::Ok();
}

Status RemoveMappedRows(UnitWriter& writer, const JobDefinition& job, const JobServiceOptions& limits) {
  Status removed = writer.DeleteOwnedRows(job.target, limits.piece_bytes_max);
  return removed.code() == Code::kNotFound ? Status::Ok() : std::move(removed);
}

std::function<std::unique_ptr<DerivedRows>()> MappedTargetOf(Store& store, const JobDefinition& job,
                                                             const ParsedJob& parsed, const JobServiceOptions& limits) {
  MappedTarget::Settings settings;
  settings.insert = *job.insert;
  settings.accepted = job.accepted_shape;
  settings.job = job.id;
  settings.target = job.target;
  settings.strict = parsed.insert.strict;
  settings.piece_bytes_max = limits.piece_bytes_max;
  settings.mappings = limits.mappings;
  return [&store, settings] { return std::make_unique<MappedTarget>(store, settings); };
}

}  // namespace freshet
