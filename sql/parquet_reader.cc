// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "sql/duckdb_cursor.h"
#include "sql/duckdb_rows.h"
#include "sql/file_readers.h"
#include "sql/mapping_statement.h"
#include "sql/readable_type.h"
#include "sql/session.h"
#include "sql/token.h"

namespace freshet {

namespace {

class ParquetRows final : public DuckRows {
 public:
  void SetColumns(const FileColumns& columns) {
    for (const FileColumns::Column& column : columns.columns) names_.push_back(column.name);
  }
  void Set(DuckChunk chunk, uint64_t first_row) {
    chunk_ = std::move(chunk);
    rows_ = chunk_.get() == nullptr ? 0 : duckdb_data_chunk_get_size(chunk_.get());
    first_row_ = first_row;
  }
};

class ParquetReader final : public FileReader {
 public:
  explicit ParquetReader(Options options) : options_(std::move(options)) {}

  const FileColumns& columns() const override { return columns_; }
  Status Start(duckdb_database files);
  Result<const FileRows*> Next(StopToken stop) override;

 private:
  Status Describe();
  Result<std::string> SelectItem(const FileColumns::Column& wanted) const;
  Status Query(const std::string& list);
  // DuckDB's text without its kind of error and with the name that users know instead of the path.
  Status Error(const char* text) const;

