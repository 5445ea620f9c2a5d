// SPDX-License-Identifier: Apache-2.0
// INSERT, UPDATE and DELETE of users' own tables. DuckDB computes what is to be written, as a SELECT; its rows become
// cells and go through a TableLoad. The lease is taken before the SELECT reads, so that nothing is lost in between.
#include <algorithm>

#include "base/clock.h"
#include "sql/session.h"
#include "sql/table_values.h"
#include "sql/token.h"

namespace freshet {

namespace {

// Rows of one VALUES that DuckDB plans at a time.
constexpr size_t kLiteralRowsPerQuery = 500;

std::string MysqlName(std::string_view name) {
  std::string quoted = "`";
  for (const char c : name) {
    if (c == '`') quoted += '`';
    quoted += c;
  }
  return quoted + "`";
}

Result<uint32_t> FindColumn(const TableSchema& schema, const std::string& name) {
  std::optional<uint32_t> found = schema.FindColumn(name);
  if (!found) found = schema.FindColumn(name, /*ignore_case=*/true);
  if (!found || schema.columns[*found].excluded) {
    return Status(Code::kInvalid, "Unknown column '" + name + "' in 'field list'");
  }
  return *found;
}

Result<std::vector<uint32_t>> FindColumns(const TableSchema& schema, const std::vector<std::string>& names) {
  std::vector<uint32_t> columns;
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(const uint32_t column, FindColumn(schema, name));
    if (std::find(columns.begin(), columns.end(), column) != columns.end()) {
      return Status(Code::kInvalid, "Column '" + name + "' specified twice");
    }
    columns.push_back(column);
  }
  if (!names.empty()) return columns;
  for (uint32_t i = 0; i < schema.columns.size(); ++i) {
    if (!schema.columns[i].excluded) columns.push_back(i);
  }
  return columns;
}

// One change per image.
void AppendRows(RowOp op, size_t rows, RowBatch& batch) {
  for (uint32_t i = 0; i < rows; ++i) {
    batch.rows.push_back({op, op == RowOp::kDelete ? i : kNoImage, op == RowOp::kDelete ? kNoImage : i});
  }
}

Status InsertAll(TableQuery& query, const FixedCells& fixed, TableLoad& load) {
  RowBatch batch;
  while (true) {
    ASSIGN_OR_RETURN(const size_t rows, query.Next(batch));
    if (rows == 0) return Status::Ok();
    for (uint32_t i = 0; i < rows; ++i) fixed.Fill(batch, i);
    AppendRows(RowOp::kInsert, rows, batch);
    TRY(load.Apply(batch));
  }
}

// "FROM `db`.`t` AS `alias` WHERE .."
std::string FromClause(const StoredTable& table, const std::string& alias, const std::string& rest) {
  std::string from = " FROM " + MysqlName(table.database) + "." + MysqlName(table.name);
  if (!alias.empty()) from += " AS " + MysqlName(alias);
  return from + " " + rest;
}

// The key columns as a select list, qualified: a subquery's columns may have the same names.
std::string KeyList(const StoredTable& table, const std::string& alias) {
  const std::string owner = MysqlName(alias.empty() ? table.name : alias);
  std::string list;
  for (const uint32_t key : table.schema->key_columns) {
    list += (list.empty() ? "" : ", ") + owner + "." + MysqlName(table.schema->columns[key].name);
  }
  return list;
}

// MySQL assigns from left to right, and what follows sees the new value; here all see the old one. Where that matters
// it is refused.
Status CheckAssignments(const TableSchema& schema, const std::vector<Assignment>& assignments,
                        const std::vector<uint32_t>& targets) {
  for (size_t i = 0; i < assignments.size(); ++i) {
    const std::string& name = schema.columns[targets[i]].name;
    if (schema.IsKey(targets[i])) {
      return Status(Code::kUnsupported,
                    "not supported: UPDATE of key column " + name + "; delete the row and insert another");
    }
    for (size_t later = i + 1; later < assignments.size(); ++later) {
      if (assignments[later].value.kind != WrittenValue::Kind::kExpression) continue;
      ASSIGN_OR_RETURN(const std::vector<Token> tokens, Tokenize(assignments[later].value.text));
      const bool uses = std::any_of(tokens.begin(), tokens.end(), [&](const Token& token) {
        return token.IsIdentifier() && EqualsIgnoreCase(token.value, name);
      });
      if (!uses) continue;
      return Status(Code::kUnsupported, "not supported: an assignment that uses column " + name +
                                            ", which the same UPDATE assigns before it; use two statements");
    }
  }
  return Status::Ok();
}

}  // namespace

