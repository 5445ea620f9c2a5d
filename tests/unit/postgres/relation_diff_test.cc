// SPDX-License-Identifier: Apache-2.0
// Every way in which a Relation message can differ from our schema, with the catalog as it is then.
#include "cdc/postgres/relation_diff.h"

#include <gtest/gtest.h>

namespace freshet {
namespace {

using Kind = RelationChange::Kind;

// Table t(id integer primary key, a text, b text), ids 1 to 3.
struct Fixture {
  Fixture() {
    auto made = std::make_shared<TableSchema>();
    made->name = {"public", "t"};
    made->source_id = 16;
    made->next_column_id = 4;
    for (const char* name : {"id", "a", "b"}) {
      Column column;
      column.id = static_cast<uint32_t>(made->columns.size()) + 1;
      column.name = name;
      column.source_type = column.id == 1 ? "integer" : "text";
      made->columns.push_back(column);
      Live(column.id, name);
    }
    made->key_columns = {0};
    schema = made;
    live.oid = 16;
    live.file_node = 16;
    live.keys = {{"t_pkey", true, false, {1}}};
  }
  LiveColumn& Live(uint32_t number, const std::string& name) {
    LiveColumn column;
    column.number = number;
    column.name = name;
    live.columns.push_back(column);
    return live.columns.back();
  }
  RelationChange Compare(const std::vector<std::string>& names, const std::string& key = "id", char identity = 'd') {
    pgoutput::RelationMessage relation{16, "public", table_name, identity, {}};
    RelationFacts facts;
    facts.live = live;
    for (const std::string& name : names) {
      relation.columns.push_back({name == key, name, 0, -1});
      ColumnType type;
      type.name = name == "id" ? "integer" : name == retyped ? "bigint" : "text";
      facts.types.push_back(std::move(type));
    }
    return CompareRelation(schema, relation, facts);
  }
  SchemaPtr schema;
  LiveTable live;
  std::string table_name = "t";
  std::string retyped;
};

TEST(RelationDiff, SameShapeMapsColumns) {
  const RelationChange change = Fixture().Compare({"id", "a", "b"});
  EXPECT_EQ(change.kind, Kind::kSame);
  EXPECT_EQ(change.column_of, (std::vector<uint32_t>{0, 1, 2}));
}

TEST(RelationDiff, AddedColumnReadsAsTheKeptDefault) {
  Fixture f;
  LiveColumn& added = f.Live(4, "c");
  added.has_missing_value = true;
  added.missing_value = "7";
  added.has_default = true;
  const RelationChange change = f.Compare({"id", "a", "b", "c"});
  ASSERT_EQ(change.kind, Kind::kAlter);
  EXPECT_EQ(change.schema->version, 2u);
  EXPECT_EQ(change.schema->columns[3].id, 4u);
  EXPECT_EQ(change.schema->columns[3].initial_default, "7");
  EXPECT_EQ(change.schema->next_column_id, 5u);
}

TEST(RelationDiff, AddedColumnWithoutDefaultReadsAsNull) {
  Fixture f;
  f.Live(4, "c");
  const RelationChange change = f.Compare({"id", "a", "b", "c"});
  ASSERT_EQ(change.kind, Kind::kAlter);
  EXPECT_EQ(change.schema->columns[3].initial_default, std::nullopt);
}

TEST(RelationDiff, VolatileDefaultOrRewriteIsAResync) {
  Fixture volatile_default;
  volatile_default.Live(4, "c").has_default = true;
  EXPECT_EQ(volatile_default.Compare({"id", "a", "b", "c"}).kind, Kind::kResync);
  Fixture rewritten;
  rewritten.Live(4, "c");
  rewritten.live.file_node = 99;
  EXPECT_EQ(rewritten.Compare({"id", "a", "b", "c"}).kind, Kind::kResync);
}

TEST(RelationDiff, DroppedColumnLeavesTheOthersTheirIds) {
  Fixture f;
  f.live.columns[1].dropped = true;
  const RelationChange change = f.Compare({"id", "b"});
  ASSERT_EQ(change.kind, Kind::kAlter);
  ASSERT_EQ(change.schema->columns.size(), 2u);
  EXPECT_EQ(change.schema->columns[1].id, 3u);
  EXPECT_EQ(change.column_of, (std::vector<uint32_t>{0, 1}));
}

TEST(RelationDiff, RenameIsToldFromDropAndAdd) {
  Fixture renamed;
  renamed.live.columns[2].name = "c";
  EXPECT_EQ(renamed.Compare({"id", "a", "c"}).kind, Kind::kStop);
  Fixture replaced;
  replaced.live.columns[2].dropped = true;
  replaced.Live(4, "c");
  EXPECT_EQ(replaced.Compare({"id", "a", "c"}).kind, Kind::kAlter);
}

TEST(RelationDiff, DropAndAddOfTheSameNameIsAResync) {
  Fixture f;
  f.live.columns[2].dropped = true;
  f.Live(4, "b");
  EXPECT_EQ(f.Compare({"id", "a", "b"}).kind, Kind::kResync);
}

// Column b is generated; `excluded`: the log did not carry it when the table was described.
Fixture WithGenerated(bool excluded) {
  Fixture f;
  auto schema = std::make_shared<TableSchema>(*f.schema);
  schema->columns[2].generated = true;
  schema->columns[2].excluded = excluded;
  f.schema = schema;
  f.live.columns[2].generated = f.live.columns[2].generated_stored = true;
  return f;
}

TEST(RelationDiff, GeneratedColumnIsFollowedWhenItIsPublished) {
  EXPECT_EQ(WithGenerated(false).Compare({"id", "a", "b"}).kind, Kind::kSame);
  EXPECT_EQ(WithGenerated(false).Compare({"id", "a"}).kind, Kind::kStop);  // the publication stopped sending it
}

TEST(RelationDiff, GeneratedColumnThatIsLeftOutIsNotMissed) {
  EXPECT_EQ(WithGenerated(true).Compare({"id", "a"}).kind, Kind::kSame);
  EXPECT_EQ(WithGenerated(true).Compare({"id", "a", "b"}).kind, Kind::kSame);  // published now, not mirrored yet
  Fixture plain = WithGenerated(true);
  plain.live.columns[2].generated = false;
  EXPECT_EQ(plain.Compare({"id", "a", "b"}).kind, Kind::kStop);
}

TEST(RelationDiff, WhatCannotBeFollowedStopsTheTable) {
  Fixture retyped;
  retyped.retyped = "a";
  EXPECT_EQ(retyped.Compare({"id", "a", "b"}).kind, Kind::kStop);
  Fixture moved;
  moved.table_name = "t2";
  EXPECT_EQ(moved.Compare({"id", "a", "b"}).kind, Kind::kStop);
  EXPECT_EQ(Fixture().Compare({"id", "a", "b"}, "a").kind, Kind::kStop);
  EXPECT_EQ(Fixture().Compare({"id", "a", "b"}, "", 'n').kind, Kind::kStop);
  EXPECT_EQ(Fixture().Compare({"id", "a"}).kind, Kind::kStop);  // still there: a column list of the publication
  Fixture full;
  full.live.replica_identity = 'f';
  full.live.keys[0].numbers = {2};
  EXPECT_EQ(full.Compare({"id", "a", "b"}, "", 'f').kind, Kind::kStop);
}

}  // namespace
}  // namespace freshet
