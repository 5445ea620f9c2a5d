// SPDX-License-Identifier: Apache-2.0
#include "ddl/mysql_alter.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "ddl/mysql_cursor.h"
#include "ddl/mysql_default.h"

namespace freshet {
namespace {

class Alteration {
 public:
  Alteration(const TableSchema& before, const MysqlAlterContext& context) : context_(context) {
    outcome_.schema = before;
    for (const uint32_t column : before.key_columns) key_ids_.push_back(before.columns[column].id);
  }

  Result<MysqlAlterOutcome> Run(const std::vector<MysqlAlterClause>& clauses) {
    // The server drops first, whatever the order: ADD COLUMN a, DROP COLUMN a replaces a.
    for (const MysqlAlterClause& clause : clauses) {
      if (const auto* drop = std::get_if<alter::DropColumn>(&clause)) TRY(Drop(*drop));
    }
    for (const MysqlAlterClause& clause : clauses) {
      TRY(std::visit([this](const auto& one) { return Apply(one); }, clause));
    }
    TRY(PlaceKey());
    return std::move(outcome_);
  }

 private:
  TableSchema& schema() { return outcome_.schema; }
  std::vector<Column>& columns() { return outcome_.schema.columns; }
  static Status Stop(std::string why) { return Status(Code::kUnsupported, std::move(why)); }

  Result<uint32_t> Find(const std::string& column) {
    const auto found = schema().FindColumn(column, /*ignore_case=*/true);
    if (!found) return Status(Code::kInvalid, "column " + column + " is not known");
    return *found;
  }
  bool IsKeyId(uint32_t id) const { return std::find(key_ids_.begin(), key_ids_.end(), id) != key_ids_.end(); }
  bool IsExcluded(const std::string& column) const {
    const auto& excluded = context_.excluded_columns;
    return std::find(excluded.begin(), excluded.end(), LowerAscii(column)) != excluded.end();
  }
  void Resync(std::string why) {
    if (outcome_.resync_reason.empty()) outcome_.resync_reason = std::move(why);
  }

  // Keys are places in the schema and places moved; ids did not.
  Status PlaceKey() {
    schema().key_columns.clear();
    for (const uint32_t id : key_ids_) {
      const auto at = std::find_if(columns().begin(), columns().end(), [id](const Column& c) { return c.id == id; });
      if (at == columns().end()) return Status(Code::kCorrupt, "key column lost");
      schema().key_columns.push_back(static_cast<uint32_t>(at - columns().begin()));
    }
    return Status::Ok();
  }

  Status Insert(Column column, const MysqlPlace& place) {
    if (place.kind == MysqlPlace::Kind::kFirst) {
      columns().insert(columns().begin(), std::move(column));
    } else if (place.kind == MysqlPlace::Kind::kAfter) {
      ASSIGN_OR_RETURN(const uint32_t after, Find(place.after));
      columns().insert(columns().begin() + after + 1, std::move(column));
    } else {
      columns().push_back(std::move(column));
    }
    return Status::Ok();
  }

  Result<Column> MakeColumn(const MysqlColumnDefinition& definition) {
    auto made = ColumnFromMysqlDefinition(definition, {context_.flavour, schema().default_collation});
    if (made.ok() || !IsExcluded(definition.name)) return made;
    Column column;  // decoded past by its wire type alone
    column.name = definition.name;
    column.source_type = definition.type.name;
    return column;
  }

  // What the rows that are there already read as.
  void SetInitialDefault(const MysqlColumnDefinition& definition, Column& column) {
    using Kind = MysqlDefault::Kind;
    const Kind kind = definition.default_value.kind;
    const std::string clause = "ADD COLUMN " + column.name + ": ";
    // A TIMESTAMP that does not say NULL may be NOT NULL with a clock default (explicit_defaults_for_timestamp).
    const bool clock = column.type.kind == TypeKind::kTimestamp && definition.nullable != true && kind != Kind::kNull;
    if (column.generated || definition.auto_increment) {
      Resync(clause + "the source computed the value of every row");
    } else if (kind != Kind::kNone && kind != Kind::kNull) {
      column.initial_default = column.insert_default;
      if (!column.initial_default) Resync(clause + "the default is not a literal whose stored value is certain");
    } else if (kind == Kind::kNone && (!column.nullable || clock)) {
      column.initial_default = ImplicitDefaultText(column.type, column.source_type);
      if (!column.initial_default) Resync(clause + "the value that rows got is not certain");
    }
  }

  Status Apply(const alter::AddColumn& add) {
    const MysqlColumnDefinition& definition = add.column;
    if (schema().FindColumn(definition.name, true)) {
      if (add.if_not_exists) return Status::Ok();
      return Status(Code::kInvalid, "ADD COLUMN " + definition.name + ": the column is there already");
    }
    if (definition.primary_key) return Stop("ADD COLUMN " + definition.name + " changes the primary key");
    if (definition.cascades && !context_.cascades_logged) return Stop(std::string(kUnloggedCascade));
    ASSIGN_OR_RETURN(Column column, MakeColumn(definition));
    column.excluded = IsExcluded(column.name);
    if (!column.excluded) SetInitialDefault(definition, column);
    column.id = schema().next_column_id++;
    return Insert(std::move(column), add.place);
  }

