// SPDX-License-Identifier: Apache-2.0
#include "sql/duckdb_cursor.h"

#include <charconv>
#include <cmath>

#include "sql/value_text.h"

namespace freshet {

namespace {

class DuckCursor final : public ResultCursor {
 public:
  DuckCursor(RunningQuery query, std::vector<ResultColumn> columns)
      : query_(std::move(query)), columns_(std::move(columns)) {}

  const std::vector<ResultColumn>& columns() const override { return columns_; }

  Status Start() {
    if (duckdb_execute_pending(query_.pending.get(), result_.get()) != DuckDBSuccess) {
      const Status scan = query_.context->error->Get();
      return scan.ok() ? DuckError(duckdb_result_error(result_.get())) : scan.Copy();
    }
    for (idx_t i = 0; i < columns_.size(); ++i) {
      formats_.push_back(ValueFormat::Of(DuckType(duckdb_column_logical_type(result_.get(), i)).get()));
    }
    return Status::Ok();
  }

  Result<bool> Next(std::vector<std::optional<std::string_view>>& row) override {
    while (row_ == rows_) {
      if (done_) return false;
      TRY(FetchChunk());
    }
    row.resize(columns_.size());
    text_.clear();
    places_.clear();
    for (size_t i = 0; i < columns_.size(); ++i) {
      const bool null = validity_[i] != nullptr && !duckdb_validity_row_is_valid(validity_[i], row_);
      const size_t begin = text_.size();
      if (!null) formats_[i].Append(data_[i], row_, text_);
      places_.push_back({begin, null});
    }
    // Views are made last: appending may move the text.
    for (size_t i = 0; i < columns_.size(); ++i) {
      const size_t end = i + 1 < columns_.size() ? places_[i + 1].begin : text_.size();
      row[i] = places_[i].null
                   ? std::nullopt
                   : std::optional(std::string_view(text_).substr(places_[i].begin, end - places_[i].begin));
    }
    ++row_;
    return true;
  }

 private:
  struct Place {
    size_t begin;
    bool null;
  };

  Status FetchChunk() {
    chunk_ = DuckChunk(duckdb_fetch_chunk(*result_.get()));
    row_ = 0;
    rows_ = 0;
    if (chunk_.get() == nullptr) {
      done_ = true;
      const Status scan = query_.context->error->Get();
      if (!scan.ok()) return scan.Copy();
      const char* error = duckdb_result_error(result_.get());
      return error == nullptr || *error == '\0' ? Status::Ok() : DuckError(error);
    }
    rows_ = duckdb_data_chunk_get_size(chunk_.get());
    data_.resize(columns_.size());
    validity_.resize(columns_.size());
    for (idx_t i = 0; i < columns_.size(); ++i) {
      const duckdb_vector vector = duckdb_data_chunk_get_vector(chunk_.get(), i);
      data_[i] = duckdb_vector_get_data(vector);
      validity_[i] = duckdb_vector_get_validity(vector);
    }
    return Status::Ok();
  }

  RunningQuery query_;
  const std::vector<ResultColumn> columns_;
  DuckResult result_;
  DuckChunk chunk_;
  std::vector<ValueFormat> formats_;
  std::vector<void*> data_;
  std::vector<uint64_t*> validity_;
  std::string text_;
  std::vector<Place> places_;
  size_t row_ = 0;
  size_t rows_ = 0;
  bool done_ = false;
};

class RowsCursor final : public ResultCursor {
 public:
  RowsCursor(std::vector<ResultColumn> columns, std::vector<std::vector<std::optional<std::string>>> rows)
      : columns_(std::move(columns)), rows_(std::move(rows)) {}
  const std::vector<ResultColumn>& columns() const override { return columns_; }
  Result<bool> Next(std::vector<std::optional<std::string_view>>& row) override {
    if (next_ == rows_.size()) return false;
    row.assign(columns_.size(), std::nullopt);
    for (size_t i = 0; i < columns_.size() && i < rows_[next_].size(); ++i) {
      if (rows_[next_][i]) row[i] = *rows_[next_][i];
    }
    ++next_;
    return true;
  }

 private:
  const std::vector<ResultColumn> columns_;
  const std::vector<std::vector<std::optional<std::string>>> rows_;
  size_t next_ = 0;
};

}  // namespace

Result<std::unique_ptr<ResultCursor>> StartCursor(RunningQuery query, std::vector<ResultColumn> columns) {
  auto cursor = std::make_unique<DuckCursor>(std::move(query), std::move(columns));
  TRY(cursor->Start());
  return std::unique_ptr<ResultCursor>(std::move(cursor));
}

std::unique_ptr<ResultCursor> MakeRowsCursor(std::vector<ResultColumn> columns,
                                             std::vector<std::vector<std::optional<std::string>>> rows) {
  return std::make_unique<RowsCursor>(std::move(columns), std::move(rows));
}

}  // namespace freshet
