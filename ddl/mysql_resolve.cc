// SPDX-License-Identifier: Apache-2.0
#include "ddl/mysql_resolve.h"

#include <algorithm>
#include <utility>

#include "ddl/mysql_alter.h"
#include "ddl/mysql_cursor.h"
#include "ddl/mysql_parse.h"

namespace freshet {
namespace {

class Resolver {
 public:
  Resolver(std::string_view sql, std::string_view default_database, const Catalog& catalog,
           const MysqlFollowOptions& options)
      : sql_(sql), default_database_(default_database), catalog_(catalog), options_(options) {}

  Result<std::vector<SchemaChange>> Run() {
    const MysqlStatement statement = ParseMysqlStatement(sql_, options_.lex);
    TRY(std::visit([this](const auto& one) { return Follow(one); }, statement));
    return std::move(changes_);
  }

 private:
  TableName Resolve(const MysqlObjectName& object) const {
    TableName name{object.schema.empty() ? std::string(default_database_) : object.schema, object.name};
    if (options_.ignore_case) name = {LowerAscii(name.schema), LowerAscii(name.table)};
    return name;
  }
  SchemaPtr Tracked(const TableName& name) const { return catalog_.Find(name); }
  // A table that is to be picked up when it appears.
  bool Wanted(const TableName& name) const {
    const auto& databases = options_.databases;
    const bool mirrored = std::any_of(databases.begin(), databases.end(), [&](const std::string& database) {
      return options_.ignore_case ? EqualWords(database, name.schema) : database == name.schema;
    });
    return mirrored && options_.filter.Matches(name);
  }

  void Emit(SchemaChangeKind kind, SchemaPtr before, SchemaPtr after, std::string reason = "") {
    changes_.push_back({kind, std::move(before), std::move(after), std::string(sql_), std::move(reason)});
  }
  // Once per table and statement: a stopped table has nothing more to follow.
  void Stop(const TableName& name, SchemaPtr before, const std::string& why) {
    for (const SchemaChange& change : changes_) {
      if (change.kind == SchemaChangeKind::kStopTable && before != nullptr && change.old_schema == before) return;
    }
    const std::string table = name.ToString();
    Emit(SchemaChangeKind::kStopTable, std::move(before), nullptr,
         "table " + table + ": " + why + "; to go on: ALTER JOB <job> RESYNC TABLE " + table);
  }

  MysqlAlterContext ContextOf(const TableName& name) const {
    constexpr uint32_t kCascadesLoggedSince = 90600;  // foreign keys are enforced above InnoDB from then on
    MysqlAlterContext context{options_.lex.flavour, {}};
    context.cascades_logged =
        options_.lex.flavour == MysqlFlavour::kMysql && options_.lex.server_version >= kCascadesLoggedSince;
    for (const MysqlExcludedColumn& excluded : options_.excluded_columns) {
      const bool same =
          options_.ignore_case ? EqualWords(excluded.table.ToString(), name.ToString()) : excluded.table == name;
      if (same) context.excluded_columns.push_back(LowerAscii(excluded.column));
    }
    return context;
  }

  Status Follow(const MysqlOther&) { return Status::Ok(); }

  Status Follow(const MysqlCreateTable& create) {
    const TableName name = Resolve(create.name);
    if (create.temporary) return Status::Ok();
    const SchemaPtr before = Tracked(name);
    if (before && create.if_not_exists) return Status::Ok();
    if (before && !create.or_replace) {
      Stop(name, before, "CREATE TABLE of a table that is there already");
      return Status::Ok();
    }
    if (before) Emit(SchemaChangeKind::kDropTable, before, nullptr);
    if (!Wanted(name)) return Status::Ok();
    auto schema = NewSchema(create, name);
    if (!schema.ok()) {
      Stop(name, nullptr, "CREATE TABLE: " + schema.status().message());
      return Status::Ok();
    }
    Emit(SchemaChangeKind::kCreateTable, nullptr, std::make_shared<const TableSchema>(std::move(schema).value()));
    return Status::Ok();
  }

  Result<TableSchema> NewSchema(const MysqlCreateTable& create, const TableName& name) const {
    if (create.as_select) return Status(Code::kUnsupported, "its shape comes from a SELECT");
    if (create.like) {
      const TableName model = Resolve(*create.like);
      const SchemaPtr found = Tracked(model);
      if (!found)
        return Status(Code::kUnsupported, "its shape comes from " + model.ToString() + ", which is not mirrored");
      return CopyShape(*found, name);
    }
    const auto collation = options_.database_collations.find(name.schema);
    return SchemaFromMysqlCreate(create, name,
                                 collation == options_.database_collations.end() ? std::string() : collation->second,
                                 ContextOf(name));
  }