  Status Drop(const alter::DropColumn& drop) {
    const auto found = schema().FindColumn(drop.column, true);
    if (!found && drop.if_exists) return Status::Ok();
    if (!found) return Status(Code::kInvalid, "DROP COLUMN " + drop.column + ": the column is not known");
    if (IsKeyId(columns()[*found].id)) return Stop("DROP COLUMN " + drop.column + " drops a key column");
    columns().erase(columns().begin() + *found);
    return Status::Ok();
  }
  Status Apply(const alter::DropColumn&) { return Status::Ok(); }  // done before the others

  Status Apply(const alter::ChangeColumn& change) {
    const auto found = schema().FindColumn(change.column, true);
    if (!found && change.if_exists) return Status::Ok();
    const std::string clause = "MODIFY COLUMN " + change.column;
    if (!found) return Status(Code::kInvalid, clause + ": the column is not known");
    const MysqlColumnDefinition& definition = change.definition;
    Column& old = columns()[*found];
    if (!EqualWords(change.column, definition.name)) return Stop("CHANGE COLUMN " + change.column + " renames it");
    if (definition.primary_key) return Stop(clause + " changes the primary key");
    ASSIGN_OR_RETURN(Column column, MakeColumn(definition));
    // Display widths and the order of attributes are not part of a type; labels, lengths and collations are.
    if (column.type != old.type || column.collation != old.collation || column.source_type != old.source_type) {
      return Stop(clause + " changes its type");
    }
    if (column.generated != old.generated) return Stop(clause + " changes whether it is generated");
    if (column.generated) return Stop(clause + " may change how it is generated");
    const bool key = IsKeyId(old.id);
    // A primary key stays NOT NULL without saying so; a unique index does not, and NULLs are not unique.
    const bool primary = key && EqualWords(schema().key_name, "PRIMARY");
    if (key && !primary && column.nullable) return Stop(clause + " makes a key column nullable");
    column.nullable = column.nullable && !primary;
    // Outside strict mode the server turns NULLs into zeros without row events.
    if (!column.nullable && old.nullable) return Stop(clause + " makes it NOT NULL");
    column.id = old.id;
    column.name = definition.name;
    column.excluded = old.excluded;
    column.initial_default = old.initial_default;
    if (change.place.kind == MysqlPlace::Kind::kUnsaid) {
      old = std::move(column);
      return Status::Ok();
    }
    columns().erase(columns().begin() + *found);
    return Insert(std::move(column), change.place);
  }

  Status Apply(const alter::RenameColumn& rename) {
    if (rename.if_exists && !schema().FindColumn(rename.from, true)) return Status::Ok();
    return Stop("RENAME COLUMN " + rename.from + " cannot be followed");
  }

  Status Apply(const alter::SetDefault& set) {
    const auto found = schema().FindColumn(set.column, true);
    if (!found && set.if_exists) return Status::Ok();
    if (!found) return Status(Code::kInvalid, "ALTER COLUMN " + set.column + ": the column is not known");
    Column& column = columns()[*found];
    const auto kind = set.value.kind;
    const bool literal = kind != MysqlDefault::Kind::kNone && kind != MysqlDefault::Kind::kNull;
    column.insert_default = literal ? LiteralDefaultText(column.type, set.value) : std::nullopt;
    return Status::Ok();
  }

  Status Apply(const alter::AddIndex& add) {
    if (add.index.cascades && !context_.cascades_logged) return Stop(std::string(kUnloggedCascade));
    if (add.index.kind != MysqlIndex::Kind::kPrimary) return Status::Ok();
    return Stop("ADD PRIMARY KEY changes the primary key");
  }

  Status Apply(const alter::DropIndex& drop) {
    if (!EqualWords(drop.index, schema().key_name)) return Status::Ok();
    return Stop(EqualWords(drop.index, "PRIMARY")
                    ? "DROP PRIMARY KEY drops the key of the mirrored table"
                    : "DROP INDEX " + drop.index + " drops the key of the mirrored table");
  }

  Status Apply(const alter::RenameIndex& rename) {
    if (EqualWords(rename.from, schema().key_name)) schema().key_name = rename.to;
    return Status::Ok();
  }

  Status Apply(const alter::RenameTable&) { return Stop("RENAME TO cannot be followed"); }
  Status Apply(const alter::ConvertCharset&) { return Stop("CONVERT TO CHARACTER SET cannot be followed"); }

  Status Apply(const alter::Options& clause) {
    const MysqlTableOptions& options = clause.options;
    if (!options.collation.empty()) {
      schema().default_collation = options.collation;
    } else if (!options.charset.empty()) {
      schema().default_collation = MysqlDefaultCollation(options.charset, context_.flavour);
    }
    if (options.comment) schema().comment = *options.comment;
    return Status::Ok();
  }

  Status Apply(const alter::RemoveRows& remove) {
    Resync(remove.clause + " changes rows without row events");
    return Status::Ok();
  }
  Status Apply(const alter::NoEffect&) { return Status::Ok(); }

  const MysqlAlterContext& context_;
  MysqlAlterOutcome outcome_;
  std::vector<uint32_t> key_ids_;
};

}  // namespace

Result<MysqlAlterOutcome> ApplyMysqlAlter(const TableSchema& before, const std::vector<MysqlAlterClause>& clauses,
                                          const MysqlAlterContext& context) {
  return Alteration(before, context).Run(clauses);
}

}  // namespace freshet