Result<TableQuery> DuckSession::StartInto(const std::string& sql, const SchemaPtr& schema,
                                          std::vector<uint32_t> targets, uint64_t first_row) {
  ASSIGN_OR_RETURN(const Bridged bridged, Bridge(sql, {}));
  RunningQuery running;
  running.context = bridged.context;
  CastedQuery casted;
  {
    MutexLock lock(engine_.planning());
    TRY(Enter(bridged));
    DuckPrepared inner;
    const auto failed = [&](const char* error) {
      const Status scan = bridged.context->error->Get();
      return scan.ok() ? DuckError(error) : scan.Copy();
    };
    if (duckdb_prepare(connection_.get(), bridged.sql.c_str(), inner.out()) != DuckDBSuccess) {
      return failed(duckdb_prepare_error(inner.get()));
    }
    if (duckdb_prepared_statement_type(inner.get()) != DUCKDB_STATEMENT_TYPE_SELECT) {
      return Status(Code::kUnsupported, "not supported: a statement that is no SELECT");
    }
    ASSIGN_OR_RETURN(casted, CastQuery(connection_.get(), bridged.sql, inner.get(), *schema, targets));
    // Checking casts ran statements of their own on the connection.
    engine_.contexts().Set(duckdb_id_, bridged.context);
    if (duckdb_prepare(connection_.get(), casted.sql.c_str(), running.prepared.out()) != DuckDBSuccess) {
      return failed(duckdb_prepare_error(running.prepared.get()));
    }
    if (!bridged.context->files.empty()) engine_.contexts().Remove(duckdb_id_);
    if (duckdb_pending_prepared_streaming(running.prepared.get(), running.pending.out()) != DuckDBSuccess) {
      return failed(duckdb_pending_error(running.pending.get()));
    }
  }
  TableQuery query(std::move(running), schema, std::move(targets), std::move(casted), first_row);
  TRY(query.Start());
  return query;
}

Result<TableQuery> DuckSession::StartLiterals(CastedQuery casted, const SchemaPtr& schema,
                                              std::vector<uint32_t> targets, uint64_t first_row) {
  RunningQuery running;
  if (duckdb_prepare(connection_.get(), casted.sql.c_str(), running.prepared.out()) != DuckDBSuccess) {
    return DuckError(duckdb_prepare_error(running.prepared.get()));
  }
  if (duckdb_pending_prepared_streaming(running.prepared.get(), running.pending.out()) != DuckDBSuccess) {
    return DuckError(duckdb_pending_error(running.pending.get()));
  }
  TableQuery query(std::move(running), schema, std::move(targets), std::move(casted), first_row);
  TRY(query.Start());
  return query;
}

