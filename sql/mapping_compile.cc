// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>
#include <set>

#include "cdc/change/text_cell.h"
#include "sql/duckdb_mapping.h"
#include "sql/mapping_cast.h"
#include "sql/readable_type.h"

namespace freshet {

namespace {

// The time of the batch, cut to the column's fraction digits.
std::string NowInColumn(const Column& column) {
  std::string unit = "1";
  for (unsigned digits = column.type.precision; digits < 6; ++digits) unit += '0';
  return "make_timestamp(epoch_us(CAST(now() AS TIMESTAMP)) // " + unit + " * " + unit + ")";
}

// A column of USING may be the other table's. Its values equal the source's, but are the same only in the same type.
Status CheckKeyType(duckdb_connection connection, const MappingPlan& plan, size_t item, duckdb_logical_type type) {
  ASSIGN_OR_RETURN(const std::string text, plan.SelectOfSource({item}));
  DuckPrepared prepared;
  // An error is said where the whole statement is prepared.
  if (duckdb_prepare(connection, text.c_str(), prepared.out()) != DuckDBSuccess) return Status::Ok();
  const DuckType alone(duckdb_prepared_statement_column_logical_type(prepared.get(), 1));
  if (duckdb_get_type_id(type) == DUCKDB_TYPE_SQLNULL || ReadableTypeName(type) == ReadableTypeName(alone.get())) {
    return Status::Ok();
  }
  return Status(Code::kInvalid, "the target's key: " + plan.items()[item].text + " is " + ReadableTypeName(type) +
                                    " in the SELECT and " + ReadableTypeName(alone.get()) +
                                    " in the source; name the source's column, as alias.column");
}

}  // namespace

Status DuckMapping::Connect() {
  if (duckdb_connect(engine_.database(), connection_.out()) != DuckDBSuccess) {
    return Status(Code::kInvalid, "cannot connect to DuckDB");
  }
  DuckContext context;
  duckdb_connection_get_client_context(connection_.get(), context.out());
  duckdb_id_ = duckdb_client_context_get_connection_id(context.get());
  return Status::Ok();
}

Result<DuckType> DuckMapping::TypeNamed(const std::string& name) {
  DuckPrepared prepared;
  if (duckdb_prepare(connection_.get(), ("SELECT CAST(NULL AS " + name + ")").c_str(), prepared.out()) !=
      DuckDBSuccess) {
    return DuckError(duckdb_prepare_error(prepared.get()));
  }
  return DuckType(duckdb_prepared_statement_column_logical_type(prepared.get(), 0));
}

Status DuckMapping::MakeInput(const MappingSource& source) {
  CHECK((source.table != nullptr) != (source.columns != nullptr));
  source_ = source.table;
  std::vector<std::string> names;
  std::vector<MappingInput::InputColumn> columns;
  if (source_ != nullptr) {
    source_columns_ = source.table->columns.size();
    for (uint32_t i = 0; i < source_columns_; ++i) {
      const Column& column = source.table->columns[i];
      if (column.excluded) continue;
      names.push_back(column.name);
      columns.push_back({"", SqlTypeOf(column.type), column.type, i});
    }
  } else {
    source_columns_ = source.columns->columns.size();
    for (uint32_t i = 0; i < source_columns_; ++i) {
      ASSIGN_OR_RETURN(DuckType type, TypeNamed(source.columns->columns[i].type));
      names.push_back(source.columns->columns[i].name);
      columns.push_back({"", std::move(type), LogicalType(), i});
    }
  }
  column_names_ = DistinctColumnNames(std::move(names));
  for (size_t i = 0; i < columns.size(); ++i) columns[i].name = column_names_[i];
  input_ = std::make_shared<MappingInput>(std::move(columns));
  return Status::Ok();
}

std::shared_ptr<QueryContext> DuckMapping::MakeContext() const {
  auto context = std::make_shared<QueryContext>();
  context->mapping_input = input_;
  context->null_unrepresentable = !options_.strict;
  context->moment = moment_;
  return context;
}

// Target columns in the order of the SELECT's columns.
Result<std::vector<uint32_t>> DuckMapping::TargetColumns() const {
  std::vector<uint32_t> columns;
  for (const std::string& name : plan_->target_columns()) {
    const std::optional<uint32_t> found = target_->FindColumn(name, true);
    if (!found) {
      return Status(Code::kInvalid,
                    "Unknown column '" + name + "' in target table " + insert_.database + "." + insert_.table);
    }
    columns.push_back(*found);
  }
  if (!insert_.columns.empty()) return columns;
  columns.resize(target_->columns.size());
  std::iota(columns.begin(), columns.end(), 0u);
  return columns;
}

// Which item of the select list each of its `columns` columns belongs to.
Result<std::vector<size_t>> DuckMapping::ItemsOfColumns(size_t columns) {
  std::vector<size_t> items;
  for (size_t item = 0; item < plan_->items().size(); ++item) {
    size_t count = 1;
    if (plan_->items()[item].is_star) {
      ASSIGN_OR_RETURN(const std::string text, plan_->SelectOfItem(item));
      DuckPrepared prepared;
      if (duckdb_prepare(connection_.get(), text.c_str(), prepared.out()) != DuckDBSuccess) {
        return DuckError(duckdb_prepare_error(prepared.get()));
      }
      count = duckdb_prepared_statement_column_count(prepared.get());
    }
    items.insert(items.end(), count, item);
  }
  // An expression of DuckDB that gives several columns, as COLUMNS(..): not to be told apart by its text.
  if (items.size() != columns) return Status(Code::kUnsupported, "an expression of the SELECT gives several columns");
  return items;
}

Status DuckMapping::MatchColumns() {
  DuckPrepared prepared;
  if (duckdb_prepare(connection_.get(), plan_->select().c_str(), prepared.out()) != DuckDBSuccess) {
    TRY(context_->error->Get());
    const std::string error = duckdb_prepare_error(prepared.get());
    if (error.find("must appear in the GROUP BY clause") != std::string::npos) {
      return Status(Code::kUnsupported, "aggregates are not available over a stream, which has no end");
    }
    return DuckError(error.c_str());
  }
  if (duckdb_prepared_statement_type(prepared.get()) != DUCKDB_STATEMENT_TYPE_SELECT) {
    return Status(Code::kUnsupported, "a streaming job inserts the rows of a plain SELECT");
  }
  inner_columns_ = duckdb_prepared_statement_column_count(prepared.get()) - 1;
  ASSIGN_OR_RETURN(const std::vector<size_t> items, ItemsOfColumns(inner_columns_));
  ASSIGN_OR_RETURN(const std::vector<uint32_t> targets, TargetColumns());
  if (targets.size() != inner_columns_) {
    return Status(Code::kInvalid, "Column count doesn't match: " + std::to_string(targets.size()) +
                                      " target columns, " + std::to_string(inner_columns_) + " in the SELECT");
  }
  for (size_t i = 0; i < targets.size(); ++i) {
    // A bare NULL fits every column, but is an INTEGER in DuckDB's results.
    const bool null = EqualsIgnoreCase(plan_->items()[items[i]].text, "NULL");
    listed_.push_back({targets[i], items[i],
                       DuckType(null ? duckdb_create_logical_type(DUCKDB_TYPE_SQLNULL)
                                     : duckdb_prepared_statement_column_logical_type(prepared.get(), i + 1))});
  }
  return Status::Ok();
}

// What the columns hold that the statement does not list: their DEFAULT, or NULL.
Status DuckMapping::AddConstants(MappingStatement::Shape& shape) const {
  for (uint32_t i = 0; i < target_->columns.size(); ++i) {
    const Column& column = target_->columns[i];
    const bool listed = std::any_of(listed_.begin(), listed_.end(), [&](const Listed& l) { return l.target == i; });
    if (listed || column.insert_now) {
      shape.constants.push_back(Cell::Null());
      if (!listed) shape.columns.push_back({i, NowInColumn(column), "", ""});
    } else if (column.insert_default) {
      ASSIGN_OR_RETURN(const Cell cell, CellFromText(column.type, *column.insert_default, shape.constants_arena));
      shape.constants.push_back(cell);
    } else if (column.nullable && !target_->IsKey(i)) {
      shape.constants.push_back(Cell::Null());
    } else {
      return Status(Code::kInvalid, std::string(target_->IsKey(i) ? "key" : "NOT NULL") + " column " + column.name +
                                        " of the target has no default and is not in the column list");
    }
  }
  return Status::Ok();
}

Result<MappedColumn> DuckMapping::MapColumn(const Listed& listed, size_t place) {
  const Column& column = target_->columns[listed.target];
  TRY(CheckCast(connection_.get(), listed.type.get(), column));
  ColumnCast cast = CastToColumn("c" + std::to_string(place), listed.type.get(), column);
  if (!options_.strict) cast.unfit.clear();
  return MappedColumn{listed.target, std::move(cast.value), std::move(cast.unfit),
                      "column " + column.name + ": " + cast.from + " does not fit " + SqlTypeName(column.type)};
}

Status DuckMapping::CompileMain() {
  MappingStatement::Shape shape;
  shape.target = target_;
  shape.strict = options_.strict;
  TRY(AddConstants(shape));
  for (size_t i = 0; i < listed_.size(); ++i) {
    ASSIGN_OR_RETURN(MappedColumn column, MapColumn(listed_[i], i));
    shape.columns.push_back(std::move(column));
  }
  main_ = std::make_unique<MappingStatement>(std::move(shape), plan_->select(), inner_columns_);
  TRY(main_->Prepare(connection_.get()));
  if (plan_->has_lookups()) {
    // Which columns a join reads is found out only when both sides have rows.
    for (const uint32_t column : plan_->NamedColumns(column_names_)) {
      used_columns_.push_back(input_->columns()[column].index);
    }
    return Status::Ok();
  }
  const RowBatch none;
  input_->SetImages(none, {});
  input_->ForgetReads();
  TRY(main_->Run(*input_, *context_->error, false).status());
  used_columns_.assign(input_->read_columns().begin(), input_->read_columns().end());
  return Status::Ok();
}

Status DuckMapping::CheckKeyItem(const Listed& listed) const {
  const MappingPlan::Item& item = plan_->items()[listed.item];
  const std::string column = "key column " + target_->columns[listed.target].name;
  if (item.is_star || item.reads_others) {
    return Status(Code::kInvalid, column + " must be made of columns of the source alone, not of other tables");
  }
  if (!item.varying.empty()) {
    return Status(Code::kInvalid, column + " must be the same each time it is computed, " + item.varying + " is not");
  }
  return Status::Ok();
}

Status DuckMapping::CompileKeys() {
  MappingStatement::Shape shape;
  shape.target = target_;
  shape.strict = options_.strict;
  TRY(AddConstants(shape));
  for (const MappedColumn& clock : shape.columns) {
    if (!target_->IsKey(clock.target)) continue;
    return Status(Code::kInvalid, "key column " + target_->columns[clock.target].name +
                                      " must be the same each time it is computed, its default is the clock's time");
  }
  shape.columns.clear();
  for (uint32_t i = 0; i < shape.constants.size(); ++i) {
    if (!target_->IsKey(i)) shape.constants[i] = Cell::Unchanged();
  }
  std::vector<size_t> items;
  for (const Listed& listed : listed_) {
    if (!target_->IsKey(listed.target)) continue;
    TRY(CheckKeyItem(listed));
    ASSIGN_OR_RETURN(MappedColumn column, MapColumn(listed, items.size()));
    shape.columns.push_back(std::move(column));
    items.push_back(listed.item);
  }
  for (const uint32_t key : target_->key_columns) {
    const auto listed = std::find_if(shape.columns.begin(), shape.columns.end(),
                                     [&](const MappedColumn& column) { return column.target == key; });
    key_statement_ += listed != shape.columns.end() ? listed->value : target_->columns[key].insert_default.value_or("");
    key_statement_ += ";";
  }
  ASSIGN_OR_RETURN(const std::string inner, plan_->SelectOfSource(items));
  for (const Listed& listed : listed_) {
    if (target_->IsKey(listed.target)) TRY(CheckKeyType(connection_.get(), *plan_, listed.item, listed.type.get()));
  }
  key_statement_ += inner;
  keys_ = std::make_unique<MappingStatement>(std::move(shape), inner, items.size());
  if (Status status = keys_->Prepare(connection_.get()); !status.ok()) {
    return Status(Code::kInvalid, "the target's key must be made of columns of the source alone: " + status.message());
  }
  const RowBatch none;
  input_->SetImages(none, {});
  input_->ForgetReads();
  TRY(keys_->Run(*input_, *context_->error, false).status());
  key_columns_.assign(input_->read_columns().begin(), input_->read_columns().end());
  std::set<uint32_t> used(used_columns_.begin(), used_columns_.end());
  used.insert(key_columns_.begin(), key_columns_.end());
  used_columns_.assign(used.begin(), used.end());
  return Status::Ok();
}

Status DuckMapping::FitSelect() {
  ASSIGN_OR_RETURN(const std::vector<Token> tokens, Tokenize(insert_.select));
  if (!MayNotFit(tokens)) return Status::Ok();
  ASSIGN_OR_RETURN(const std::shared_ptr<const ReadView> view, engine_.store().OpenView());
  ASSIGN_OR_RETURN(std::vector<LiteralColumn> columns,
                   DuckEngine::ColumnsOf(TableCandidates(tokens), insert_.database, *view));
  for (const MappingInput::InputColumn& column : input_->columns()) {
    columns.push_back(DuckEngine::LiteralColumnOf(column.name, column.type.get()));
  }
  if (std::optional<std::string> fitted = FitLiterals(insert_.select, tokens, columns)) {
    insert_.select = *std::move(fitted);
  }
  return Status::Ok();
}

Status DuckMapping::Compile(const MappingSource& source) {
  TRY(Connect());
  TRY(MakeInput(source));
  TRY(FitSelect());
  ASSIGN_OR_RETURN(plan_, MappingPlan::Make(insert_, column_names_, {.lenient_casts = !options_.strict}));
  ASSIGN_OR_RETURN(const std::vector<Token> tokens, Tokenize(insert_.select));
  candidates_ = TableCandidates(tokens);
  joins_ = FindLookupJoins(tokens, plan_->source_alias());
  MutexLock lock(engine_.planning());
  if (plan_->has_lookups()) {
    TRY(RefreshLookups().status());
  } else {
    context_ = MakeContext();
    engine_.contexts().Set(duckdb_id_, context_);
  }
  TRY(MatchColumns());
  TRY(CompileMain());
  moment_->Set(nullptr);
  return source_ != nullptr ? CompileKeys() : Status::Ok();
}

}  // namespace freshet
