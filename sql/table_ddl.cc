// SPDX-License-Identifier: Apache-2.0
// DDL of users' own tables, each statement one commit under the leases of the tables that it changes.
#include "base/clock.h"
#include "sql/facts.h"
#include "sql/session.h"
#include "sql/table_shape.h"
#include "sql/token.h"

namespace freshet {

namespace {

Status UnknownTable(const std::string& database, const std::string& name) {
  return Status(Code::kNotFound, "Unknown table '" + database + "." + name + "'");
}

}  // namespace

std::string DuckEngine::JobNameOf(JobId job) const {
  const std::string by_id = "job " + std::to_string(job.value);
  const auto jobs = system_tables_.find("jobs");
  if (jobs == system_tables_.end()) return by_id;
  const std::vector<std::string>& columns = jobs->second->columns;
  const Result<SystemTable::Rows> rows = jobs->second->read({{"type", "insert"}});
  if (!rows.ok()) return by_id;
  for (const auto& row : *rows) {
    std::string name;
    bool is_it = false;
    for (size_t i = 0; i < columns.size() && i < row.size(); ++i) {
      if (EqualsIgnoreCase(columns[i], "Id")) is_it = row[i] == std::to_string(job.value);
      if (EqualsIgnoreCase(columns[i], "Name")) name = row[i].value_or("");
    }
    if (is_it && !name.empty()) return "job " + name;
  }
  return by_id;
}

StopToken DuckSession::BeginWrite() {
  MutexLock lock(fetch_mutex_);
  write_ = StopSource();
  return write_.get_token();
}

Status DuckSession::CheckDatabase(const std::string& database) const {
  if (!ToLower(database).starts_with(kInternalDatabasePrefix)) return Status::Ok();
  return Status(Code::kConflict, "database " + database + " is the program's own and read-only");
}

Result<StoredTablePtr> DuckSession::FindWritable(const ReadView& view, const std::string& database,
                                                 const std::string& name) const {
  ASSIGN_OR_RETURN(const StoredTablePtr table, FindTable(view, database, name));
  TRY(CheckDatabase(table->database));
  if (!table->owner) return table;
  return Status(Code::kConflict, "table " + table->database + "." + table->name + " is owned by " +
                                     engine_.JobNameOf(table->owner) + " and read-only");
}

Result<std::unique_ptr<TableLoad>> DuckSession::OpenLoad(const std::string& database, const std::string& name) {
  const StopToken stop = BeginWrite();
  ASSIGN_OR_RETURN(const std::shared_ptr<const ReadView> view, engine_.store().OpenView());
  ASSIGN_OR_RETURN(const StoredTablePtr table, FindWritable(*view, database, name));
  return TableLoad::Open(engine_.store(), table->id, "connection " + std::to_string(connection_id_), stop);
}

Status DuckSession::Run(const CreateTable& statement) {
  ASSIGN_OR_RETURN(const std::string database, DatabaseOr(statement.database));
  TRY(CheckDatabase(database));
  ASSIGN_OR_RETURN(const std::shared_ptr<const ReadView> view, engine_.store().OpenView());
  if (view->FindTable(database, statement.name) != nullptr) {
    if (statement.if_not_exists) return Status::Ok();
    return Status(Code::kExists, "Table '" + statement.name + "' already exists");
  }
  TableSchema schema;
  if (statement.like) {
    ASSIGN_OR_RETURN(const StoredTablePtr like, FindTable(*view, statement.like->schema, statement.like->name));
    schema = ShapeLike(*like->schema, database, statement.name);
  } else {
    ASSIGN_OR_RETURN(schema, ShapeOfTable(statement, database));
  }
  const Status made = engine_.store()
                          .CreateTable(JobId{}, database, statement.name,
                                       std::make_shared<const TableSchema>(std::move(schema)), /*ready=*/true)
                          .status();
  if (made.code() == Code::kNotFound) return Status(Code::kNotFound, "Unknown database '" + database + "'");
  if (made.code() == Code::kExists && statement.if_not_exists) return Status::Ok();
  return made.Copy();
}

Status DuckSession::Run(const AlterTable& statement) {
  ASSIGN_OR_RETURN(const std::unique_ptr<TableLoad> load, OpenLoad(statement.database, statement.name));
  const StoredTable& table = *load->table();
  ASSIGN_OR_RETURN(AlteredTable altered, ShapeAfter(*table.schema, statement, Clock::System().WallUs()));
  UnitWriter& writer = load->writer();
  if (altered.schema.version != table.schema->version) {
    SchemaChange change;
    change.kind = SchemaChangeKind::kAlterTable;
    change.old_schema = table.schema;
    change.new_schema = std::make_shared<const TableSchema>(std::move(altered.schema));
    TRY(writer.ApplySchemaChange(table.id, change));
  }
  if (!altered.rename_to.empty()) TRY(writer.RenameTable(table.id, table.database, altered.rename_to));
  return load->Finish();
}

Status DuckSession::Run(const RenameTables& statement) {
  const StopToken stop = BeginWrite();
  ASSIGN_OR_RETURN(const std::shared_ptr<const ReadView> view, engine_.store().OpenView());
  std::unique_ptr<TableLoad> load;
  // RENAME a TO b, b TO c: each pair sees what the ones before it did.
  std::map<std::pair<std::string, std::string>, StoredTablePtr> renamed;
  for (const MysqlRenameTable::Pair& pair : statement.pairs) {
    ASSIGN_OR_RETURN(const std::string from, DatabaseOr(pair.from.schema));
    ASSIGN_OR_RETURN(const std::string to, DatabaseOr(pair.to.schema));
    TRY(CheckDatabase(to));
    StoredTablePtr table;
    if (const auto earlier = renamed.find({from, pair.from.name}); earlier != renamed.end()) {
      table = earlier->second;
    } else {
      ASSIGN_OR_RETURN(table, FindWritable(*view, from, pair.from.name));
    }
    if (load == nullptr) {
      ASSIGN_OR_RETURN(
          load, TableLoad::Open(engine_.store(), table->id, "connection " + std::to_string(connection_id_), stop));
    } else {
      TRY(load->writer().Lease(table->id, Deadline::After(TableLoad::kLeaseWait), stop));
    }
    TRY(load->writer().RenameTable(table->id, to, pair.to.name));
    renamed[{to, pair.to.name}] = table;
  }
  return load->Finish();
}

Status DuckSession::Run(const TruncateTable& statement) {
  ASSIGN_OR_RETURN(const std::unique_ptr<TableLoad> load, OpenLoad(statement.database, statement.name));
  TRY(load->writer().TruncateTable(load->table()->id));
  return load->Finish();
}

Status DuckSession::Run(const DropTable& statement) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const ReadView> view, engine_.store().OpenView());
  ASSIGN_OR_RETURN(const std::string database, DatabaseOr(statement.database));
  TRY(CheckDatabase(database));
  const StoredTablePtr table = view->FindTable(database, statement.name);
  if (table == nullptr) {
    return statement.if_exists ? Status::Ok() : UnknownTable(database, statement.name);
  }
  if (table->owner) {
    return Status(Code::kConflict, "table " + database + "." + statement.name + " is owned by " +
                                       engine_.JobNameOf(table->owner) +
                                       "; drop the job, or take the table out of it with ALTER JOB .. DROP TABLE");
  }
  const StopToken stop = BeginWrite();
  ASSIGN_OR_RETURN(const std::unique_ptr<TableLoad> load,
                   TableLoad::Open(engine_.store(), table->id, "connection " + std::to_string(connection_id_), stop));
  SchemaChange change;
  change.kind = SchemaChangeKind::kDropTable;
  change.old_schema = table->schema;
  TRY(load->writer().ApplySchemaChange(table->id, change));
  return load->Finish();
}

}  // namespace freshet
