// SPDX-License-Identifier: Apache-2.0
#include "sql/table_shape.h"

#include <algorithm>

#include "cdc/change/text_cell.h"
#include "ddl/mysql_default.h"
#include "ddl/mysql_types.h"
#include "sql/own_types.h"
#include "sql/token.h"
#include "sql/written_text.h"

namespace freshet {

namespace {

using Kind = MysqlDefault::Kind;

constexpr uint32_t kColumnsMax = 4096;  // of one table, as in MySQL

std::string_view CollationOf(const LogicalType& type) {
  const bool text = type.kind == TypeKind::kString || type.kind == TypeKind::kEnum || type.kind == TypeKind::kSet;
  return text ? "utf8mb4_bin" : "";
}

const ColumnExtra* ExtraOf(const std::vector<ColumnExtra>& extras, const std::string& column) {
  const ColumnExtra* found = nullptr;
  for (const ColumnExtra& extra : extras) {
    if (extra.column == ToLower(column)) found = &extra;
  }
  return found;
}

// Kinds that MySQL's grammar has no word, and so no literal, for.
bool IsOwnKind(TypeKind kind) {
  return kind == TypeKind::kBool || kind == TypeKind::kUuid || kind == TypeKind::kArray ||
         kind == TypeKind::kInterval || kind == TypeKind::kTimeOfDay || kind == TypeKind::kTimeTz ||
         kind == TypeKind::kBitString;
}

// As messages name a type.
std::string ShownType(const Column& column) {
  return IsOwnKind(column.type.kind) ? OwnTypeName(column) : MysqlTypeName(column.type);
}

Status SetDefault(const MysqlDefault& value, Column& column) {
  column.insert_default.reset();
  column.insert_now = false;
  if (value.kind == Kind::kNone) return Status::Ok();
  if (value.kind == Kind::kNull) {
    if (column.nullable) return Status::Ok();
    return Status(Code::kInvalid, "column " + column.name + ": DEFAULT NULL of a NOT NULL column");
  }
  LogicalType type = column.type;
  // Sessions here are in UTC: the literal is the value.
  if (type.kind == TypeKind::kTimestamp) type.kind = TypeKind::kDateTime;
  std::optional<std::string> text;
  if (IsOwnKind(type.kind)) {
    if (value.kind == Kind::kNumber || value.kind == Kind::kString) text = value.text;
    if (text && column.type.kind == TypeKind::kArray) {
      std::string arena;
      const Result<Cell> cell = WrittenText(column).CellOf(*text, arena);
      text = cell.ok() ? std::optional(arena) : std::nullopt;
    }
  } else {
    text = LiteralDefaultText(type, value);
  }
  std::string arena;
  if (!text || !CellFromText(column.type, *text, arena).ok()) {
    return Status(Code::kUnsupported, "column " + column.name + ": the default is no literal that " +
                                          MysqlTypeName(column.type) + " holds exactly");
  }
  column.insert_default = std::move(text);
  return Status::Ok();
}

Result<Column> ShapeOfColumn(const MysqlColumnDefinition& definition, const std::vector<ColumnExtra>& extras) {
  MysqlColumnDefinition plain = definition;
  plain.default_value = {};
  auto made = ColumnFromMysqlDefinition(plain, {MysqlFlavour::kMysql, "utf8mb4_bin"});
  if (!made.ok()) {
    return Status(Code::kUnsupported,
                  "column " + definition.name + ": type " + definition.type.name + " is not supported");
  }
  Column column = *std::move(made);
  const ColumnExtra* const extra = ExtraOf(extras, definition.name);
  if (extra != nullptr && extra->type) {
    column.type = *extra->type;
    column.source_type = extra->type_name;
  }
  column.collation = CollationOf(column.type);
  TRY(SetDefault(definition.default_value, column));
  if (extra != nullptr && extra->default_now) {
    if (column.type.kind != TypeKind::kDateTime && column.type.kind != TypeKind::kTimestamp) {
      return Status(Code::kInvalid,
                    "column " + column.name + ": DEFAULT CURRENT_TIMESTAMP is for DATETIME and TIMESTAMP");
    }
    column.insert_now = true;
  }
  return column;
}

// Kinds whose order by bytes would be wrong, or whose values have no key form.
bool MayBeKey(const LogicalType& type) {
  return type.kind != TypeKind::kJson && type.kind != TypeKind::kFloat32 && type.kind != TypeKind::kFloat64 &&
         type.kind != TypeKind::kArray && type.kind != TypeKind::kInterval;
}

Result<std::vector<std::string>> KeyNames(const CreateTable& create) {
  std::vector<std::vector<std::string>> keys;
  if (!create.unique_key.empty()) keys.push_back(create.unique_key);
  for (const MysqlColumnDefinition& column : create.definition.columns) {
    if (column.primary_key) keys.push_back({column.name});
  }
  for (const MysqlIndex& index : create.definition.indexes) {
    if (index.kind != MysqlIndex::Kind::kPrimary) continue;
    keys.emplace_back();
    for (const MysqlKeyPart& part : index.parts) keys.back().push_back(part.column);
  }
  if (keys.empty()) {
    return Status(Code::kInvalid, "table " + create.name + " has no key: PRIMARY KEY(..) or UNIQUE KEY(..) is needed");
  }
  if (keys.size() > 1) return Status(Code::kInvalid, "table " + create.name + " has more than one key");
  return keys.front();
}

Status ChooseKey(const CreateTable& create, TableSchema& schema) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, KeyNames(create));
  for (const std::string& name : names) {
    const auto found = schema.FindColumn(name, /*ignore_case=*/true);
    if (!found) return Status(Code::kInvalid, "key column " + name + " is not a column of the table");
    if (schema.IsKey(*found)) return Status(Code::kInvalid, "column " + name + " is twice in the key");
    Column& column = schema.columns[*found];
    if (!MayBeKey(column.type)) {
      return Status(Code::kUnsupported, "column " + name + ": " + ShownType(column) + " cannot be a key");
    }
    column.nullable = false;
    schema.key_columns.push_back(*found);
  }
  schema.key_name = "PRIMARY";
  return Status::Ok();
}

