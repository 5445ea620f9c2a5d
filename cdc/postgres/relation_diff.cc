// SPDX-License-Identifier: Apache-2.0
#include "cdc/postgres/relation_diff.h"

#include <algorithm>
#include <memory>

namespace freshet {
namespace {

using Kind = RelationChange::Kind;

constexpr char kResyncHint[] = ". Run ALTER JOB ... RESYNC TABLE to copy the table again";

RelationChange Stop(std::string reason) {
  return {Kind::kStop, nullptr, reason + kResyncHint, {}};
}

class Comparison {
 public:
  Comparison(const SchemaPtr& schema, const pgoutput::RelationMessage& relation, const RelationFacts& facts)
      : schema_(schema), relation_(relation), facts_(facts) {}

  RelationChange Run() {
    if (auto stop = CheckNameAndKey()) return *std::move(stop);
    if (auto stop = MatchColumns()) return *std::move(stop);
    if (auto stop = CheckMissing()) return *std::move(stop);
    if (added_.empty() && missing_.empty() && doubt_.empty()) return {Kind::kSame, schema_, "", ColumnMap(*schema_)};
    if (!facts_.live) return Stop("the table changed and was dropped since");
    return MakeChange();
  }

 private:
  using Verdict = std::optional<RelationChange>;

  const LiveColumn* LiveById(uint32_t id) const { return facts_.live ? facts_.live->FindNumber(id) : nullptr; }

  // The key flags of the message must name exactly our key; REPLICA IDENTITY FULL flags every column, there the
  // catalog is asked.
  Verdict CheckNameAndKey() const {
    const std::string schema_name(relation_.schema.empty() ? "pg_catalog" : relation_.schema);
    if (relation_.name != schema_->name.table || schema_name != schema_->name.schema) {
      return Stop("the table was renamed to " + schema_name + "." + std::string(relation_.name));
    }
    if (relation_.replica_identity == 'n') {
      return Stop("the table has REPLICA IDENTITY NOTHING now; run ALTER TABLE " +
                  PgConnection::Qualified(schema_->name) + " REPLICA IDENTITY DEFAULT");
    }
    std::vector<std::string_view> ours;
    for (const uint32_t index : schema_->key_columns) ours.push_back(schema_->columns[index].name);
    std::vector<std::string_view> theirs;
    if (relation_.replica_identity == 'f') {
      if (!facts_.live) return std::nullopt;
      const Result<LiveKey> key = ChooseKey(*facts_.live);
      if (!key.ok()) return Stop(key.status().message());
      for (const uint32_t number : key->numbers) {
        // Compared by id: the catalog may be past a rename that the log has not reached.
        const auto column = std::find_if(schema_->columns.begin(), schema_->columns.end(),
                                         [number](const Column& c) { return c.id == number; });
        theirs.push_back(column != schema_->columns.end() ? std::string_view(column->name) : std::string_view());
      }
    } else {
      for (const pgoutput::RelationColumn& column : relation_.columns) {
        if (column.identity) theirs.push_back(column.name);
      }
    }
    std::sort(ours.begin(), ours.end());
    std::sort(theirs.begin(), theirs.end());
    if (ours != theirs) return Stop("the key of the table changed");
    return std::nullopt;
  }

  Verdict MatchColumns() {
    for (size_t i = 0; i < relation_.columns.size(); ++i) {
      const std::string_view name = relation_.columns[i].name;
      const auto index = schema_->FindColumn(name);
      if (!index) {
        added_.push_back(i);
        continue;
      }
      const Column& column = schema_->columns[*index];
      const LiveColumn* live = LiveById(column.id);
      if (column.generated && column.excluded && live != nullptr && !live->generated) {
        added_.push_back(i);
        continue;
      }
      const LiveColumn* same_name = facts_.live ? facts_.live->FindName(name) : nullptr;
      if (live != nullptr && live->dropped && same_name != nullptr) {
        doubt_ = "column " + column.name + " was dropped and added again";
      } else if (!column.excluded && column.source_type != facts_.types[i].name) {
        return Stop("the type of column " + column.name + " changed from " + column.source_type + " to " +
                    facts_.types[i].name);
      }
    }
    return std::nullopt;
  }

