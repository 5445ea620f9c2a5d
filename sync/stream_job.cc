// SPDX-License-Identifier: Apache-2.0
// CREATE JOB .. DO INSERT INTO .. SELECT .. FROM cdc_stream(..).
#include "storage/read_view.h"
#include "sync/job_creation.h"
#include "sync/job_tables.h"
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

Status MakeStreamJob(Store& store, Connector& connector, const MappingFactory& mappings, JobDefinition& job) {
  if (!mappings) return Status(Code::kUnsupported, "this server runs no table-level jobs");
  ASSIGN_OR_RETURN(const StoredTablePtr target, FindInsertTarget(store, *job.insert));
  job.target = target->id;
  ASSIGN_OR_RETURN(const StreamSource stream, ParseStreamArguments(job.insert->arguments));
  ASSIGN_OR_RETURN(const ParsedJob source, ParseDefinition(job));
  const TableName name{source.source.schemas.front(), stream.table};
  TRY(connector.Preflight());
  ASSIGN_OR_RETURN(const SchemaPtr schema, DescribeSource(connector, name));
  ASSIGN_OR_RETURN(const std::unique_ptr<Mapping> mapping,
                   mappings(*job.insert, {schema, nullptr}, target->schema, {source.insert.strict}));
  job.kept_columns = ColumnsRead(*mapping, *schema);
  TRY(MakeShadowDatabase(store));
  ASSIGN_OR_RETURN(const ParsedJob parsed, ParseDefinition(job));
  return StartAndCommit(store, connector, parsed, job, {schema->name});
}

}  // namespace freshet