// ALTER TABLE, clause by clause.
class Alteration {
 public:
  Alteration(const TableSchema& before, const AlterTable& alter, int64_t now_us) : alter_(alter), now_us_(now_us) {
    altered_.schema = before;
    for (const uint32_t column : before.key_columns) key_ids_.push_back(before.columns[column].id);
  }

  Result<AlteredTable> Run() {
    const TableSchema before = altered_.schema;
    for (const MysqlAlterClause& clause : alter_.clauses) {
      TRY(std::visit([this](const auto& one) { return Apply(one); }, clause));
    }
    altered_.schema.key_columns.clear();
    for (const uint32_t id : key_ids_) {
      const auto at = std::find_if(columns().begin(), columns().end(), [id](const Column& c) { return c.id == id; });
      CHECK(at != columns().end());
      altered_.schema.key_columns.push_back(static_cast<uint32_t>(at - columns().begin()));
    }
    if (altered_.schema != before) ++altered_.schema.version;
    return std::move(altered_);
  }

 private:
  std::vector<Column>& columns() { return altered_.schema.columns; }
  bool IsKeyId(uint32_t id) const { return std::find(key_ids_.begin(), key_ids_.end(), id) != key_ids_.end(); }
  static Status Refuse(std::string why) { return Status(Code::kUnsupported, "not supported: " + std::move(why)); }

  // nullopt only where `if_exists` allows it.
  Result<std::optional<uint32_t>> Find(const std::string& name, bool if_exists) {
    const auto found = altered_.schema.FindColumn(name, /*ignore_case=*/true);
    if (!found && !if_exists) return Status(Code::kInvalid, "Unknown column '" + name + "'");
    return found;
  }
  Status CheckNewName(const std::string& name) const {
    if (!altered_.schema.FindColumn(name, /*ignore_case=*/true)) return Status::Ok();
    return Status(Code::kInvalid, "Duplicate column name '" + name + "'");
  }
  Status Insert(Column column, const MysqlPlace& place) {
    if (place.kind == MysqlPlace::Kind::kFirst) {
      columns().insert(columns().begin(), std::move(column));
    } else if (place.kind == MysqlPlace::Kind::kAfter) {
      ASSIGN_OR_RETURN(const auto after, Find(place.after, false));
      columns().insert(columns().begin() + *after + 1, std::move(column));
    } else {
      columns().push_back(std::move(column));
    }
    return Status::Ok();
  }

