// SPDX-License-Identifier: Apache-2.0
// Copy while following: what the log did to a key in the window decides over the chunk's row.
#include "tests/unit/storage/store_fixture.h"

#include "storage/key_codec.h"

namespace freshet {
namespace {

class ChunkRowsTest : public StoreFixture {
 protected:
  void SetUp() override {
    StoreFixture::SetUp();
    OpenItems();
    in_window_.rows_may_be_missing = true;
    in_window_.touched = &touched_;
  }
  Rows On() const { return Rows(schema()); }
  uint64_t ApplyChunk(const Rows& rows) {
    const auto encoded = EncodeChunk(*items_, rows.batch());
    EXPECT_TRUE(encoded.ok()) << encoded.status().ToString();
    const auto written = writer_->ApplyChunk(*encoded, touched_);
    EXPECT_TRUE(written.ok()) << written.status().ToString();
    return written.ok() ? *written : 0;
  }
  TouchedKeys touched_;
  ApplyOptions in_window_;
};

TEST_F(ChunkRowsTest, untouched_rows_are_written) {
  EXPECT_EQ(ApplyChunk(On().Insert({1, "x", 10}).Insert({2, "y", Null{}})), 2u);
  ASSERT_TRUE(writer_->Commit(Position()).ok());
  EXPECT_EQ(Items(), "1|x|10;2|y|NULL");
}

TEST_F(ChunkRowsTest, what_the_log_wrote_whole_or_deleted_wins) {
  Expect(
      Apply(On().Insert({1, "log", 11}).Delete({2, Open{}, Open{}}).Update({3, "c", 3}, {4, "moved", 4}), in_window_));
  EXPECT_EQ(ApplyChunk(On().Insert({1, "chunk", 10})
                           .Insert({2, "y", 20})
                           .Insert({3, "c", 3})
                           .Insert({4, "old", 0})
                           .Insert({5, "e", 50})),
            1u);
  Commit(1);
  EXPECT_EQ(Items(), "1|log|11;4|moved|4;5|e|50");
}

TEST_F(ChunkRowsTest, patches_are_laid_over_the_chunks_row_in_order) {
  Expect(Apply(On().Update({1, Open{}, 11}), in_window_));
  Expect(Apply(On().Update({1, "patched", Open{}}).Update({1, Open{}, 12}), in_window_));
  EXPECT_EQ(ApplyChunk(On().Insert({1, "chunk", 10}).Insert({2, "y", 20})), 2u);
  Commit(1);
  EXPECT_EQ(Items(), "1|patched|12;2|y|20");
}

TEST_F(ChunkRowsTest, a_patch_to_null_is_laid_over_as_null) {
  Expect(Apply(On().Update({1, Null{}, Open{}}), in_window_));
  ApplyChunk(On().Insert({1, "chunk", 10}));
  Commit(1);
  EXPECT_EQ(Items(), "1|NULL|10");
}

TEST_F(ChunkRowsTest, a_delete_after_patches_wins) {
  Expect(Apply(On().Update({1, Open{}, 11}).Delete({1, Open{}, Open{}}), in_window_));
  EXPECT_EQ(ApplyChunk(On().Insert({1, "chunk", 10})), 0u);
  Commit(1);
  EXPECT_EQ(Items(), "");
}

TEST_F(ChunkRowsTest, a_partial_change_of_a_stored_row_is_whole_and_wins) {
  Write(1, On().Insert({1, "stored", 10}));
  Expect(Apply(On().Update({1, Open{}, 11}), in_window_));
  EXPECT_EQ(ApplyChunk(On().Insert({1, "chunk", 0})), 0u);
  Commit(2);
  EXPECT_EQ(Items(), "1|stored|11");
}

TEST_F(ChunkRowsTest, a_partial_change_sees_the_chunks_row_of_the_same_unit) {
  ApplyChunk(On().Insert({1, "chunk", 10}));
  Expect(Apply(On().Update({1, Open{}, 11})));
  Commit(1);
  EXPECT_EQ(Items(), "1|chunk|11");
}

TEST_F(ChunkRowsTest, touched_keys_are_the_codecs_keys_also_after_a_truncate) {
  Expect(writer_->TruncateTable(items_->id));
  Commit(1);
  Expect(Apply(On().Insert({1, "log", 1}), in_window_));
  std::string key;
  const Rows row = On().Insert({1, "x", 1});
  Expect(AppendKey(items_->id, *schema(), row.batch().Image(0), row.batch().arena, key));
  EXPECT_EQ(touched_.keys.count(key), 1u);
  EXPECT_EQ(ApplyChunk(On().Insert({1, "chunk", 0}).Insert({2, "two", 2})), 1u);
  Commit(2);
  EXPECT_EQ(Items(), "1|log|1;2|two|2");
}

TEST_F(ChunkRowsTest, a_chunk_read_before_a_column_was_added_is_patched_in_the_new_shape) {
  const auto encoded = EncodeChunk(*items_, On().Insert({1, "chunk", 10}).Insert({2, "y", 20}).batch());
  ASSERT_TRUE(encoded.ok());
  SchemaChange change;
  change.kind = SchemaChangeKind::kAlterTable;
  auto wider = std::make_shared<TableSchema>(*schema());
  wider->version = 2;
  wider->columns.push_back(ColumnOf(wider->next_column_id++, "c", TypeKind::kString));
  wider->columns.back().initial_default = "dflt";
  change.new_schema = wider;
  Expect(writer_->ApplySchemaChange(items_->id, change));
  Expect(Apply(Rows(wider).Update({1, Open{}, Open{}, "own"}), in_window_));
  ASSERT_TRUE(writer_->ApplyChunk(*encoded, touched_).ok());
  Commit(1);
  EXPECT_EQ(Items(), "1|chunk|10|own;2|y|20|dflt");
}

TEST_F(ChunkRowsTest, a_chunk_of_an_unknown_shape_is_refused) {
  auto unknown = ItemsSchema();
  unknown->version = 9;
  const auto encoded = EncodeChunk(*items_, Rows(unknown).Insert({1, "x", 1}).batch());
  ASSERT_TRUE(encoded.ok());
  EXPECT_EQ(writer_->ApplyChunk(*encoded, touched_).code(), Code::kCorrupt);
}

}  // namespace
}  // namespace freshet
