// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sql/sql_fixture.h"

#include <unistd.h>

#include "storage/read_view.h"

namespace freshet {

namespace {
constexpr JobId kJob{77};
}  // namespace

void SqlFixture::SetUp() {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  directory_ =
      std::filesystem::temp_directory_path() / ("freshet_sql_" + std::to_string(::getpid()) + "_" + test->name());
  std::filesystem::remove_all(directory_);
  StoreOptions options;
  options.directory = (directory_ / "store").string();
  options.memory_bytes = 64u << 20;
  auto store = Store::Open(options);
  ASSERT_TRUE(store.ok()) << store.status().ToString();
  store_ = *std::move(store);
  auto writer = UnitWriter::Open(*store_, kJob);
  ASSERT_TRUE(writer.ok()) << writer.status().ToString();
  writer_ = *std::move(writer);
  SqlEngineOptions engine_options;
  engine_options.temporary_directory = (directory_ / "spill").string();
  auto engine = SqlEngine::Make(*store_, engine_options);
  ASSERT_TRUE(engine.ok()) << engine.status().ToString();
  engine_ = *std::move(engine);
  engine_->RegisterSystemTable(
      "jobs", {{"Id", "Name", "Status"}, [](const auto& arguments) -> Result<SystemTable::Rows> {
                 if (!arguments.contains("type")) {
                   return Status(Code::kInvalid, "jobs() needs \"type\"");
                 }
                 return SystemTable::Rows{{"1", "shop", "RUNNING"}, {"2", arguments.at("type"), std::nullopt}};
               }});
  session_ = engine_->NewSession("root@127.0.0.1", 7);
}

void SqlFixture::TearDown() {
  session_.reset();
  engine_.reset();
  writer_.reset();
  store_.reset();
  std::filesystem::remove_all(directory_);
}

SchemaPtr SqlFixture::MakeSchema(const std::string& table, const std::vector<ColumnSpec>& columns) {
  auto schema = std::make_shared<TableSchema>();
  schema->name = {"source", table};
  for (const ColumnSpec& spec : columns) {
    Column column;
    column.id = schema->next_column_id++;
    column.name = spec.name;
    column.type = spec.type;
    column.nullable = !spec.key;
    if (spec.key) schema->key_columns.push_back(static_cast<uint32_t>(schema->columns.size()));
    schema->columns.push_back(std::move(column));
  }
  schema->key_name = "PRIMARY";
  return schema;
}

StoredTablePtr SqlFixture::MakeTable(const std::string& database, const std::string& table,
                                     const std::vector<ColumnSpec>& columns, bool ready) {
  const Status created = store_->CreateDatabase(database);
  EXPECT_TRUE(created.ok() || created.code() == Code::kExists);
  auto made = store_->CreateTable(kJob, database, table, MakeSchema(table, columns), ready);
  EXPECT_TRUE(made.ok()) << made.status().ToString();
  // The writer knows the tables that exist when it is opened.
  writer_.reset();
  auto writer = UnitWriter::Open(*store_, kJob);
  EXPECT_TRUE(writer.ok()) << writer.status().ToString();
  writer_ = *std::move(writer);
  return *made;
}

void SqlFixture::Insert(const StoredTablePtr& table, const std::vector<std::vector<std::optional<std::string>>>& rows) {
  RowBatch batch;
  batch.schema = table->schema;
  for (const auto& row : rows) {
    const uint32_t image = batch.AppendImage();
    for (size_t i = 0; i < row.size(); ++i) {
      Cell cell = Cell::Null();
      if (row[i] && row[i]->starts_with('!')) {
        cell = batch.AppendBytes(row[i]->substr(1));
      } else if (row[i]) {
        auto parsed = CellFromText(table->schema->columns[i].type, *row[i], batch.arena);
        ASSERT_TRUE(parsed.ok()) << *row[i] << ": " << parsed.status().ToString();
        cell = *parsed;
      }
      batch.Image(image)[i] = cell;
    }
    batch.rows.push_back({RowOp::kInsert, kNoImage, image});
  }
  const Status applied = writer_->ApplyRows(table->id, batch, {});
  ASSERT_TRUE(applied.ok()) << applied.ToString();
  const auto committed = writer_->Commit({});
  ASSERT_TRUE(committed.ok()) << committed.status().ToString();
}

std::string SqlFixture::Drain(Result<std::unique_ptr<ResultCursor>> cursor) {
  if (!cursor.ok()) return std::string(CodeName(cursor.code())) + ": " + cursor.status().message();
  if (*cursor == nullptr) return "OK";
  std::string text;
  std::vector<std::optional<std::string_view>> row;
  while (true) {
    const Result<bool> more = (*cursor)->Next(row);
    if (!more.ok()) return std::string(CodeName(more.code())) + ": " + more.status().message();
    if (!*more) return text;
    for (size_t i = 0; i < row.size(); ++i) {
      text += (i > 0 ? "|" : "") + (row[i] ? std::string(*row[i]) : std::string("NULL"));
    }
    text += "\n";
  }
}

std::string SqlFixture::Ask(const std::string& sql) {
  const auto statement = ParseStatement(sql);
  if (!statement.ok()) return std::string(CodeName(statement.code())) + ": " + statement.status().message();
  return Drain(session_->Execute(*statement));
}

std::string SqlFixture::Header(const std::string& sql) {
  const auto statement = ParseStatement(sql);
  if (!statement.ok()) return statement.status().message();
  const auto cursor = session_->Execute(*statement);
  if (!cursor.ok()) return cursor.status().message();
  std::string text;
  for (const ResultColumn& column : (*cursor)->columns()) text += (text.empty() ? "" : "|") + column.name;
  return text;
}

}  // namespace freshet