  // What the rows that are there read as.
  Status SetInitialDefault(Column& column) {
    if (column.insert_now) {
      int64_t unit = 1;
      for (unsigned digits = column.type.precision; digits < 6; ++digits) unit *= 10;
      std::string text;
      AppendCellText(column.type, Cell::Int(now_us_ / unit * unit), "", text);
      column.initial_default = std::move(text);
    } else if (column.insert_default) {
      column.initial_default = column.insert_default;
    } else if (!column.nullable) {
      const bool own = IsOwnKind(column.type.kind) && column.type.kind != TypeKind::kUuid;
      if (!own) column.initial_default = ImplicitDefaultText(column.type, column.source_type);
      if (column.type.kind == TypeKind::kBool) column.initial_default = "0";
      std::string arena;
      if (!column.initial_default || !CellFromText(column.type, *column.initial_default, arena).ok()) {
        return Status(Code::kInvalid,
                      "column " + column.name + " is NOT NULL and needs a DEFAULT for the rows that are there");
      }
    }
    return Status::Ok();
  }

  Status Apply(const alter::AddColumn& add) {
    if (add.if_not_exists && altered_.schema.FindColumn(add.column.name, true)) return Status::Ok();
    TRY(CheckNewName(add.column.name));
    if (add.column.primary_key) return Refuse("a change of the primary key");
    if (columns().size() >= kColumnsMax) return Status(Code::kInvalid, "Too many columns");
    ASSIGN_OR_RETURN(Column column, ShapeOfColumn(add.column, alter_.extras));
    TRY(SetInitialDefault(column));
    column.id = altered_.schema.next_column_id++;
    return Insert(std::move(column), add.place);
  }
  Status Apply(const alter::DropColumn& drop) {
    ASSIGN_OR_RETURN(const auto found, Find(drop.column, drop.if_exists));
    if (!found) return Status::Ok();
    if (IsKeyId(columns()[*found].id)) return Refuse("DROP COLUMN of key column " + drop.column);
    columns().erase(columns().begin() + *found);
    return Status::Ok();
  }
  Status Apply(const alter::ChangeColumn& change) {
    ASSIGN_OR_RETURN(const auto found, Find(change.column, change.if_exists));
    if (!found) return Status::Ok();
    const Column old = columns()[*found];
    if (!EqualsIgnoreCase(change.column, change.definition.name)) TRY(CheckNewName(change.definition.name));
    if (change.definition.primary_key && !IsKeyId(old.id)) return Refuse("a change of the primary key");
    ASSIGN_OR_RETURN(Column column, ShapeOfColumn(change.definition, alter_.extras));
    if (!IsWider(old.type, column.type, IsKeyId(old.id)) || !ElementsAreWider(old, column)) {
      return Refuse("MODIFY COLUMN " + change.column + ": " + ShownType(old) + " to " + ShownType(column) +
                    " (only to a wider type of the same kind)");
    }
    if (IsKeyId(old.id)) column.nullable = false;
    if (old.nullable && !column.nullable)
      return Refuse("MODIFY COLUMN " + change.column + ": NOT NULL for a column that allowed NULL");
    column.id = old.id;
    column.initial_default = old.initial_default;
    if (change.place.kind == MysqlPlace::Kind::kUnsaid) {
      columns()[*found] = std::move(column);
      return Status::Ok();
    }
    columns().erase(columns().begin() + *found);
    return Insert(std::move(column), change.place);
  }
  Status Apply(const alter::RenameColumn& rename) {
    ASSIGN_OR_RETURN(const auto found, Find(rename.from, rename.if_exists));
    if (!found) return Status::Ok();
    if (!EqualsIgnoreCase(rename.from, rename.to)) TRY(CheckNewName(rename.to));
    columns()[*found].name = rename.to;
    return Status::Ok();
  }
  Status Apply(const alter::SetDefault& set) {
    ASSIGN_OR_RETURN(const auto found, Find(set.column, set.if_exists));
    return found ? SetDefault(set.value, columns()[*found]) : Status::Ok();
  }
  Status Apply(const alter::AddIndex& add) {
    if (add.index.kind == MysqlIndex::Kind::kPrimary) return Refuse("a change of the primary key");
    if (add.index.kind == MysqlIndex::Kind::kUnique) return Refuse("a UNIQUE index beside the primary key");
    return Status::Ok();  // another index would change no answer
  }
  Status Apply(const alter::DropIndex& drop) {
    return EqualsIgnoreCase(drop.index, "PRIMARY") ? Refuse("a change of the primary key") : Status::Ok();
  }
  Status Apply(const alter::RenameIndex&) { return Status::Ok(); }
  Status Apply(const alter::RenameTable& rename) {
    altered_.rename_to = rename.to.name;
    return rename.to.schema.empty() ? Status::Ok()
                                    : Refuse("ALTER TABLE .. RENAME to another database; use RENAME TABLE");
  }
  Status Apply(const alter::ConvertCharset&) { return Status::Ok(); }  // text is UTF-8
  Status Apply(const alter::Options& clause) {
    if (clause.options.comment) altered_.schema.comment = *clause.options.comment;
    return Status::Ok();
  }
  Status Apply(const alter::RemoveRows& remove) { return Refuse(remove.clause); }
  Status Apply(const alter::NoEffect&) { return Status::Ok(); }

