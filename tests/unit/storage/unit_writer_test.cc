// SPDX-License-Identifier: Apache-2.0
// What a unit does to rows: upserts, deletes, key changes, cells that the source did not send, truncation,
// and that a unit is there whole or not at all.
#include "tests/unit/storage/store_fixture.h"

namespace freshet {
namespace {

class UnitWriterTest : public StoreFixture {
 protected:
  void SetUp() override {
    StoreFixture::SetUp();
    OpenItems();
  }
  Rows On() const { return Rows(schema()); }
};

TEST_F(UnitWriterTest, inserts_and_updates_are_upserts_and_deletes_remove) {
  Write(1, On().Insert({1, "x", 10}).Insert({2, "y", Null{}}).Insert({3, "z", 30}));
  EXPECT_EQ(Items(), "1|x|10;2|y|NULL;3|z|30");
  Write(2, On().Update({2, "yy", 20}).Insert({1, "again", 11}).Delete({3, Open{}, Open{}}));
  EXPECT_EQ(Items(), "1|again|11;2|yy|20");
}

TEST_F(UnitWriterTest, a_key_change_moves_the_row) {
  Write(1, On().Insert({1, "x", 10}));
  Write(2, On().Update({1, "x", 10}, {5, "x", 11}));
  EXPECT_EQ(Items(), "5|x|11");
}

TEST_F(UnitWriterTest, swapping_keys_through_a_third_in_one_unit_keeps_both_rows) {
  Write(1, On().Insert({1, "x", 10}).Insert({2, "y", 20}));
  Write(2,
        On().Update({1, "x", 10}, {9, "x", 10}).Update({2, "y", 20}, {1, "y", 20}).Update({9, "x", 10}, {2, "x", 10}));
  EXPECT_EQ(Items(), "1|y|20;2|x|10");
}

TEST_F(UnitWriterTest, unsent_cells_come_from_the_stored_row) {
  Write(1, On().Insert({1, "long text", 10}));
  Write(2, On().Update({1, Open{}, 11}));
  EXPECT_EQ(Items(), "1|long text|11");
}

TEST_F(UnitWriterTest, unsent_cells_come_from_the_same_unit_when_it_wrote_the_row) {
  Write(1, On().Insert({1, "old", 10}));
  Expect(Apply(On().Update({1, "new", 11}).Update({1, Open{}, 12}).Insert({2, "two", 1}).Update({2, Open{}, 2})));
  Expect(Apply(On().Update({2, "zwei", Open{}}).Update({1, Open{}, 13})));
  Commit(2);
  EXPECT_EQ(Items(), "1|new|13;2|zwei|2");
}

TEST_F(UnitWriterTest, unsent_cells_of_a_moved_row_come_from_its_old_place) {
  Write(1, On().Insert({1, "x", 10}).Insert({5, "other", 50}));
  Write(2, On().Update({1, Open{}, Open{}}, {4, Open{}, 11}));
  EXPECT_EQ(Items(), "4|x|11;5|other|50");
}

TEST_F(UnitWriterTest, an_unsent_key_is_the_before_images_key) {
  Write(1, On().Insert({1, "x", 10}));
  Write(2, On().Update({1, Open{}, Open{}}, {Open{}, "min", Open{}}));
  EXPECT_EQ(Items(), "1|min|10");
}

TEST_F(UnitWriterTest, unsent_cells_come_from_a_full_before_image_without_a_stored_row) {
  ApplyOptions strict;
  Expect(Apply(On().Update({1, "before", 10}, {1, Open{}, 11}), strict));
  Commit(1);
  EXPECT_EQ(Items(), "1|before|11");
}

TEST_F(UnitWriterTest, null_is_not_unsent) {
  Write(1, On().Insert({1, "x", 10}));
  Write(2, On().Update({1, Null{}, Open{}}));
  EXPECT_EQ(Items(), "1|NULL|10");
}

TEST_F(UnitWriterTest, a_partial_change_of_a_row_that_is_not_stored_is_corrupt) {
  EXPECT_EQ(Apply(On().Update({1, Open{}, 11})).code(), Code::kCorrupt);
  Expect(writer_->Rollback());
  Expect(Apply(On().Insert({1, "x", 1}).Delete({1, Open{}, Open{}})));
  EXPECT_EQ(Apply(On().Update({1, Open{}, 11})).code(), Code::kCorrupt) << "deleted in the same unit";
}

TEST_F(UnitWriterTest, a_missing_row_is_passed_over_while_the_copy_runs) {
  ApplyOptions copying;
  copying.rows_may_be_missing = true;
  Expect(Apply(On().Update({1, Open{}, 11}), copying));
  Commit(1);
  EXPECT_EQ(Items(), "");
}

TEST_F(UnitWriterTest, a_partial_row_that_moves_before_it_is_copied_stops_the_table) {
  ApplyOptions copying;
  copying.rows_may_be_missing = true;
  EXPECT_EQ(Apply(On().Update({1, Open{}, Open{}}, {2, Open{}, 1}), copying).code(), Code::kUnsupported);
}

TEST_F(UnitWriterTest, truncate_then_insert_in_one_unit_keeps_only_the_new_rows) {
  Write(1, On().Insert({1, "x", 10}).Insert({2, "y", 20}));
  Expect(Apply(On().Insert({3, "gone too", 1})));
  Expect(writer_->TruncateTable(items_->id));
  Expect(Apply(On().Insert({2, "fresh", 21})));
  EXPECT_EQ(Apply(On().Update({1, Open{}, 11})).code(), Code::kCorrupt) << "row 1 was truncated";
  Commit(2);
  EXPECT_EQ(Items(), "2|fresh|21");
  Reopen();
  EXPECT_EQ(Items(), "2|fresh|21");
}

TEST_F(UnitWriterTest, truncate_twice_in_one_unit_keeps_what_came_last) {
  Expect(writer_->TruncateTable(items_->id));
  Expect(Apply(On().Insert({1, "x", 10})));
  Expect(writer_->TruncateTable(items_->id));
  Expect(Apply(On().Insert({2, "y", 20})));
  Commit(1);
  EXPECT_EQ(Items(), "2|y|20");
}

TEST_F(UnitWriterTest, drop_and_create_of_one_name_in_one_unit_makes_a_fresh_table) {
  Write(1, On().Insert({1, "x", 10}));
  SchemaChange drop;
  drop.kind = SchemaChangeKind::kDropTable;
  drop.old_schema = schema();
  Expect(writer_->ApplySchemaChange(items_->id, drop));
  EXPECT_EQ(Apply(Rows(ItemsSchema()).Insert({1, "x", 1})).code(), Code::kNotFound);
  const auto made = writer_->CreateTable("shop", "items", ItemsSchema(), true);
  ASSERT_TRUE(made.ok()) << made.status().ToString();
  EXPECT_NE((*made)->id, items_->id);
  Expect(writer_->ApplyRows((*made)->id, Rows(ItemsSchema()).Insert({8, "new", 8}).batch(), {}));
  EXPECT_EQ(Items(), "1|x|10") << "not before the commit";
  Commit(2);
  EXPECT_EQ(Items(), "8|new|8");
  Reopen();
  EXPECT_EQ(Items(), "8|new|8");
}

TEST_F(UnitWriterTest, a_table_made_and_dropped_in_one_unit_leaves_nothing) {
  const auto made = writer_->CreateTable("shop", "brief", ItemsSchema(), true);
  ASSERT_TRUE(made.ok());
  SchemaChange drop;
  drop.kind = SchemaChangeKind::kDropTable;
  Expect(writer_->ApplySchemaChange((*made)->id, drop));
  Commit(1);
  EXPECT_EQ((*store_->OpenView())->FindTable("shop", "brief"), nullptr);
}

TEST_F(UnitWriterTest, a_name_that_is_taken_is_refused) {
  EXPECT_EQ(writer_->CreateTable("shop", "items", ItemsSchema(), true).code(), Code::kExists);
  EXPECT_EQ(writer_->CreateTable("nowhere", "items", ItemsSchema(), true).code(), Code::kNotFound);
}

TEST_F(UnitWriterTest, rows_position_and_records_are_one_write) {
  Expect(Apply(On().Insert({1, "x", 10})));
  writer_->PutRecord({RecordFamily::kLedger, "task/1", "loaded 1"});
  Expect(writer_->SetReady(items_->id, false));
  EXPECT_EQ(Items(), "");
  EXPECT_EQ(*store_->GetRecord(RecordFamily::kLedger, "task/1"), std::nullopt);
  Commit(42);
  Reopen();
  EXPECT_EQ(Items(), "1|x|10");
  EXPECT_EQ(*store_->GetRecord(RecordFamily::kLedger, "task/1"), "loaded 1");
  EXPECT_EQ(writer_->position(), At(42));
  EXPECT_FALSE(writer_->table(items_->id)->ready);
}

TEST_F(UnitWriterTest, a_commit_without_position_keeps_the_one_before) {
  Write(42, On().Insert({1, "x", 10}));
  Expect(Apply(On().Insert({2, "y", 20})));
  ASSERT_TRUE(writer_->Commit(Position()).ok());
  EXPECT_EQ(writer_->position(), At(42));
  Reopen();
  EXPECT_EQ(writer_->position(), At(42));
  EXPECT_EQ(Items(), "1|x|10;2|y|20");
}

TEST_F(UnitWriterTest, rollback_forgets_rows_records_and_schema_changes) {
  Expect(Apply(On().Insert({1, "x", 10})));
  writer_->PutRecord({RecordFamily::kJobs, "k", "v"});
  Expect(writer_->TruncateTable(items_->id));
  EXPECT_GT(writer_->pending_bytes(), 0u);
  Expect(writer_->Rollback());
  Write(1, On().Insert({2, "y", 20}));
  EXPECT_EQ(Items(), "2|y|20");
  EXPECT_EQ(*store_->GetRecord(RecordFamily::kJobs, "k"), std::nullopt);
}

TEST_F(UnitWriterTest, an_error_before_the_write_leaves_nothing_and_the_store_usable) {
  Expect(Apply(On().Insert({1, "x", 10})));
  ArmFailpoints("storage.commit.before_write=error");
  EXPECT_EQ(writer_->Commit(At(1)).code(), Code::kLocalIo);
  ArmFailpoints("");
  EXPECT_EQ(writer_->Commit(At(1)).code(), Code::kConflict) << "must be rolled back first";
  Expect(writer_->Rollback());
  EXPECT_EQ(Items(), "");
  Write(2, On().Insert({2, "y", 20}));
  EXPECT_EQ(Items(), "2|y|20");
}

TEST_F(UnitWriterTest, an_error_after_the_write_leaves_all_of_it_with_its_position) {
  Expect(Apply(On().Insert({1, "x", 10})));
  ArmFailpoints("storage.commit.after_write=error");
  EXPECT_EQ(writer_->Commit(At(9)).code(), Code::kLocalIo);
  Expect(writer_->Rollback());
  EXPECT_EQ(Items(), "1|x|10");
  EXPECT_EQ(writer_->position(), At(9));
}

TEST_F(UnitWriterTest, rows_of_a_foreign_shape_are_refused) {
  auto other = ItemsSchema();
  other->columns[2].type = TypeOf(TypeKind::kString);
  EXPECT_EQ(Apply(Rows(other).Insert({1, "x", "y"})).code(), Code::kCorrupt);
  auto unknown = ItemsSchema();
  unknown->version = 2;
  EXPECT_EQ(Apply(Rows(unknown).Insert({1, "x", 1})).code(), Code::kCorrupt);
}

TEST_F(UnitWriterTest, another_jobs_table_cannot_be_written) {
  auto other = UnitWriter::Open(*store_, JobId{8});
  ASSERT_TRUE(other.ok());
  EXPECT_EQ((*other)->ApplyRows(items_->id, On().Insert({1, "x", 1}).batch(), {}).code(), Code::kConflict);
  EXPECT_EQ((*other)->table(items_->id), nullptr);
}

TEST_F(UnitWriterTest, an_excluded_column_is_not_stored) {
  auto schema = ItemsSchema();
  schema->columns[1].excluded = true;
  const auto made = store_->CreateTable(kJob, "shop", "partial", schema, true);
  ASSERT_TRUE(made.ok());
  Expect(writer_->ApplyRows((*made)->id, Rows(schema).Insert({1, "secret", 5}).Update({1, Open{}, 6}).batch(), {}));
  Commit(1);
  EXPECT_EQ(ReadAll(**store_->OpenView(), **made), "1|6");
}

}  // namespace
}  // namespace freshet
