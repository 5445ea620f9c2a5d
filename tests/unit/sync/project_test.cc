// SPDX-License-Identifier: Apache-2.0
// schema_change_behavior=ignore: rows of a changed source in the mirror's old shape. What cannot be kept exactly is
// rejected, and the ratio of rejected rows is measured.
#include <gtest/gtest.h>

#include "cdc/change/text_cell.h"
#include "sync/filter_window.h"
#include "sync/merged_target.h"
#include "sync/project_batch.h"

namespace freshet {
namespace {

LogicalType Type(TypeKind kind, uint16_t precision = 0, uint16_t scale = 0) {
  LogicalType type;
  type.kind = kind;
  type.precision = precision;
  type.scale = scale;
  return type;
}

struct Given {
  uint32_t id;
  std::string name;
  LogicalType type;
};
SchemaPtr Schema(uint32_t version, const std::vector<Given>& columns) {
  auto schema = std::make_shared<TableSchema>();
  schema->name = {"s", "t"};
  schema->version = version;
  for (const Given& given : columns) {
    Column column;
    column.id = given.id;
    column.name = given.name;
    column.type = given.type;
    schema->columns.push_back(column);
  }
  schema->key_columns = {0};
  return schema;
}

// Appends an image from texts; "-" is NULL, "?" is not sent.
uint32_t Append(RowBatch& batch, const std::vector<std::string>& texts) {
  const uint32_t image = batch.AppendImage();
  for (size_t i = 0; i < texts.size(); ++i) {
    Cell cell = Cell::Null();
    if (texts[i] == "?") cell = Cell::Unchanged();
    if (texts[i] != "?" && texts[i] != "-") {
      cell = *CellFromText(batch.schema->columns[i].type, texts[i], batch.arena);
    }
    batch.Image(image)[i] = cell;
  }
  return image;
}

std::string Text(const RowBatch& batch, uint32_t image) {
  if (image == kNoImage) return "none";
  std::string all;
  for (size_t i = 0; i < batch.columns(); ++i) {
    const Cell& cell = batch.Image(image)[i];
    std::string text;
    if (!AppendCellText(batch.schema->columns[i].type, cell, batch.arena, text)) {
      text = cell.kind == CellKind::kNull ? "-" : "?";
    }
    all += (i == 0 ? "" : "|") + text;
  }
  return all;
}

const Given kId{1, "id", Type(TypeKind::kInt64)};

TEST(ProjectBatch, AddedColumnsAreLeftOutAndDroppedOnesAreNull) {
  const SchemaPtr mirror = Schema(1, {kId, {2, "gone", Type(TypeKind::kString)}, {3, "kept", Type(TypeKind::kString)}});
  RowBatch batch;
  batch.schema = Schema(3, {kId, {4, "added", Type(TypeKind::kString)}, {3, "kept", Type(TypeKind::kString)}});
  batch.rows.push_back({RowOp::kInsert, kNoImage, Append(batch, {"1", "new", "old"})});
  batch.rows.push_back({RowOp::kUpdate, kNoImage, Append(batch, {"2", "new", "?"})});
  batch.rows.push_back({RowOp::kDelete, Append(batch, {"3", "?", "?"}), kNoImage});
  const Result<ProjectedBatch> projected = ProjectBatch(batch, mirror);
  ASSERT_TRUE(projected.ok()) << projected.status().message();
  EXPECT_TRUE(projected->rejected.empty());
  ASSERT_EQ(projected->batch.rows.size(), 3u);
  EXPECT_EQ(Text(projected->batch, projected->batch.rows[0].after), "1|-|old");
  // A partial image says nothing of the column that went: what is stored stays.
  EXPECT_EQ(Text(projected->batch, projected->batch.rows[1].after), "2|?|?");
  EXPECT_EQ(Text(projected->batch, projected->batch.rows[2].before), "3|?|?");
}

TEST(ProjectBatch, AKeyColumnThatWentIsNamed) {
  RowBatch batch;
  batch.schema = Schema(2, {{5, "other", Type(TypeKind::kInt64)}});
  const Status status = ProjectBatch(batch, Schema(1, {kId})).status();
  EXPECT_EQ(status.code(), Code::kUnsupported);
  EXPECT_NE(status.message().find("'id'"), std::string::npos);
}

std::string Converted(const LogicalType& from, const LogicalType& to, const std::string& text) {
  RowBatch batch;
  batch.schema = Schema(2, {kId, {2, "c", from}});
  batch.rows.push_back({RowOp::kInsert, kNoImage, Append(batch, {"7", text})});
  const Result<ProjectedBatch> projected = ProjectBatch(batch, Schema(1, {kId, {2, "c", to}}));
  EXPECT_TRUE(projected.ok());
  EXPECT_EQ(projected->batch.rows.size(), 1u);
  if (projected->rejected.empty()) return Text(projected->batch, projected->batch.rows[0].after);
  EXPECT_EQ(projected->batch.rows[0].op, RowOp::kDelete);
  EXPECT_EQ(projected->rejected[0].row.find("{\"id\":\"7\",\"c\":"), 0u);
  return "rejected";
}

TEST(ProjectBatch, AChangedTypeKeepsTheValueExactlyOrRejectsTheRow) {
  const LogicalType cents = Type(TypeKind::kDecimal, 10, 2);
  const LogicalType mills = Type(TypeKind::kDecimal, 12, 4);
  EXPECT_EQ(Converted(mills, cents, "12.3000"), "7|12.30");  // not 1230.00: the same digits mean something else
  EXPECT_EQ(Converted(mills, cents, "12.3456"), "rejected");
  EXPECT_EQ(Converted(Type(TypeKind::kInt64), Type(TypeKind::kInt32), "5"), "7|5");
  EXPECT_EQ(Converted(Type(TypeKind::kInt64), Type(TypeKind::kInt32), "5000000000"), "rejected");
  EXPECT_EQ(Converted(Type(TypeKind::kUint8), Type(TypeKind::kInt8), "200"), "rejected");
  EXPECT_EQ(Converted(Type(TypeKind::kDateTime), Type(TypeKind::kDate), "2020-01-01 10:00:00"), "rejected");
  EXPECT_EQ(Converted(Type(TypeKind::kInt32), Type(TypeKind::kString), "42"), "7|42");
  EXPECT_EQ(Converted(Type(TypeKind::kString), Type(TypeKind::kInt32), "42"), "rejected");
  EXPECT_EQ(Converted(Type(TypeKind::kBytes), Type(TypeKind::kString), "\\x41"), "rejected");
  EXPECT_EQ(Converted(Type(TypeKind::kFloat64), Type(TypeKind::kFloat32), "0.5"), "7|0.5");
  EXPECT_EQ(Converted(Type(TypeKind::kFloat64), Type(TypeKind::kFloat32), "0.1"), "rejected");
  EXPECT_EQ(Converted(Type(TypeKind::kString), Type(TypeKind::kInt32), "-"), "7|-");
}

TEST(ProjectBatch, ARejectedUpdateRemovesTheStoredRowByItsOldKey) {
  RowBatch batch;
  batch.schema = Schema(2, {kId, {2, "c", Type(TypeKind::kInt64)}});
  const uint32_t before = Append(batch, {"1", "5000000000"});
  batch.rows.push_back({RowOp::kUpdate, before, Append(batch, {"2", "6000000000"})});
  // The value before the change need not fit: only what comes after is stored.
  batch.rows.push_back({RowOp::kUpdate, before, Append(batch, {"1", "6"})});
  const Result<ProjectedBatch> projected = ProjectBatch(batch, Schema(1, {kId, {2, "c", Type(TypeKind::kInt32)}}));
  ASSERT_TRUE(projected.ok());
  ASSERT_EQ(projected->rejected.size(), 1u);
  EXPECT_EQ(projected->rejected[0].row, R"({"id":"2","c":"6000000000"})");
  EXPECT_EQ(projected->rejected[0].reason.find("column c: "), 0u);
  EXPECT_EQ(projected->rejected[0].reason.find("6000000000"), std::string::npos);
  ASSERT_EQ(projected->batch.rows.size(), 2u);
  EXPECT_EQ(projected->batch.rows[0].op, RowOp::kDelete);
  EXPECT_EQ(Text(projected->batch, projected->batch.rows[0].before), "1|?");
  EXPECT_EQ(Text(projected->batch, projected->batch.rows[1].after), "1|6");
}

constexpr int64_t kSecond = 1'000'000;

TEST(FilterWindow, CountsOverTheWindowAndTheOneBefore) {
  FilterWindow window(0.1, 100 * kSecond);
  EXPECT_TRUE(window.Check(10, 1, kSecond).ok());
  EXPECT_FALSE(window.Check(10, 2, kSecond).ok());
  window.Count(90, 0, kSecond);
  EXPECT_TRUE(window.Check(10, 10, 99 * kSecond).ok());
  EXPECT_TRUE(window.Check(10, 10, 150 * kSecond).ok());
  window.Count(1, 0, 150 * kSecond);
  EXPECT_FALSE(window.Check(10, 10, 260 * kSecond).ok());  // the 90 rows are two windows old
}

TEST(FilterWindow, RatioZeroAllowsNoneAndRatioOneAll) {
  FilterWindow none(0, kSecond);
  none.Count(1'000'000, 0, 1);
  EXPECT_EQ(none.Check(2, 1, 1).message(),
            "too many filtered rows: ratio 9.99998e-07 exceeds load.max_filter_ratio 0. Fix the source data or adjust "
            "the limit, then run RESUME JOB.");
  EXPECT_TRUE(none.Check(2, 0, 1).ok());
  FilterWindow all(1, kSecond);
  EXPECT_TRUE(all.Check(5, 5, 1).ok());
}

TEST(MergedTarget, ColumnsThatDifferAreNamed) {
  const SchemaPtr a = Schema(4, {{3, "id", Type(TypeKind::kInt64)}, {8, "v", Type(TypeKind::kString)}});
  const SchemaPtr same = Schema(1, {kId, {2, "v", Type(TypeKind::kString)}});
  ASSERT_TRUE(CheckMergeable(*a, *same, "all").ok());
  const SchemaPtr taken = TakeOverShape(*a, *same);
  EXPECT_EQ(taken->version, 4u);
  EXPECT_EQ(taken->columns[1].id, 8u);
  const auto reason = [&](const SchemaPtr& b) { return CheckMergeable(*a, *b, "all").message(); };
  EXPECT_NE(reason(Schema(1, {kId, {2, "w", Type(TypeKind::kString)}})).find("column 2 is 'v' and 'w'"),
            std::string::npos);
  EXPECT_NE(reason(Schema(1, {kId, {2, "v", Type(TypeKind::kInt32)}})).find("column 'v' is"), std::string::npos);
  EXPECT_NE(reason(Schema(1, {kId})).find("2 and 1 columns"), std::string::npos);
}

}  // namespace
}  // namespace freshet
