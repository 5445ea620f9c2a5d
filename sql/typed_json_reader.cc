// SPDX-License-Identifier: Apache-2.0
// JSON whose members are the texts of typed values, as FileRows::RowAsJson writes them of a Parquet file's rows: our
// own JSON reader gives the texts, which keeps every digit, and DuckDB casts them back to the columns' types.
#include "sql/duckdb_cursor.h"
#include "sql/duckdb_rows.h"
#include "sql/file_readers.h"
#include "sql/mapping_input.h"
#include "sql/mapping_plan.h"
#include "sql/session.h"
#include "sql/token.h"

namespace freshet {

namespace {

class TypedRows final : public DuckRows {
 public:
  void SetColumns(const FileColumns& columns) {
    for (const FileColumns::Column& column : columns.columns) names_.push_back(column.name);
  }
  void Set(DuckChunk chunk, const FileRows& texts) {
    chunk_ = std::move(chunk);
    rows_ = texts.rows();
    first_row_ = texts.first_row();
  }
};

bool IsNested(std::string_view type) {
  return type.starts_with("STRUCT(") || type.starts_with("MAP(") || type.ends_with("]");
}

// Members of nested values that JSON text of ours does not give back as they were.
bool LosesMembers(std::string_view type) {
  for (const std::string_view member : {"DECIMAL", "BLOB", "MAP(", "TIME ZONE"}) {
    if (type.find(member) != std::string_view::npos) return true;
  }
  return false;
}

// The text column `name` as a value of `type`.
std::string ValueOf(const std::string& name, const std::string& type) {
  if (type == "VARCHAR") return name;
  if (type == "BLOB") return "unhex(" + name + ")";
  if (type == "TIMESTAMP WITH TIME ZONE") return "CAST(" + name + " || '+00' AS " + type + ")";
  return "CAST(" + (IsNested(type) ? "CAST(" + name + " AS JSON)" : name) + " AS " + type + ")";
}

class TypedJsonReader final : public FileReader {
 public:
  TypedJsonReader(DuckEngine& engine, Options options) : engine_(engine), options_(std::move(options)) {}
  ~TypedJsonReader() override { engine_.contexts().Remove(duckdb_id_); }

  Status Start();
  const FileColumns& columns() const override { return *options_.expected; }
  Result<const FileRows*> Next(StopToken stop) override;

 private:
  DuckEngine& engine_;
  const Options options_;
  std::unique_ptr<FileReader> texts_;
  std::shared_ptr<MappingInput> input_;
  DuckConnection connection_;
  uint64_t duckdb_id_ = 0;
  DuckPrepared cast_;
  TypedRows rows_;
};

Status TypedJsonReader::Start() {
  Options texts = options_;
  std::string list;
  std::vector<std::string> names;
  for (FileColumns::Column& column : texts.expected->columns) {
    if (IsNested(column.type) && LosesMembers(column.type)) {
      return Status(Code::kUnsupported, "column " + column.name + " is " + column.type +
                                            ", whose values cannot be made of the text that was kept of them");
    }
    names.push_back(column.name);
    column.type = "VARCHAR";
  }
  names = DistinctColumnNames(std::move(names));
  std::vector<MappingInput::InputColumn> columns;
  for (uint32_t i = 0; i < names.size(); ++i) {
    columns.push_back({names[i], DuckType(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR)), LogicalType(), i});
    list += (i > 0 ? ", " : "") + ValueOf(QuoteSqlName(names[i]), options_.expected->columns[i].type);
  }
  rows_.SetColumns(*options_.expected);
  ASSIGN_OR_RETURN(texts_, OpenJsonFile(std::move(texts)));

  if (duckdb_connect(engine_.database(), connection_.out()) != DuckDBSuccess) {
    return Status(Code::kInvalid, "cannot connect to DuckDB");
  }
  DuckContext client;
  duckdb_connection_get_client_context(connection_.get(), client.out());
  duckdb_id_ = duckdb_client_context_get_connection_id(client.get());
  input_ = std::make_shared<MappingInput>(std::move(columns));
  auto context = std::make_shared<QueryContext>();
  context->mapping_input = input_;
  engine_.contexts().Set(duckdb_id_, context);
  const std::string sql = "SELECT " + list + " FROM " + kMappingFunction + "()";
  if (duckdb_prepare(connection_.get(), sql.c_str(), cast_.out()) == DuckDBSuccess) return Status::Ok();
  return DuckError(duckdb_prepare_error(cast_.get()));
}

// A batch of texts fills one chunk at most, so that a batch of values is one chunk.
Result<const FileRows*> TypedJsonReader::Next(StopToken stop) {
  ASSIGN_OR_RETURN(const FileRows* const texts, texts_->Next(std::move(stop)));
  if (texts == nullptr) return nullptr;
  input_->SetFileRows(static_cast<const DuckRows&>(*texts));
  DuckResult result;
  if (duckdb_execute_prepared(cast_.get(), result.get()) != DuckDBSuccess) {
    return Status(Code::kInvalid, options_.shown_name + ": a value is not of its column's type any more");
  }
  DuckChunk chunk(duckdb_fetch_chunk(*result.get()));
  CHECK(chunk.get() != nullptr && duckdb_data_chunk_get_size(chunk.get()) == texts->rows());
  rows_.Set(std::move(chunk), *texts);
  return &rows_;
}

}  // namespace

Result<std::unique_ptr<FileReader>> OpenTypedJsonFile(SqlEngine& engine, FileReader::Options options) {
  CHECK(options.expected.has_value());
  auto reader = std::make_unique<TypedJsonReader>(static_cast<DuckEngine&>(engine), std::move(options));
  TRY(reader->Start());
  return std::unique_ptr<FileReader>(std::move(reader));
}

}  // namespace freshet
