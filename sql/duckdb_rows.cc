// SPDX-License-Identifier: Apache-2.0
#include "sql/duckdb_rows.h"

#include <set>

#include "sql/duckdb_json.h"
#include "sql/token.h"

namespace freshet {

std::string DuckRows::RowAsJson(size_t row) const {
  CHECK(row < rows_);
  std::string json = "{";
  for (size_t i = 0; i < names_.size(); ++i) {
    if (i > 0) json += ",";
    AppendQuotedJson(names_[i], json);
    json += ":";
    AppendJsonValue(duckdb_data_chunk_get_vector(chunk_.get(), i), row, json);
  }
  return json + "}";
}

void TextChunk::SetColumns(std::vector<std::string> names) {
  names_ = std::move(names);
  set_.assign(names_.size(), false);
  Clear(0);
}

void TextChunk::Clear(uint64_t first_row) {
  const DuckType text(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
  std::vector<duckdb_logical_type> types(names_.size(), text.get());
  chunk_ = DuckChunk(duckdb_create_data_chunk(types.data(), types.size()));
  vectors_.clear();
  validity_.clear();
  for (size_t i = 0; i < names_.size(); ++i) {
    vectors_.push_back(duckdb_data_chunk_get_vector(chunk_.get(), i));
    duckdb_vector_ensure_validity_writable(vectors_[i]);
    validity_.push_back(duckdb_vector_get_validity(vectors_[i]));
  }
  rows_ = 0;
  first_row_ = first_row;
}

void TextChunk::Set(size_t column, std::string_view text) {
  duckdb_vector_assign_string_element_len(vectors_[column], rows_, text.data(), text.size());
  set_[column] = true;
}

void TextChunk::AddRow() {
  for (size_t i = 0; i < set_.size(); ++i) {
    if (!set_[i]) duckdb_validity_set_row_invalid(validity_[i], rows_);
    set_[i] = false;
  }
  duckdb_data_chunk_set_size(chunk_.get(), ++rows_);
}

void TextChunk::DropRow() {
  set_.assign(set_.size(), false);
}

std::vector<std::string> DistinctColumnNames(std::vector<std::string> names) {
  std::set<std::string> taken;
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string base = names[i].empty() ? "c" + std::to_string(i + 1) : names[i];
    names[i] = base;
    for (int n = 1; !taken.insert(ToLower(names[i])).second; ++n) names[i] = base + "_" + std::to_string(n);
  }
  return names;
}

}  // namespace freshet
