// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sql/mapping_fixture.h"

#include <numeric>
#include <sstream>

#include "sql/insert_select.h"

namespace freshet {

namespace {

LogicalType TypeNamed(const std::string& name) {
  LogicalType type;
  const size_t open = name.find('(');
  const std::string word = name.substr(0, open);
  uint32_t first = 0;
  uint32_t second = 0;
  if (open != std::string::npos) {
    std::istringstream numbers(name.substr(open + 1));
    char comma = ',';
    numbers >> first >> comma >> second;
  }
  const std::pair<const char*, TypeKind> kinds[] = {
      {"BOOL", TypeKind::kBool},         {"TINYINT", TypeKind::kInt8},       {"INT", TypeKind::kInt32},
      {"BIGINT", TypeKind::kInt64},      {"UBIGINT", TypeKind::kUint64},     {"DOUBLE", TypeKind::kFloat64},
      {"DECIMAL", TypeKind::kDecimal},   {"VARCHAR", TypeKind::kString},     {"BLOB", TypeKind::kBytes},
      {"DATE", TypeKind::kDate},         {"DATETIME", TypeKind::kDateTime},  {"JSON", TypeKind::kJson},
      {"TIMESPAN", TypeKind::kTimeSpan}, {"TIMESTAMP", TypeKind::kTimestamp}};
  for (const auto& [text, kind] : kinds) {
    if (word == text) type.kind = kind;
  }
  if (type.kind == TypeKind::kDecimal) {
    type.precision = static_cast<uint16_t>(first);
    type.scale = static_cast<uint16_t>(second);
  } else if (type.kind == TypeKind::kDateTime || type.kind == TypeKind::kTimestamp) {
    type.precision = static_cast<uint16_t>(first);
  } else {
    type.length = first;
  }
  return type;
}

}  // namespace

void MappingFixture::SetUp() {
  SqlFixture::SetUp();
  source_ = Schema("orders", {"id BIGINT KEY", "name VARCHAR", "price DECIMAL(10,2)", "day DATE", "note VARCHAR",
                              "created DATETIME(6)", "n INT"});
  target_ = Schema("t", {"id BIGINT KEY", "name VARCHAR(10)"});
}

SchemaPtr MappingFixture::Schema(const std::string& table, const std::vector<std::string>& columns) {
  auto schema = std::make_shared<TableSchema>();
  schema->name = {"shop", table};
  schema->key_name = "PRIMARY";
  for (const std::string& text : columns) {
    std::istringstream words(text);
    Column column;
    std::string type;
    words >> column.name >> type;
    column.id = schema->next_column_id++;
    column.type = TypeNamed(type);
    column.source_type = type;
    for (std::string word; words >> word;) {
      if (word == "KEY") schema->key_columns.push_back(static_cast<uint32_t>(schema->columns.size()));
      if (word == "KEY" || word == "NOT") column.nullable = false;
      if (word == "EXCLUDED") column.excluded = true;
      if (word == "=" && words >> word) column.insert_default = word;
    }
    schema->columns.push_back(std::move(column));
  }
  return schema;
}

InsertSelect MappingFixture::Insert(const std::string& columns_and_select) const {
  std::string sql = "INSERT INTO shop.t " + columns_and_select;
  const size_t place = sql.find("SRC");
  EXPECT_NE(place, std::string::npos);
  sql.replace(place, 3, "cdc_stream(\"type\" = \"mysql\")");
  const auto tokens = Tokenize(sql);
  EXPECT_TRUE(tokens.ok());
  TokenReader reader(sql, *tokens);
  auto insert = ParseInsertSelect(reader);
  EXPECT_TRUE(insert.ok()) << insert.status().ToString();
  insert->arguments.insert(insert->arguments.end(), arguments_.begin(), arguments_.end());
  return *std::move(insert);
}

std::string MappingFixture::Compile(const std::string& columns_and_select) {
  mapping_.reset();
  auto mapping = Mapping::Compile(*engine_, Insert(columns_and_select), {source_, nullptr}, target_, options_);
  if (!mapping.ok()) {
    const std::string message = mapping.status().message();
    return std::string(CodeName(mapping.code())) + ": " + message.substr(0, message.find('\n'));
  }
  mapping_ = *std::move(mapping);
  return "";
}

RowBatch MappingFixture::Batch(const std::vector<std::vector<std::string>>& rows) const {
  RowBatch batch;
  batch.schema = source_;
  for (const auto& row : rows) {
    const uint32_t image = batch.AppendImage();
    for (size_t i = 0; i < row.size(); ++i) {
      if (row[i] == "?") continue;
      Cell cell = Cell::Null();
      if (row[i].starts_with('!')) {
        cell = batch.AppendBytes(row[i].substr(1));
      } else if (row[i] != "NULL") {
        auto parsed = CellFromText(source_->columns[i].type, row[i], batch.arena);
        EXPECT_TRUE(parsed.ok()) << row[i];
        cell = *parsed;
      }
      batch.Image(image)[i] = cell;
    }
  }
  return batch;
}

std::string MappingFixture::Text(const Result<MappedRows>& mapped) {
  if (!mapped.ok()) return std::string(CodeName(mapped.code())) + ": " + mapped.status().message();
  std::string text;
  for (size_t i = 0; i < mapped->rows.rows.size(); ++i) {
    const RowChange& row = mapped->rows.rows[i];
    EXPECT_EQ(row.op, RowOp::kInsert);
    text += std::to_string(mapped->source_row[i]) + ": ";
    const auto cells = mapped->rows.Image(row.after);
    for (size_t c = 0; c < cells.size(); ++c) {
      if (c > 0) text += '|';
      if (cells[c].kind == CellKind::kUnchanged) {
        text += '?';
      } else if (!AppendCellText(mapped->rows.schema->columns[c].type, cells[c], mapped->rows.arena, text)) {
        text += "NULL";
      }
    }
    text += '\n';
  }
  for (const auto& reject : mapped->rejects) text += std::to_string(reject.source_row) + "! " + reject.reason + "\n";
  return text;
}

std::string MappingFixture::Images(const std::vector<std::vector<std::string>>& rows) {
  const RowBatch batch = Batch(rows);
  std::vector<uint32_t> images(rows.size());
  std::iota(images.begin(), images.end(), 0u);
  return Text(mapping_->MapImages(batch, images));
}

std::string MappingFixture::Keys(const std::vector<std::vector<std::string>>& rows) {
  const RowBatch batch = Batch(rows);
  std::vector<uint32_t> images(rows.size());
  std::iota(images.begin(), images.end(), 0u);
  return Text(mapping_->MapKeys(batch, images));
}

std::string MappingFixture::Names(const std::vector<uint32_t>& columns) const {
  std::string names;
  for (const uint32_t column : columns) names += (names.empty() ? "" : " ") + source_->columns[column].name;
  return names;
}

}  // namespace freshet
