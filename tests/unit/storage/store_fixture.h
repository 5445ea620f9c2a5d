// SPDX-License-Identifier: Apache-2.0
// StoreFixture: a store in a folder of its own, reopened at will, and short words to write and read rows:
// a row is written as ints and strings, a table is read as "1|a;2|NULL". Used by the storage tests only.
#pragma once

#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "base/failpoint.h"
#include "cdc/change/text_cell.h"
#include "storage/read_view.h"
#include "storage/store.h"
#include "storage/unit_writer.h"

namespace freshet {

inline LogicalType TypeOf(TypeKind kind) {
  LogicalType type;
  type.kind = kind;
  return type;
}

inline Column ColumnOf(uint32_t id, std::string name, TypeKind kind) {
  Column column;
  column.id = id;
  column.name = std::move(name);
  column.type = TypeOf(kind);
  return column;
}

// id BIGINT (key), a VARCHAR, b BIGINT.
inline std::shared_ptr<TableSchema> ItemsSchema() {
  auto schema = std::make_shared<TableSchema>();
  schema->name = {"shop", "items"};
  schema->columns = {ColumnOf(1, "id", TypeKind::kInt64), ColumnOf(2, "a", TypeKind::kString),
                     ColumnOf(3, "b", TypeKind::kInt64)};
  schema->next_column_id = 4;
  schema->key_columns = {0};
  schema->key_name = "PRIMARY";
  return schema;
}

struct Null {};
struct Open {};  // kUnchanged
using Value = std::variant<int, const char*, Null, Open>;
using Values = std::vector<Value>;

// Collects row changes.
class Rows {
 public:
  explicit Rows(SchemaPtr schema) { batch_.schema = std::move(schema); }
  Rows& Insert(const Values& after) { return Add(RowOp::kInsert, {}, after); }
  Rows& Update(const Values& before, const Values& after) { return Add(RowOp::kUpdate, before, after); }
  Rows& Update(const Values& after) { return Add(RowOp::kUpdate, {}, after); }
  Rows& Delete(const Values& before) { return Add(RowOp::kDelete, before, {}); }
  const RowBatch& batch() const { return batch_; }

 private:
  Rows& Add(RowOp op, const Values& before, const Values& after) {
    batch_.rows.push_back({op, Image(before), Image(after)});
    return *this;
  }
  uint32_t Image(const Values& values) {
    if (values.empty()) return kNoImage;
    const uint32_t image = batch_.AppendImage();
    for (size_t i = 0; i < values.size(); ++i) {
      Cell cell = Cell::Null();
      if (const int* number = std::get_if<int>(&values[i])) cell = Cell::Int(*number);
      if (const char* const* text = std::get_if<const char*>(&values[i])) cell = batch_.AppendBytes(*text);
      if (std::holds_alternative<Open>(values[i])) cell = Cell::Unchanged();
      batch_.Image(image)[i] = cell;
    }
    return image;
  }
  RowBatch batch_;
};

inline Position At(uint64_t lsn) {
  return Position{PostgresPosition{lsn, 0}};
}

// "1|a|NULL;2|b|7", in key order, stored columns only.
inline std::string ReadAll(const ReadView& view, const StoredTable& named) {
  const StoredTablePtr table = view.FindTable(named.database, named.name);
  if (!table) return "no table";
  std::vector<uint32_t> columns;
  for (uint32_t i = 0; i < table->schema->columns.size(); ++i) {
    if (!table->schema->columns[i].excluded) columns.push_back(i);
  }
  auto scan = view.Scan(*table, columns, {});
  if (!scan.ok()) return scan.status().ToString();
  std::string text;
  RowBlock block;
  while (true) {
    if (const Status status = (*scan)->Next(block, 3); !status.ok()) return status.ToString();
    if (block.rows == 0) return text;
    for (size_t i = 0; i < block.cells.size(); ++i) {
      if (i % columns.size() == 0 && !text.empty()) text += ';';
      if (i % columns.size() != 0) text += '|';
      const LogicalType& type = table->schema->columns[columns[i % columns.size()]].type;
      if (!AppendCellText(type, block.cells[i], block.arena, text)) text += "NULL";
    }
  }
}

class StoreFixture : public ::testing::Test {
 protected:
  static constexpr JobId kJob{7};

  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "freshet-storage-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override {
    ArmFailpoints("");
    CloseStore();
    std::filesystem::remove_all(directory_);
  }
  void OpenStore() {
    StoreOptions options;
    options.directory = directory_;
    options.memory_bytes = 32u << 20;
    auto store = Store::Open(options);
    ASSERT_TRUE(store.ok()) << store.status().ToString();
    store_ = std::move(*store);
    OpenWriter();
  }
  void OpenWriter() {
    auto writer = UnitWriter::Open(*store_, kJob);
    ASSERT_TRUE(writer.ok()) << writer.status().ToString();
    writer_ = std::move(*writer);
  }
  void CloseStore() {
    writer_.reset();
    store_.reset();
  }
  void Reopen() {
    CloseStore();
    OpenStore();
  }
  // A store with shop.items, owned by the job.
  void OpenItems() {
    OpenStore();
    Expect(store_->CreateDatabase("shop"));
    auto table = store_->CreateTable(kJob, "shop", "items", ItemsSchema(), true);
    ASSERT_TRUE(table.ok()) << table.status().ToString();
    items_ = *table;
  }
  static void Expect(const Status& status) { ASSERT_TRUE(status.ok()) << status.ToString(); }
  Status Apply(const Rows& rows, ApplyOptions options = {}) {
    return writer_->ApplyRows(items_->id, rows.batch(), options);
  }
  void Commit(uint64_t lsn, bool complete = true) {
    const auto committed = writer_->Commit(At(lsn), complete);
    ASSERT_TRUE(committed.ok()) << committed.status().ToString();
  }
  void Write(uint64_t lsn, const Rows& rows) {
    Expect(Apply(rows));
    Commit(lsn);
  }
  std::string Items() const {
    auto view = store_->OpenView();
    return view.ok() ? ReadAll(**view, *items_) : view.status().ToString();
  }
  SchemaPtr schema() const { return writer_->table(items_->id)->schema; }

  std::string directory_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<UnitWriter> writer_;
  StoredTablePtr items_;
};

}  // namespace freshet