Result<FixedCells> DuckSession::ComputeLiterals(const std::vector<WrittenValue>& row, const SchemaPtr& schema,
                                                uint64_t number, std::vector<uint32_t>& targets,
                                                std::string& expressions) {
  FixedCells fixed;
  std::vector<uint32_t> plain;
  std::vector<uint32_t> others;
  std::vector<std::vector<WrittenValue>> values(1);
  const int64_t now_us = Clock::System().WallUs();
  std::string arena;
  for (size_t i = 0; i < row.size(); ++i) {
    if (row[i].kind == WrittenValue::Kind::kExpression) {
      expressions += (expressions.empty() ? "(" : ", (") + row[i].text + ")";
      others.push_back(targets[i]);
    } else if (row[i].kind == WrittenValue::Kind::kDefault) {
      ASSIGN_OR_RETURN(const Cell cell, DefaultCell(schema->columns[targets[i]], now_us, arena));
      fixed.Add(targets[i], cell, arena);
    } else {
      plain.push_back(targets[i]);
      values.back().push_back(row[i]);
    }
  }
  targets = std::move(others);
  if (plain.empty()) return fixed;
  ASSIGN_OR_RETURN(CastedQuery casted, LiteralRows(values, *schema, plain));
  ASSIGN_OR_RETURN(TableQuery query, StartLiterals(std::move(casted), schema, plain, number));
  RowBatch batch;
  ASSIGN_OR_RETURN(const size_t rows, query.Next(batch));
  CHECK(rows == 1);
  for (const uint32_t column : plain) fixed.Add(column, batch.Image(0)[column], batch.arena);
  return fixed;
}

Status DuckSession::InsertSelected(const std::string& select, const std::vector<uint32_t>& targets, TableLoad& load) {
  const SchemaPtr schema = load.table()->schema;
  ASSIGN_OR_RETURN(const FixedCells defaults, FixedCells::Defaults(*schema, targets, Clock::System().WallUs()));
  ASSIGN_OR_RETURN(TableQuery query, StartInto(select, schema, targets, 0));
  return InsertAll(query, defaults, load);
}

Status DuckSession::InsertPlainRows(std::span<const std::vector<WrittenValue>> rows,
                                    const std::vector<uint32_t>& targets, uint64_t first_row, TableLoad& load) {
  const SchemaPtr schema = load.table()->schema;
  ASSIGN_OR_RETURN(const FixedCells defaults, FixedCells::Defaults(*schema, targets, Clock::System().WallUs()));
  ASSIGN_OR_RETURN(CastedQuery casted, LiteralRows(rows, *schema, targets));
  ASSIGN_OR_RETURN(TableQuery query, StartLiterals(std::move(casted), schema, targets, first_row));
  return InsertAll(query, defaults, load);
}

// Each such row may name other columns by DEFAULT, and its expressions have types of their own.
Status DuckSession::InsertMixedRow(const std::vector<WrittenValue>& row, const std::vector<uint32_t>& targets,
                                   uint64_t number, TableLoad& load) {
  const SchemaPtr schema = load.table()->schema;
  ASSIGN_OR_RETURN(const FixedCells defaults, FixedCells::Defaults(*schema, targets, Clock::System().WallUs()));
  std::vector<uint32_t> computed = targets;
  std::string expressions;
  ASSIGN_OR_RETURN(const FixedCells literals, ComputeLiterals(row, schema, number, computed, expressions));
  RowBatch batch;
  if (computed.empty()) {
    batch.schema = schema;
    batch.AppendImage();
  } else {
    ASSIGN_OR_RETURN(TableQuery query, StartInto("SELECT " + expressions, schema, computed, number));
    ASSIGN_OR_RETURN(const size_t rows, query.Next(batch));
    CHECK(rows == 1);
  }
  defaults.Fill(batch, 0);
  literals.Fill(batch, 0);
  AppendRows(RowOp::kInsert, 1, batch);
  return load.Apply(batch);
}

Status DuckSession::InsertValues(std::vector<std::vector<WrittenValue>> rows, const std::vector<uint32_t>& targets,
                                 TableLoad& load) {
  for (size_t i = 0; i < rows.size(); ++i) {
    // VALUES () is all defaults.
    if (rows[i].empty()) rows[i].assign(targets.size(), {WrittenValue::Kind::kDefault, ""});
    if (rows[i].size() == targets.size()) continue;
    return Status(Code::kInvalid, "Column count doesn't match value count at row " + std::to_string(i + 1));
  }
  for (size_t i = 0; i < rows.size();) {
    size_t end = i;
    while (end < rows.size() && end - i < kLiteralRowsPerQuery && IsPlainRow(rows[end])) ++end;
    if (end > i) {
      TRY(InsertPlainRows(std::span(rows).subspan(i, end - i), targets, i, load));
    } else {
      TRY(InsertMixedRow(rows[i], targets, i, load));
      end = i + 1;
    }
    i = end;
  }
  return Status::Ok();
}

