// SPDX-License-Identifier: Apache-2.0
#include "sql/mapping_statement.h"

#include <algorithm>
#include <numeric>

namespace freshet {

namespace {

constexpr size_t kReasonBytesMax = 300;

// Errors that a row's values cause.
bool IsOfRows(duckdb_error_type type) {
  switch (type) {
    case DUCKDB_ERROR_OUT_OF_RANGE:
    case DUCKDB_ERROR_CONVERSION:
    case DUCKDB_ERROR_DECIMAL:
    case DUCKDB_ERROR_MISMATCH_TYPE:
    case DUCKDB_ERROR_DIVIDE_BY_ZERO:
    case DUCKDB_ERROR_OBJECT_SIZE:
    case DUCKDB_ERROR_INVALID_TYPE:
    case DUCKDB_ERROR_INVALID_INPUT:
    case DUCKDB_ERROR_SYNTAX:
    case DUCKDB_ERROR_EXPRESSION: return true;
    default: return false;
  }
}

bool IsWordByte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// Rejects ascend, one per row, and such rows made nothing.
void DropRejected(MappedRows& out) {
  if (out.rejects.empty()) return;
  const auto by_row = [](const MappedRows::Reject& a, const MappedRows::Reject& b) {
    return a.source_row < b.source_row;
  };
  std::stable_sort(out.rejects.begin(), out.rejects.end(), by_row);
  const auto last = std::unique(
      out.rejects.begin(), out.rejects.end(),
      [](const MappedRows::Reject& a, const MappedRows::Reject& b) { return a.source_row == b.source_row; });
  out.rejects.erase(last, out.rejects.end());
  size_t kept = 0;
  size_t reject = 0;
  for (size_t i = 0; i < out.source_row.size(); ++i) {
    while (reject < out.rejects.size() && out.rejects[reject].source_row < out.source_row[i]) ++reject;
    if (reject < out.rejects.size() && out.rejects[reject].source_row == out.source_row[i]) continue;
    out.source_row[kept] = out.source_row[i];
    out.rows.rows[kept] = out.rows.rows[i];
    ++kept;
  }
  out.source_row.resize(kept);
  out.rows.rows.resize(kept);
}

// Joins give rows in any order.
void SortBySource(MappedRows& out) {
  if (std::is_sorted(out.source_row.begin(), out.source_row.end())) return;
  std::vector<size_t> order(out.source_row.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return out.source_row[a] < out.source_row[b]; });
  std::vector<uint32_t> numbers;
  std::vector<RowChange> rows;
  for (const size_t i : order) {
    numbers.push_back(out.source_row[i]);
    rows.push_back(out.rows.rows[i]);
  }
  out.source_row = std::move(numbers);
  out.rows.rows = std::move(rows);
}

}  // namespace

std::string ReasonWithoutValues(std::string_view error) {
  error = error.substr(0, error.find('\n'));
  // Behind these words a function's own text follows, which may be a value: "missing ]: [a", error(name).
  constexpr std::string_view kOwnText = "Invalid Input Error: ";
  if (error.starts_with(kOwnText)) {
    const size_t value = error.find_first_of("'\":0123456789", kOwnText.size());
    if (value == std::string_view::npos || error[value] == ':') {
      return std::string(error.substr(0, value == std::string_view::npos ? kOwnText.size() : value + 2)) + "..";
    }
  }
  std::string reason;
  for (size_t i = 0; i < error.size();) {
    const char c = error[i];
    const bool apostrophe = c == '\'' && i > 0 && IsWordByte(error[i - 1]);  // "can't"
    if ((c == '\'' || c == '"') && !apostrophe) {
      // Up to the last such quote: a value may hold quotes of its own.
      const size_t close = error.rfind(c);
      if (close == i) {
        reason += "..";
        break;  // cut off within the value
      }
      reason += "..";
      i = close + 1;
    } else if (c >= '0' && c <= '9' && (i == 0 || !IsWordByte(error[i - 1]))) {
      while (i < error.size() && (IsWordByte(error[i]) || error[i] == '.' || error[i] == ':' || error[i] == '-')) ++i;
      reason += "..";
    } else {
      reason += c;
      ++i;
    }
    if (reason.size() > kReasonBytesMax) return reason + "..";
  }
  return reason;
}

MappingStatement::MappingStatement(Shape shape, const std::string& inner, size_t inner_columns)
    : shape_(std::move(shape)) {
  CHECK(shape_.constants.size() == shape_.target->columns.size());
  text_ = "SELECT \"row\"";
  for (const MappedColumn& column : shape_.columns) text_ += ", " + column.value;
  for (const MappedColumn& column : shape_.columns) {
    if (!column.unfit.empty()) text_ += ", " + column.unfit;
  }
  text_ += " FROM (" + inner + "\n) AS mapped(\"row\"";
  for (size_t i = 0; i < inner_columns; ++i) text_ += ", c" + std::to_string(i);
  text_ += ")";
}

Status MappingStatement::Prepare(duckdb_connection connection) {
  if (duckdb_prepare(connection, text_.c_str(), prepared_.out()) == DuckDBSuccess) return Status::Ok();
  return DuckError(duckdb_prepare_error(prepared_.get()));
}