  // A table of its own: ids start anew, nothing was stored before any of its columns existed.
  Result<TableSchema> CopyShape(const TableSchema& model, const TableName& name) const {
    const MysqlAlterContext context = ContextOf(name);
    TableSchema schema = model;
    schema.name = name;
    schema.version = 1;
    schema.next_column_id = 1;
    for (Column& column : schema.columns) {
      const auto& excluded = context.excluded_columns;
      const bool skip = std::find(excluded.begin(), excluded.end(), LowerAscii(column.name)) != excluded.end();
      // The model's excluded column may be of a type that was never looked at.
      if (column.excluded && !skip)
        return Status(Code::kUnsupported, "column " + column.name + " is excluded in " + model.name.ToString());
      column.excluded = skip;
      column.id = schema.next_column_id++;
      column.initial_default.reset();
    }
    return schema;
  }

  Status Follow(const MysqlAlterTable& alter) {
    const TableName name = Resolve(alter.name);
    const SchemaPtr before = Tracked(name);
    for (const MysqlAlterClause& clause : alter.clauses) {
      if (const auto* rename = std::get_if<alter::RenameTable>(&clause)) return FollowRename(alter.name, rename->to);
    }
    if (!before) return Status::Ok();
    auto outcome = ApplyMysqlAlter(*before, alter.clauses, ContextOf(name));
    if (!outcome.ok()) {
      Stop(name, before, "ALTER TABLE: " + outcome.status().message());
      return Status::Ok();
    }
    TableSchema& after = outcome->schema;
    const bool same = after == *before;
    if (same && outcome->resync_reason.empty()) return Status::Ok();
    if (!same) after.version = before->version + 1;
    SchemaPtr schema = same ? before : std::make_shared<const TableSchema>(std::move(after));
    if (outcome->resync_reason.empty()) {
      Emit(SchemaChangeKind::kAlterTable, before, std::move(schema));
    } else {
      Emit(SchemaChangeKind::kResyncTable, before, std::move(schema),
           "table " + name.ToString() + ": ALTER TABLE: " + outcome->resync_reason);
    }
    return Status::Ok();
  }

  Status FollowRename(const MysqlObjectName& from_object, const MysqlObjectName& to_object) {
    const TableName from = Resolve(from_object);
    const TableName to = Resolve(to_object);
    if (from == to) return Status::Ok();
    if (const SchemaPtr before = Tracked(from))
      Stop(from, before, "RENAME TABLE to " + to.ToString() + " cannot be followed");
    if (const SchemaPtr target = Tracked(to)) {
      Stop(to, target, "RENAME TABLE puts another table in its place");
    } else if (Wanted(to)) {
      Stop(to, nullptr, "RENAME TABLE from " + from.ToString() + " cannot be followed");
    }
    return Status::Ok();
  }

  Status Follow(const MysqlRenameTable& rename) {
    for (const auto& pair : rename.pairs) TRY(FollowRename(pair.from, pair.to));
    return Status::Ok();
  }

  Status Follow(const MysqlDropTable& drop) {
    if (drop.temporary) return Status::Ok();
    for (const MysqlObjectName& object : drop.names) {
      if (SchemaPtr before = Tracked(Resolve(object))) Emit(SchemaChangeKind::kDropTable, std::move(before), nullptr);
    }
    return Status::Ok();
  }

  Status Follow(const MysqlTruncateTable& truncate) {
    if (const SchemaPtr before = Tracked(Resolve(truncate.name))) {
      Emit(SchemaChangeKind::kTruncateTable, before, before);
    }
    return Status::Ok();
  }

  Status Follow(const MysqlDropDatabase& drop) {
    for (SchemaPtr& schema : catalog_.All()) {
      const std::string& database = schema->name.schema;
      if (options_.ignore_case ? EqualWords(database, drop.name) : database == drop.name) {
        Emit(SchemaChangeKind::kDropTable, std::move(schema), nullptr);
      }
    }
    return Status::Ok();
  }

  Status Follow(const MysqlUnparsed& unparsed) {
    for (const MysqlObjectName& object : unparsed.tables) {
      const TableName name = Resolve(object);
      if (const SchemaPtr before = Tracked(name)) Stop(name, before, unparsed.problem);
    }
    if (!unparsed.tables.empty()) return Status::Ok();
    // Not even tokens: any table whose name occurs in the text may be meant.
    const std::string text = LowerAscii(sql_);
    for (const SchemaPtr& schema : catalog_.All()) {
      if (text.find(LowerAscii(schema->name.table)) != std::string::npos) Stop(schema->name, schema, unparsed.problem);
    }
    return Status::Ok();
  }

  const std::string_view sql_;
  const std::string_view default_database_;
  const Catalog& catalog_;
  const MysqlFollowOptions& options_;
  std::vector<SchemaChange> changes_;
};

}  // namespace

Result<std::vector<SchemaChange>> FollowMysqlStatement(std::string_view sql, std::string_view default_database,
                                                       const Catalog& catalog, const MysqlFollowOptions& options) {
  return Resolver(sql, default_database, catalog, options).Run();
}

}  // namespace freshet