Status DuckSession::Run(const InsertRows& statement) {
  ASSIGN_OR_RETURN(const std::unique_ptr<TableLoad> load, OpenLoad(statement.database, statement.table));
  ASSIGN_OR_RETURN(const std::vector<uint32_t> targets, FindColumns(*load->table()->schema, statement.columns));
  TRY(statement.values.empty() ? InsertSelected(statement.select, targets, *load)
                               : InsertValues(statement.values, targets, *load));
  TRY(load->Finish());
  outcome_.affected_rows = load->changed();
  if (statement.values.size() != 1) {
    outcome_.info = "Records: " + std::to_string(load->matched()) + "  Duplicates: 0  Warnings: 0";
  }
  return Status::Ok();
}

Status DuckSession::Run(const UpdateRows& statement) {
  ASSIGN_OR_RETURN(const std::unique_ptr<TableLoad> load, OpenLoad(statement.database, statement.table));
  const StoredTable& table = *load->table();
  const SchemaPtr schema = table.schema;
  std::vector<std::string> names;
  std::vector<WrittenValue> values;
  for (const Assignment& assignment : statement.assignments) {
    names.push_back(assignment.column);
    values.push_back(assignment.value);
  }
  ASSIGN_OR_RETURN(std::vector<uint32_t> assigned, FindColumns(*schema, names));
  TRY(CheckAssignments(*schema, statement.assignments, assigned));
  std::string expressions;
  ASSIGN_OR_RETURN(const FixedCells literals, ComputeLiterals(values, schema, 0, assigned, expressions));
  std::vector<uint32_t> targets = schema->key_columns;
  targets.insert(targets.end(), assigned.begin(), assigned.end());
  const std::string select = "SELECT " + KeyList(table, statement.alias) +
                             (expressions.empty() ? "" : ", " + expressions) +
                             FromClause(table, statement.alias, statement.rest);
  ASSIGN_OR_RETURN(TableQuery query, StartInto(select, schema, targets, 0));
  RowBatch batch;
  while (true) {
    ASSIGN_OR_RETURN(const size_t rows, query.Next(batch));
    if (rows == 0) break;
    for (uint32_t i = 0; i < rows; ++i) literals.Fill(batch, i);
    AppendRows(RowOp::kUpdate, rows, batch);
    TRY(load->Apply(batch));
  }
  TRY(load->Finish());
  outcome_.affected_rows = load->changed();
  outcome_.info = "Rows matched: " + std::to_string(load->matched()) + "  Changed: " + std::to_string(load->changed()) +
                  "  Warnings: 0";
  return Status::Ok();
}

Status DuckSession::Run(const DeleteRows& statement) {
  ASSIGN_OR_RETURN(const std::unique_ptr<TableLoad> load, OpenLoad(statement.database, statement.table));
  const StoredTable& table = *load->table();
  const std::string select =
      "SELECT " + KeyList(table, statement.alias) + FromClause(table, statement.alias, statement.rest);
  ASSIGN_OR_RETURN(TableQuery query, StartInto(select, table.schema, table.schema->key_columns, 0));
  RowBatch batch;
  while (true) {
    ASSIGN_OR_RETURN(const size_t rows, query.Next(batch));
    if (rows == 0) break;
    AppendRows(RowOp::kDelete, rows, batch);
    TRY(load->Apply(batch));
  }
  TRY(load->Finish());
  outcome_.affected_rows = load->changed();
  return Status::Ok();
}

}  // namespace freshet