Result<MappedRows> MappingStatement::Run(MappingInput& input, const ScanError& scans, bool single) {
  MappedRows out;
  out.rows.schema = shape_.target;
  out.rows.arena = shape_.constants_arena;
  TRY(RunRange(input, scans, 0, input.rows(), out));
  SortBySource(out);
  if (single) {
    for (size_t i = 1; i < out.source_row.size(); ++i) {
      if (out.source_row[i] != out.source_row[i - 1]) continue;
      out.rejects.push_back({out.source_row[i], "the row matches more than one row of the tables it is joined with"});
    }
  }
  DropRejected(out);
  return out;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the logarithm of the rows
Status MappingStatement::RunRange(MappingInput& input, const ScanError& scans, size_t begin, size_t end,
                                  MappedRows& out) {
  input.Narrow(begin, end);
  DuckResult result;
  if (duckdb_execute_prepared(prepared_.get(), result.get()) == DuckDBSuccess) {
    RejectEscapes(input, out);
    return ReadResult(*result.get(), out);
  }
  TRY(input.error().Copy());
  TRY(scans.Get());
  const char* error = duckdb_result_error(result.get());
  if (!IsOfRows(duckdb_result_error_type(result.get())) || begin == end) return DuckError(error);
  if (end - begin == 1) {
    out.rejects.push_back({static_cast<uint32_t>(begin), ReasonWithoutValues(error == nullptr ? "" : error)});
    return Status::Ok();
  }
  const size_t middle = begin + (end - begin) / 2;
  TRY(RunRange(input, scans, begin, middle, out));
  return RunRange(input, scans, middle, end, out);
}

void MappingStatement::RejectEscapes(const MappingInput& input, MappedRows& out) const {
  if (!shape_.strict) return;
  for (const MappingInput::Escape& escape : input.escapes()) {
    for (const MappingInput::InputColumn& column : input.columns()) {
      if (column.index != escape.column) continue;
      out.rejects.push_back({escape.row, "column " + column.name + " holds a value that SQL type " +
                                             SqlTypeName(column.stored) + " cannot represent"});
    }
  }
}

Status MappingStatement::ReadResult(duckdb_result& result, MappedRows& out) {
  while (true) {
    const DuckChunk chunk(duckdb_fetch_chunk(result));
    if (chunk.get() == nullptr) return Status::Ok();
    TRY(ReadChunk(chunk.get(), out));
  }
}

Status MappingStatement::ReadChunk(duckdb_data_chunk chunk, MappedRows& out) {
  const size_t rows = duckdb_data_chunk_get_size(chunk);
  if (rows == 0) return Status::Ok();
  uint64_t* numbered = duckdb_vector_get_validity(duckdb_data_chunk_get_vector(chunk, 0));
  for (size_t row = 0; numbered != nullptr && row < rows; ++row) {
    if (duckdb_validity_row_is_valid(numbered, row)) continue;
    return Status(Code::kUnsupported, "the SELECT makes rows that no row of the source made");
  }
  RowBatch& batch = out.rows;
  const uint32_t first_image = static_cast<uint32_t>(batch.cells.size() / batch.columns());
  const auto* numbers = static_cast<const uint32_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0)));
  batch.cells.reserve(batch.cells.size() + rows * batch.columns());
  for (size_t row = 0; row < rows; ++row) {
    batch.cells.insert(batch.cells.end(), shape_.constants.begin(), shape_.constants.end());
    batch.rows.push_back({RowOp::kInsert, kNoImage, first_image + static_cast<uint32_t>(row)});
    out.source_row.push_back(numbers[row]);
  }
  // Why a value does not fit tells more than that its NULL does not fit either: the first reason of a row stays.
  idx_t vector = 1 + shape_.columns.size();
  for (const MappedColumn& column : shape_.columns) {
    if (column.unfit.empty()) continue;
    const auto* unfit = static_cast<const bool*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, vector++)));
    for (size_t row = 0; row < rows; ++row) {
      if (unfit[row]) out.rejects.push_back({numbers[row], column.reason});
    }
  }
  for (size_t i = 0; i < shape_.columns.size(); ++i) {
    unfit_.clear();
    ReadVector({duckdb_data_chunk_get_vector(chunk, 1 + i), rows, first_image}, shape_.columns[i].target, batch,
               unfit_);
    for (UnfitValue& unfit : unfit_) out.rejects.push_back({numbers[unfit.row], std::move(unfit.reason)});
  }
  RejectNullKeys(first_image, numbers, rows, out);
  return Status::Ok();
}

void MappingStatement::RejectNullKeys(uint32_t first_image, const uint32_t* numbers, size_t rows,
                                      MappedRows& out) const {
  for (const uint32_t key : shape_.target->key_columns) {
    for (size_t row = 0; row < rows; ++row) {
      if (out.rows.Image(first_image + static_cast<uint32_t>(row))[key].kind != CellKind::kNull) continue;
      out.rejects.push_back({numbers[row], "column " + shape_.target->columns[key].name + ": NULL in a key column"});
    }
  }
}

}  // namespace freshet