  // Columns of ours that the message lacks: dropped, renamed, or taken out of the publication.
  Verdict CheckMissing() {
    for (uint32_t i = 0; i < schema_->columns.size(); ++i) {
      const Column& column = schema_->columns[i];
      const bool present = std::any_of(relation_.columns.begin(), relation_.columns.end(),
                                       [&column](const auto& theirs) { return theirs.name == column.name; });
      if (present || (column.generated && column.excluded)) continue;
      if (schema_->IsKey(i)) return Stop("key column " + column.name + " was dropped or renamed");
      missing_.push_back(i);
      const LiveColumn* live = LiveById(column.id);
      if (live == nullptr || live->dropped) continue;
      if (live->name != column.name) return Stop("column " + column.name + " was renamed to " + live->name);
      return Stop("column " + column.name + " is not in the publication any more");
    }
    return std::nullopt;
  }

  RelationChange MakeChange() {
    auto changed = std::make_shared<TableSchema>(*schema_);
    changed->version = schema_->version + 1;
    for (auto index = missing_.rbegin(); index != missing_.rend(); ++index) {
      changed->columns.erase(changed->columns.begin() + *index);
    }
    for (const size_t i : added_) {
      if (auto stop = AddColumn(i, *changed)) return *std::move(stop);
    }
    changed->key_columns.clear();
    for (const uint32_t index : schema_->key_columns) {
      changed->key_columns.push_back(*changed->FindColumn(schema_->columns[index].name));
    }
    std::vector<uint32_t> map = ColumnMap(*changed);
    const Kind kind = doubt_.empty() ? Kind::kAlter : Kind::kResync;
    return {kind, std::move(changed), doubt_, std::move(map)};
  }

  Verdict AddColumn(size_t i, TableSchema& changed) {
    const std::string name(relation_.columns[i].name);
    if (changed.FindColumn(name)) return Stop("generated column " + name + " became a plain one");
    const ColumnType& type = facts_.types[i];
    if (!type.problem.ok()) return Stop("column " + name + " was added: " + type.problem.message());
    Column column;
    column.name = name;
    column.type = type.type;
    column.source_type = type.name;
    const LiveColumn* live = facts_.live->FindName(name);
    if (live == nullptr) {
      doubt_ = "column " + name + " was added and is gone or renamed by now";
      column.id = changed.next_column_id;
    } else if (live->number < schema_->next_column_id) {
      return Stop("column " + name + " is an older column under a new name");
    } else {
      column.id = live->number;
      column.nullable = live->nullable;
      column.generated = live->generated;
      column.comment = live->comment;
      SetInitialDefault(*live, column);
    }
    changed.next_column_id = std::max(changed.next_column_id, column.id + 1);
    changed.columns.push_back(std::move(column));
    return std::nullopt;
  }

  // What rows from before the column read as. The server keeps a constant default beside the column as long as
  // it has not rewritten the table; without one the rows hold NULL, unless they were rewritten.
  void SetInitialDefault(const LiveColumn& live, Column& column) {
    if (live.has_missing_value) {
      column.initial_default = live.missing_value;
      return;
    }
    // A fresh table's file has its oid as name; a partitioned root has no file.
    const uint64_t expected = facts_.known_file_node.value_or(facts_.live->kind == 'p' ? 0 : facts_.live->oid);
    if (live.has_default) {
      doubt_ = "column " + column.name + " was added with a default that the server computed for each row";
    } else if (facts_.live->file_node != expected) {
      doubt_ = "column " + column.name + " was added and the table was rewritten";
    }
  }

  std::vector<uint32_t> ColumnMap(const TableSchema& shape) const {
    std::vector<uint32_t> map;
    for (const pgoutput::RelationColumn& column : relation_.columns) map.push_back(*shape.FindColumn(column.name));
    return map;
  }

  const SchemaPtr& schema_;
  const pgoutput::RelationMessage& relation_;
  const RelationFacts& facts_;
  std::vector<size_t> added_;      // indexes into the message's columns
  std::vector<uint32_t> missing_;  // indexes into our columns, ascending
  std::string doubt_;              // not empty: rows must be copied again
};

}  // namespace

RelationChange CompareRelation(const SchemaPtr& schema, const pgoutput::RelationMessage& relation,
                               const RelationFacts& facts) {
  return Comparison(schema, relation, facts).Run();
}

}  // namespace freshet