  const Options options_;
  DuckConnection connection_;
  DuckPrepared prepared_;
  DuckPending pending_;
  DuckResult result_;
  FileColumns in_file_;  // its columns, of the types they are read as
  FileColumns columns_;
  uint64_t next_row_ = 0;
  ParquetRows rows_;
};

Status ParquetReader::Error(const char* text) const {
  std::string message = text == nullptr || *text == '\0' ? "cannot be read" : text;
  const size_t kind = message.find("Error: ");
  if (kind != std::string::npos) message.erase(0, kind + 7);
  for (size_t at = message.find(options_.path); at != std::string::npos; at = message.find(options_.path, at)) {
    message.replace(at, options_.path.size(), options_.shown_name);
    at += options_.shown_name.size();
  }
  return Status(Code::kInvalid, options_.shown_name + ": not readable as Parquet: " + message);
}

Status ParquetReader::Describe() {
  DuckPrepared all;
  const std::string sql = "SELECT * FROM read_parquet(" + QuoteLiteral(options_.path) + ")";
  if (duckdb_prepare(connection_.get(), sql.c_str(), all.out()) != DuckDBSuccess) {
    return Error(duckdb_prepare_error(all.get()));
  }
  for (idx_t i = 0; i < duckdb_prepared_statement_column_count(all.get()); ++i) {
    const char* const name = duckdb_prepared_statement_column_name(all.get(), i);
    const DuckType type(duckdb_prepared_statement_column_logical_type(all.get(), i));
    in_file_.columns.push_back({name, ReadableTypeName(type.get())});
    duckdb_free(const_cast<char*>(name));
  }
  return Status::Ok();
}

// Digits before and behind the point of an integer or DECIMAL type; no value of another type.
struct Digits {
  int whole = 0;
  int scale = 0;
};
std::optional<Digits> DigitsOf(const std::string& type) {
  constexpr std::pair<std::string_view, int> kIntegers[] = {
      {"TINYINT", 3},   {"UTINYINT", 3}, {"SMALLINT", 5}, {"USMALLINT", 5}, {"INTEGER", 10},
      {"UINTEGER", 10}, {"BIGINT", 19},  {"UBIGINT", 20}, {"HUGEINT", 39},  {"UHUGEINT", 39}};
  for (const auto& [name, digits] : kIntegers) {
    if (type == name) return Digits{digits, 0};
  }
  if (!type.starts_with("DECIMAL(") || !type.ends_with(")")) return std::nullopt;
  const size_t comma = type.find(',');
  if (comma == std::string::npos) return std::nullopt;
  int precision = 0;
  Digits digits;
  std::from_chars(type.data() + 8, type.data() + comma, precision);
  std::from_chars(type.data() + comma + 1, type.data() + type.size() - 1, digits.scale);
  digits.whole = precision - digits.scale;
  return digits;
}

// Whether every value of type `from` either is exactly a value of type `to` or fails the cast: a file may be wider or
// narrower than the ones before it, but nothing is rounded.
bool CastsExactly(const std::string& from, const std::string& to) {
  if (from == to || to == "VARCHAR") return true;
  if (from == "FLOAT" && to == "DOUBLE") return true;
  const std::optional<Digits> given = DigitsOf(from);
  const std::optional<Digits> wanted = DigitsOf(to);
  return given && wanted && given->scale <= wanted->scale;
}

Result<std::string> ParquetReader::SelectItem(const FileColumns::Column& wanted) const {
  const FileColumns::Column* match = nullptr;
  for (const FileColumns::Column& column : in_file_.columns) {
    if (column.name == wanted.name || (match == nullptr && EqualsIgnoreCase(column.name, wanted.name))) match = &column;
    if (column.name == wanted.name) break;
  }
  if (match == nullptr) return "CAST(NULL AS " + wanted.type + ")";
  if (!CastsExactly(match->type, wanted.type)) {
    return Status(Code::kInvalid,
                  options_.shown_name + ": column " + match->name + " is " + match->type + ", expected " + wanted.type);
  }
  return "CAST(" + QuoteSqlName(match->name) + " AS " + wanted.type + ")";
}

Status ParquetReader::Query(const std::string& list) {
  const std::string sql = "SELECT " + list + " FROM read_parquet(" + QuoteLiteral(options_.path) + ")";
  if (duckdb_prepare(connection_.get(), sql.c_str(), prepared_.out()) != DuckDBSuccess) {
    return Error(duckdb_prepare_error(prepared_.get()));
  }
  if (duckdb_pending_prepared_streaming(prepared_.get(), pending_.out()) != DuckDBSuccess) {
    return Error(duckdb_pending_error(pending_.get()));
  }
  if (duckdb_execute_pending(pending_.get(), result_.get()) != DuckDBSuccess) {
    return Error(duckdb_result_error(result_.get()));
  }
  return Status::Ok();
}

Status ParquetReader::Start(duckdb_database files) {
  CHECK(files != nullptr);  // the engine was made with readable directories
  if (duckdb_connect(files, connection_.out()) != DuckDBSuccess) {
    return Status(Code::kInvalid, "cannot connect to DuckDB");
  }
  TRY(Describe());
  if (options_.expected) {
    columns_ = *options_.expected;
  } else {
    columns_ = in_file_;
  }
  std::string list;
  for (const FileColumns::Column& column : columns_.columns) {
    ASSIGN_OR_RETURN(const std::string item, SelectItem(column));
    list += (list.empty() ? "" : ", ") + item;
  }
  rows_.SetColumns(columns_);
  return Query(list);
}

Result<const FileRows*> ParquetReader::Next(StopToken stop) {
  next_row_ += rows_.rows();
  while (true) {
    if (stop.stop_requested()) return Status(Code::kCancelled, "reading " + options_.shown_name + " was cancelled");
    rows_.Set(DuckChunk(duckdb_fetch_chunk(*result_.get())), next_row_);
    if (rows_.chunk() == nullptr) {
      const char* error = duckdb_result_error(result_.get());
      if (error != nullptr && *error != '\0') return Error(ReasonWithoutValues(error).c_str());
      return nullptr;
    }
    if (rows_.rows() > 0) return &rows_;
  }
}

}  // namespace

Result<std::unique_ptr<FileReader>> OpenParquetFile(SqlEngine& engine, FileReader::Options options) {
  if (options.format.compression != FileCompression::kNone) {
    return Status(Code::kInvalid,
                  options.shown_name + ": Parquet files are compressed inside; compress_type must be plain");
  }
  auto reader = std::make_unique<ParquetReader>(std::move(options));
  TRY(reader->Start(static_cast<DuckEngine&>(engine).files()));
  return std::unique_ptr<FileReader>(std::move(reader));
}

}  // namespace freshet
