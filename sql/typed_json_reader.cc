// SPDX-License-Identifier: Apache-2.0
// JSON whose members are the texts of typed values, as FileRows::RowAsJson writes them of a Parquet file's rows: our
// own JSON reader gives the texts, which keeps every digit, and DuckDB casts them back to the columns' types.
#include "sql/duckdb_cursor.h"
#include "sql/duckdb_rows.h"
#include "sql/file_readers.h"
#include "sql/mapping_input.h"
#include "sql/mapping_plan.h"
#include "sql/readable_type.h"
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

// A member of a JSON text by its name, whatever characters that has: RFC 6901.
std::string Pointer(std::string_view name) {
  std::string pointer = "/";
  for (const char c : name) {
    if (c == '~' || c == '/') {
      pointer += c == '~' ? "~0" : "~1";
    } else {
      pointer += c;
    }
  }
  return QuoteLiteral(pointer);
}

std::string Quoted(const std::string& json) {
  return "CAST(CAST(" + json + " AS JSON) AS JSON[])";
}

// The value of `type` that the text `text` (an expression) was written of by duckdb_json; numbers in it are strings.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the type is nested
std::string ValueOf(const std::string& text, duckdb_logical_type type, int depth) {
  const std::string name = ReadableTypeName(type);
  const std::string element = "e" + std::to_string(depth);
  const auto member = [&](const char* key) { return "json_extract_string(" + element + ", '/" + key + "')"; };
  const auto list = [&](const std::string& value) {
    return "[" + value + " FOR " + element + " IN " + Quoted(text) + "]";
  };
  switch (duckdb_get_type_id(type)) {
    case DUCKDB_TYPE_VARCHAR: return text;
    case DUCKDB_TYPE_BLOB: return "unhex(" + text + ")";
    case DUCKDB_TYPE_TIMESTAMP_TZ: return "CAST(" + text + " || '+00' AS " + name + ")";
    case DUCKDB_TYPE_LIST:
    case DUCKDB_TYPE_ARRAY: {
      const DuckType child(duckdb_get_type_id(type) == DUCKDB_TYPE_LIST ? duckdb_list_type_child_type(type)
                                                                        : duckdb_array_type_child_type(type));
      const std::string value = ValueOf("json_extract_string(" + element + ", '$')", child.get(), depth + 1);
      return "CAST(" + list(value) + " AS " + name + ")";
    }
    case DUCKDB_TYPE_MAP: {
      const DuckType key(duckdb_map_type_key_type(type));
      const DuckType value(duckdb_map_type_value_type(type));
      return "CAST(map_from_entries(" +
             list("struct_pack(key := " + ValueOf(member("key"), key.get(), depth + 1) +
                  ", value := " + ValueOf(member("value"), value.get(), depth + 1) + ")") +
             ") AS " + name + ")";
    }
    case DUCKDB_TYPE_STRUCT: {
      std::string members;
      for (idx_t i = 0; i < duckdb_struct_type_child_count(type); ++i) {
        char* const child_name = duckdb_struct_type_child_name(type, i);
        const std::string value = "json_extract_string(" + text + ", " + Pointer(child_name) + ")";
        members += (i > 0 ? ", " : "") + QuoteSqlName(child_name) + " := ";
        duckdb_free(child_name);
        members += ValueOf(value, DuckType(duckdb_struct_type_child_type(type, i)).get(), depth + 1);
      }
      return "CASE WHEN " + text + " IS NOT NULL THEN CAST(struct_pack(" + members + ") AS " + name + ") END";
    }
    default: return "CAST(" + text + " AS " + name + ")";
  }
}

bool IsNested(duckdb_logical_type type) {
  const duckdb_type id = duckdb_get_type_id(type);
  return id == DUCKDB_TYPE_LIST || id == DUCKDB_TYPE_ARRAY || id == DUCKDB_TYPE_STRUCT || id == DUCKDB_TYPE_MAP;
}

class TypedJsonReader final : public FileReader {
 public:
  TypedJsonReader(DuckEngine& engine, Options options) : engine_(engine), options_(std::move(options)) {}
  ~TypedJsonReader() override { engine_.contexts().Remove(duckdb_id_); }

  Status Start();
  const FileColumns& columns() const override { return *options_.expected; }
  Result<const FileRows*> Next(StopToken stop) override;

 private:
  Result<DuckType> TypeNamed(const std::string& name);

  DuckEngine& engine_;
  const Options options_;
  std::unique_ptr<FileReader> texts_;
  std::shared_ptr<MappingInput> input_;
  DuckConnection connection_;
  uint64_t duckdb_id_ = 0;
  DuckPrepared cast_;
  TypedRows rows_;
};

Result<DuckType> TypedJsonReader::TypeNamed(const std::string& name) {
  DuckPrepared prepared;
  if (duckdb_prepare(connection_.get(), ("SELECT CAST(NULL AS " + name + ")").c_str(), prepared.out()) !=
      DuckDBSuccess) {
    return DuckError(duckdb_prepare_error(prepared.get()));
  }
  return DuckType(duckdb_prepared_statement_column_logical_type(prepared.get(), 0));
}

Status TypedJsonReader::Start() {
  if (duckdb_connect(engine_.database(), connection_.out()) != DuckDBSuccess) {
    return Status(Code::kInvalid, "cannot connect to DuckDB");
  }
  Options texts = options_;
  texts.set_malformed_aside = false;  // what we wrote is not malformed
  std::vector<std::string> names;
  for (FileColumns::Column& column : texts.expected->columns) {
    names.push_back(column.name);
    column.type = "VARCHAR";
  }
  names = DistinctColumnNames(std::move(names));
  std::vector<MappingInput::InputColumn> columns;
  std::string list;
  for (uint32_t i = 0; i < names.size(); ++i) {
    columns.push_back({names[i], DuckType(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR)), LogicalType(), i});
    ASSIGN_OR_RETURN(const DuckType type, TypeNamed(options_.expected->columns[i].type));
    const std::string name = QuoteSqlName(names[i]);
    const std::string text = IsNested(type.get()) ? "freshet_quoted(" + name + ")" : name;
    list += (i > 0 ? ", " : "") + ValueOf(text, type.get(), 0);
  }
  rows_.SetColumns(*options_.expected);
  ASSIGN_OR_RETURN(texts_, OpenJsonFile(std::move(texts)));

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
