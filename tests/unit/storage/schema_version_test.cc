// SPDX-License-Identifier: Apache-2.0
// ADD and DROP COLUMN rewrite nothing: rows of every version read as the newest, and may be changed in part.
#include "tests/unit/storage/store_fixture.h"

namespace freshet {
namespace {

class SchemaVersionTest : public StoreFixture {
 protected:
  void SetUp() override {
    StoreFixture::SetUp();
    OpenItems();
    Write(1, Rows(schema()).Insert({1, "one", 10}).Insert({2, "two", 20}));
  }
  Status Alter(const std::shared_ptr<TableSchema>& after) {
    SchemaChange change;
    change.kind = SchemaChangeKind::kAlterTable;
    change.old_schema = schema();
    change.new_schema = after;
    return writer_->ApplySchemaChange(items_->id, change);
  }
  std::shared_ptr<TableSchema> NextVersion() const {
    auto next = std::make_shared<TableSchema>(*schema());
    ++next->version;
    return next;
  }
  std::shared_ptr<TableSchema> WithColumn(const char* name, DefaultText initial, size_t at) const {
    auto next = NextVersion();
    Column column = ColumnOf(next->next_column_id++, name, TypeKind::kString);
    column.initial_default = std::move(initial);
    next->columns.insert(next->columns.begin() + static_cast<ptrdiff_t>(at), column);
    next->key_columns = {at == 0 ? 1u : 0u};
    return next;
  }
  std::shared_ptr<TableSchema> Without(size_t at) const {
    auto next = NextVersion();
    next->columns.erase(next->columns.begin() + static_cast<ptrdiff_t>(at));
    return next;
  }
};

TEST_F(SchemaVersionTest, old_rows_show_an_added_columns_default_and_new_ones_their_own) {
  Expect(Alter(WithColumn("c", "dflt", 2)));
  Expect(Apply(Rows(schema()).Insert({3, "three", "own", 30})));
  EXPECT_EQ(Items(), "1|one|10;2|two|20") << "shape and rows change together, at the commit";
  Commit(2);
  EXPECT_EQ(Items(), "1|one|dflt|10;2|two|dflt|20;3|three|own|30");
  Reopen();
  EXPECT_EQ(Items(), "1|one|dflt|10;2|two|dflt|20;3|three|own|30");
}

TEST_F(SchemaVersionTest, an_added_column_without_default_reads_null_even_in_front_of_the_key) {
  Expect(Alter(WithColumn("c", std::nullopt, 0)));
  Commit(2);
  EXPECT_EQ(Items(), "NULL|1|one|10;NULL|2|two|20");
}

TEST_F(SchemaVersionTest, a_dropped_column_is_gone_and_one_added_again_by_its_name_is_another) {
  Expect(Alter(Without(1)));
  Expect(Apply(Rows(schema()).Insert({3, 30})));
  Commit(2);
  EXPECT_EQ(Items(), "1|10;2|20;3|30");
  Expect(Alter(WithColumn("a", "back", 1)));
  Expect(Apply(Rows(schema()).Insert({4, "four", 40})));
  Commit(3);
  EXPECT_EQ(Items(), "1|back|10;2|back|20;3|back|30;4|four|40");
}

TEST_F(SchemaVersionTest, a_partial_update_of_an_old_row_takes_stored_cells_and_defaults) {
  Expect(Alter(WithColumn("c", "dflt", 2)));
  Expect(Apply(Rows(schema()).Update({1, Open{}, Open{}, 11})));
  Commit(2);
  EXPECT_EQ(Items(), "1|one|dflt|11;2|two|dflt|20");
}

TEST_F(SchemaVersionTest, rows_before_and_after_a_change_in_one_unit_keep_their_own_shapes) {
  Expect(Apply(Rows(schema()).Insert({3, "three", 30})));
  Expect(Alter(WithColumn("c", "dflt", 3)));
  Expect(Apply(Rows(schema()).Insert({4, "four", 40, "own"}).Update({3, Open{}, 31, Open{}})));
  Commit(2);
  EXPECT_EQ(Items(), "1|one|10|dflt;2|two|20|dflt;3|three|31|dflt;4|four|40|own");
}

TEST_F(SchemaVersionTest, rollback_brings_the_old_shape_back) {
  Expect(Alter(WithColumn("c", "dflt", 2)));
  EXPECT_EQ(schema()->version, 2u);
  Expect(writer_->Rollback());
  EXPECT_EQ(schema()->version, 1u);
  Write(2, Rows(schema()).Insert({3, "three", 30}));
  EXPECT_EQ(Items(), "1|one|10;2|two|20;3|three|30");
}

TEST_F(SchemaVersionTest, widened_integers_read_on) {
  auto next = NextVersion();
  auto narrow = std::make_shared<TableSchema>(*next);
  narrow->version = 1;
  narrow->columns[2].type = TypeOf(TypeKind::kInt16);
  const auto made = store_->CreateTable(kJob, "shop", "narrow", narrow, true);
  ASSERT_TRUE(made.ok());
  Expect(writer_->ApplyRows((*made)->id, Rows(narrow).Insert({1, "x", -5}).batch(), {}));
  SchemaChange change;
  change.kind = SchemaChangeKind::kAlterTable;
  change.new_schema = next;  // the column is BIGINT there
  Expect(writer_->ApplySchemaChange((*made)->id, change));
  Commit(2);
  EXPECT_EQ(ReadAll(**store_->OpenView(), **made), "1|x|-5");
}

TEST_F(SchemaVersionTest, changes_that_stored_rows_cannot_follow_are_refused) {
  auto retyped = NextVersion();
  retyped->columns[2].type = TypeOf(TypeKind::kString);
  EXPECT_EQ(Alter(retyped).code(), Code::kUnsupported);
  auto rekeyed = NextVersion();
  rekeyed->key_columns = {0, 1};
  EXPECT_EQ(Alter(rekeyed).code(), Code::kUnsupported);
  auto unexcluded = NextVersion();
  unexcluded->columns[1].excluded = true;
  EXPECT_EQ(Alter(unexcluded).code(), Code::kUnsupported);
  auto stale = std::make_shared<TableSchema>(*schema());
  stale->comment = "same version, other content";
  EXPECT_EQ(Alter(stale).code(), Code::kCorrupt);
}

}  // namespace
}  // namespace freshet
