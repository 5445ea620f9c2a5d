// SPDX-License-Identifier: Apache-2.0
// StoredChanges: what a unit writer says that it did to the stored rows, for rows that are derived from them.
#include "tests/unit/storage/store_fixture.h"

namespace freshet {
namespace {

class StoredChangesTest : public StoreFixture {
 protected:
  void Prepare(bool whole_before) {
    OpenItems();
    Write(1, On().Insert({1, "one", 10}).Insert({2, "two", 20}));
    changes_.whole_before = whole_before;
    options_.changes = &changes_;
  }
  Rows On() const { return Rows(schema()); }

  std::string ImageText(uint32_t image) const {
    if (image == kNoImage) return "";
    std::string text;
    const auto cells = changes_.batch.Image(image);
    for (size_t i = 0; i < cells.size(); ++i) {
      if (i != 0) text += '|';
      if (cells[i].kind == CellKind::kUnchanged) {
        text += '?';
      } else if (!AppendCellText(changes_.batch.schema->columns[i].type, cells[i], changes_.batch.arena, text)) {
        text += "NULL";
      }
    }
    return text;
  }
  // "insert +1|a|1; update -1|?|? +1|b|1; delete -1|?|?"
  std::string Changes() const {
    std::string text;
    for (const RowChange& change : changes_.batch.rows) {
      if (!text.empty()) text += "; ";
      text += change.op == RowOp::kInsert ? "insert" : change.op == RowOp::kUpdate ? "update" : "delete";
      if (change.before != kNoImage) text += " -" + ImageText(change.before);
      if (change.after != kNoImage) text += " +" + ImageText(change.after);
    }
    return text;
  }

  StoredChanges changes_;
  ApplyOptions options_;
};

TEST_F(StoredChangesTest, open_cells_are_resolved_and_old_rows_are_whole_when_asked_for) {
  Prepare(true);
  Expect(Apply(On().Insert({3, "three", 30})
                   .Update({1, Open{}, 11})
                   .Update({1, "uno", Null{}})
                   .Delete({2, Open{}, Open{}})
                   .Delete({9, Open{}, Open{}}),
               options_));
  EXPECT_EQ(Changes(),
            "insert +3|three|30; update -1|one|10 +1|one|11; update -1|one|11 +1|uno|NULL; delete -2|two|20");
}

TEST_F(StoredChangesTest, without_old_rows_only_their_keys_are_named) {
  Prepare(false);
  Expect(Apply(On().Insert({1, "again", 30})
                   .Update({2, Open{}, 21})
                   .Update({2, Open{}, Open{}}, {5, Open{}, 50})
                   .Delete({9, Open{}, Open{}}),
               options_));
  EXPECT_EQ(Changes(), "insert +1|again|30; update -2|?|? +2|two|21; update -2|?|? +5|two|50; delete -9|?|?");
}

TEST_F(StoredChangesTest, an_insert_over_a_row_is_an_update_when_old_rows_are_asked_for) {
  Prepare(true);
  Expect(Apply(On().Insert({1, "again", 30}), options_));
  EXPECT_EQ(Changes(), "update -1|one|10 +1|again|30");
}

TEST_F(StoredChangesTest, a_move_to_a_key_in_use_deletes_the_row_there) {
  Prepare(true);
  Expect(Apply(On().Update({1, Open{}, Open{}}, {2, Open{}, 12}), options_));
  EXPECT_EQ(Changes(), "delete -2|two|20; update -1|one|10 +2|one|12");
  Commit(2);
  EXPECT_EQ(Items(), "2|one|12");
}

TEST_F(StoredChangesTest, excluded_columns_stay_unknown) {
  OpenStore();
  Expect(store_->CreateDatabase("shop"));
  auto partly = ItemsSchema();
  partly->columns[1].excluded = true;
  auto table = store_->CreateTable(kJob, "shop", "items", partly, true);
  ASSERT_TRUE(table.ok());
  items_ = *table;
  changes_.whole_before = true;
  options_.changes = &changes_;
  Expect(Apply(On().Insert({1, "secret", 10}).Update({1, "other", 11}), options_));
  EXPECT_EQ(Changes(), "insert +1|?|10; update -1|?|10 +1|?|11");
}

TEST_F(StoredChangesTest, chunk_rows_that_the_log_won_are_not_in_it_and_patched_ones_are_whole) {
  for (const bool whole_before : {false, true}) {
    Prepare(whole_before);
    TouchedKeys touched;
    ApplyOptions window;
    window.rows_may_be_missing = true;
    window.touched = &touched;
    window.changes = &changes_;
    Expect(Apply(On().Delete({3, Open{}, Open{}}).Update({4, Open{}, 44}), window));
    EXPECT_EQ(Changes(), whole_before ? "" : "delete -3|?|?") << "a patch of a row that is not there stores nothing";
    changes_.batch = RowBatch();
    const auto chunk =
        EncodeChunk(*items_, On().Insert({1, "one", 10}).Insert({3, "gone", 1}).Insert({4, "four", 40}).batch());
    ASSERT_TRUE(chunk.ok());
    const auto written = writer_->ApplyChunk(*chunk, touched, &changes_);
    ASSERT_TRUE(written.ok()) << written.status().ToString();
    EXPECT_EQ(*written, 2u);
    EXPECT_EQ(Changes(),
              whole_before ? "update -1|one|10 +1|one|10; insert +4|four|44" : "insert +1|one|10; insert +4|four|44");
    changes_.batch = RowBatch();
    CloseStore();
    std::filesystem::remove_all(directory_);
  }
}

TEST_F(StoredChangesTest, rows_of_two_shapes_do_not_fit_one_batch) {
  Prepare(false);
  Expect(Apply(On().Insert({3, "three", 30}), options_));
  SchemaChange change;
  change.kind = SchemaChangeKind::kAlterTable;
  auto wider = std::make_shared<TableSchema>(*schema());
  wider->version = 2;
  wider->columns.push_back(ColumnOf(wider->next_column_id++, "c", TypeKind::kString));
  change.new_schema = wider;
  Expect(writer_->ApplySchemaChange(items_->id, change));
  EXPECT_EQ(Apply(Rows(wider).Insert({4, "four", 40, "c"}), options_).code(), Code::kInvalid);
  changes_.batch = RowBatch();
  Expect(Apply(Rows(wider).Update({1, Open{}, 11, Open{}}), options_));
  EXPECT_EQ(Changes(), "update -1|?|?|? +1|one|11|NULL");
}

}  // namespace
}  // namespace freshet