  // Arrays keep their elements' text: a wider type of the same kind, or any text.
  static bool ElementsAreWider(const Column& before, const Column& after) {
    if (after.type.kind != TypeKind::kArray) return true;
    const std::optional<LogicalType> to = ArrayElementType(after);
    if (!to || (to->kind == TypeKind::kString && to->length == 0)) return true;
    const std::optional<LogicalType> from = ArrayElementType(before);
    return from && IsWider(*from, *to, /*is_key=*/false);
  }

  // Every value of `before` is one of `after`, in the same stored form.
  static bool IsWider(const LogicalType& before, const LogicalType& after, bool is_key) {
    if (before == after) return true;
    const auto is_signed = [](TypeKind kind) { return kind >= TypeKind::kBool && kind <= TypeKind::kInt64; };
    const auto is_unsigned = [](TypeKind kind) { return kind >= TypeKind::kUint8 && kind <= TypeKind::kUint64; };
    if ((is_signed(before.kind) && is_signed(after.kind)) || (is_unsigned(before.kind) && is_unsigned(after.kind))) {
      return before.kind <= after.kind;
    }
    if (before.kind != after.kind || before.fixed != after.fixed) return false;
    const bool longer = after.length == 0 || (before.length != 0 && after.length >= before.length);
    switch (before.kind) {
      case TypeKind::kString: return longer;
      case TypeKind::kBytes: return longer && !before.fixed;
      case TypeKind::kDecimal:
        // Above 18 digits the stored form is another one.
        return before.scale == after.scale && before.precision <= after.precision && !is_key &&
               (before.precision <= 18) == (after.precision <= 18);
      case TypeKind::kTimeSpan:
      case TypeKind::kDateTime:
      case TypeKind::kTimestamp: return before.precision <= after.precision;
      case TypeKind::kBitInt: return before.length <= after.length;
      case TypeKind::kEnum:
        return before.labels && after.labels && after.labels->size() >= before.labels->size() &&
               std::equal(before.labels->begin(), before.labels->end(), after.labels->begin());
      default: return false;
    }
  }

  const AlterTable& alter_;
  const int64_t now_us_;
  AlteredTable altered_;
  std::vector<uint32_t> key_ids_;
};

}  // namespace

Result<TableSchema> ShapeOfTable(const CreateTable& create, const std::string& database) {
  TableSchema schema;
  schema.name = {database, create.name};
  schema.comment = create.comment;
  schema.create_options = create.options;
  schema.default_collation = "utf8mb4_bin";
  if (create.definition.columns.size() > kColumnsMax) return Status(Code::kInvalid, "Too many columns");
  for (const MysqlColumnDefinition& definition : create.definition.columns) {
    if (schema.FindColumn(definition.name, /*ignore_case=*/true)) {
      return Status(Code::kInvalid, "Duplicate column name '" + definition.name + "'");
    }
    ASSIGN_OR_RETURN(Column column, ShapeOfColumn(definition, create.extras));
    column.id = schema.next_column_id++;
    schema.columns.push_back(std::move(column));
  }
  TRY(ChooseKey(create, schema));
  return schema;
}

TableSchema ShapeLike(const TableSchema& other, const std::string& database, const std::string& name) {
  TableSchema schema = other;
  schema.name = {database, name};
  schema.version = 1;
  schema.source_id = 0;
  schema.columns.clear();
  schema.key_columns.clear();
  schema.key_name = "PRIMARY";
  schema.next_column_id = 1;
  std::vector<uint32_t> place(other.columns.size());
  for (size_t i = 0; i < other.columns.size(); ++i) {
    if (other.columns[i].excluded) continue;
    Column column = other.columns[i];
    column.id = schema.next_column_id++;
    column.generated = false;
    column.initial_default.reset();
    column.collation = CollationOf(column.type);
    if (column.type.kind == TypeKind::kArray) column.source_type = OwnTypeName(column);
    place[i] = static_cast<uint32_t>(schema.columns.size());
    schema.columns.push_back(std::move(column));
  }
  for (const uint32_t key : other.key_columns) schema.key_columns.push_back(place[key]);
  return schema;
}

Result<AlteredTable> ShapeAfter(const TableSchema& before, const AlterTable& alter, int64_t now_us) {
  return Alteration(before, alter, now_us).Run();
}

}  // namespace freshet
