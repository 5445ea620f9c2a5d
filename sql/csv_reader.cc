// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "sql/csv_record.h"
#include "sql/duckdb_rows.h"
#include "sql/file_readers.h"
#include "sql/token.h"

namespace freshet {

namespace {

class CsvReader final : public FileReader {
 public:
  CsvReader(Options options, std::unique_ptr<InputWindow> window)
      : options_(std::move(options)), window_(std::move(window)), record_(options_.format) {}

  const FileColumns& columns() const override { return columns_; }
  Status Start();
  Result<const FileRows*> Next(StopToken stop) override;
  std::vector<MalformedRecord> TakeMalformed() override { return std::exchange(malformed_, {}); }
  std::string header() const override { return header_; }

 private:
  // The next record, blank lines included; false at the end. It stays in the window until the next call.
  Result<bool> NextRecord();
  // The record of `size` bytes in the window is no row: set aside, or an error.
  Status Malformed(std::string_view what, size_t size, uint64_t lines);
  // Where a record ends that does not parse: with its first line. A quote that is not closed spoils no other line.
  Result<size_t> FirstLine();
  std::string_view WithoutLineEnd(std::string_view text) const;
  Status SkipLines();
  Status TakeNames();
  Status MatchNames(const std::vector<std::string>& names);
  Status AddRow();
  Status Error(std::string_view what) const { return LineError(options_, line_, what); }

  const Options options_;
  const std::unique_ptr<InputWindow> window_;
  CsvRecord record_;
  size_t unread_ = 0;         // bytes of the current record, taken from the window with the next one
  uint64_t line_ = 1;         // where the current record begins
  uint64_t next_line_ = 1;    // where the next one does
  bool held_ = false;         // the current record was read to learn the columns and is still a row
  uint64_t blank_lines_ = 0;  // before it: rows of an empty value in a file of one column
  FileColumns columns_;
  std::vector<size_t> column_of_field_;
  uint64_t rows_ = 0;
  TextChunk chunk_;
  std::string header_;
  bool in_rows_ = false;  // behind the line of names
  bool begun_ = false;    // with the rows
  std::vector<MalformedRecord> malformed_;
  size_t malformed_bytes_ = 0;
};

std::string_view CsvReader::WithoutLineEnd(std::string_view text) const {
  const std::string& delimiter = options_.format.line_delimiter;
  if (text.ends_with(delimiter)) text.remove_suffix(delimiter.size());
  if (delimiter == "\n" && text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

Status CsvReader::Malformed(std::string_view what, size_t size, uint64_t lines) {
  if (!options_.set_malformed_aside || !in_rows_) return Error(what);
  malformed_.push_back(MakeMalformed(line_, what, WithoutLineEnd(window_->bytes().substr(0, size))));
  malformed_bytes_ += size + sizeof(MalformedRecord);
  unread_ = size;
  next_line_ = line_ + lines;
  return Status::Ok();
}

Result<size_t> CsvReader::FirstLine() {
  const std::string& delimiter = options_.format.line_delimiter;
  while (true) {
    const size_t end = window_->bytes().find(delimiter);
    if (end != std::string_view::npos) return end + delimiter.size();
    if (window_->at_end()) return window_->bytes().size();
    if (Status grown = window_->Grow(); !grown.ok()) return Error(grown.message());
  }
}

Result<bool> CsvReader::NextRecord() {
  while (malformed_bytes_ < kMalformedBytesMax) {
    window_->Consume(unread_);
    unread_ = 0;
    line_ = next_line_;
    std::string wrong;
    while (wrong.empty()) {
      const std::string_view bytes = window_->bytes();
      if (bytes.empty() && window_->at_end()) return false;
      Result<std::optional<size_t>> size = record_.Parse(bytes, window_->at_end());
      if (!size.ok()) {
        wrong = size.status().message();
      } else if (*size) {
        unread_ = **size;
        next_line_ = line_ + record_.lines();
        const size_t valid = ValidUtf8Prefix(bytes.substr(0, unread_));
        if (valid == unread_) return true;
        wrong = "invalid UTF-8 at byte " + std::to_string(valid + 1);
      } else {
        const bool full = bytes.size() >= kFileRecordBytesMax;
        const Status grown = window_->Grow();
        if (!grown.ok() && !full) return Error(grown.message());
        if (!grown.ok()) wrong = grown.message();
      }
    }
    if (unread_ > 0) {
      TRY(Malformed(wrong, unread_, record_.lines()));
    } else {
      if (!options_.set_malformed_aside) return Error(wrong);
      ASSIGN_OR_RETURN(const size_t size, FirstLine());
      TRY(Malformed(wrong, size, 1));
    }
  }
  return false;
}

// Lines, not records: what is skipped need not be CSV.
Status CsvReader::SkipLines() {
  const std::string& delimiter = options_.format.line_delimiter;
  for (uint32_t i = 0; i < options_.format.skip_lines; ++i) {
    size_t end = window_->bytes().find(delimiter);
    while (end == std::string_view::npos && !window_->at_end()) {
      if (Status grown = window_->Grow(); !grown.ok()) return Error(grown.message());
      end = window_->bytes().find(delimiter);
    }
    window_->Consume(end == std::string_view::npos ? window_->bytes().size() : end + delimiter.size());
    ++line_;
    ++next_line_;
  }
  return Status::Ok();
}

// The columns of a file with names may stand in another order than those of the files before it.
Status CsvReader::MatchNames(const std::vector<std::string>& names) {
  if (names.size() != columns_.columns.size()) {
    return Error("the file has " + std::to_string(names.size()) + " columns, expected " +
                 std::to_string(columns_.columns.size()));
  }
  for (const std::string& name : names) {
    size_t i = 0;
    while (i < names.size() && !EqualsIgnoreCase(columns_.columns[i].name, name)) ++i;
    // Of a file without a line of names this is a value: it is not shown.
    if (i == names.size()) {
      return Error("the name of column " + std::to_string(column_of_field_.size() + 1) +
                   " is none of those of the file that the columns were learned from");
    }
    column_of_field_.push_back(i);
  }
  return Status::Ok();
}

Status CsvReader::TakeNames() {
  if (options_.expected) columns_ = *options_.expected;
  const bool named = options_.format.kind != FileKind::kCsv;
  in_rows_ = !named;
  ASSIGN_OR_RETURN(bool some, NextRecord());
  while (some && record_.blank()) {
    ++blank_lines_;
    ASSIGN_OR_RETURN(some, NextRecord());
  }
  std::vector<std::string> names;
  for (size_t i = 0; some && i < record_.fields(); ++i) {
    names.push_back(named ? std::string(record_.field(i).value_or("")) : "c" + std::to_string(i + 1));
  }
  names = DistinctColumnNames(std::move(names));
  if (!options_.expected) {
    for (const std::string& name : names) columns_.columns.push_back({name, "VARCHAR"});
  }
  if (named) blank_lines_ = 0;
  if (named && some) {
    TRY(MatchNames(names));
    header_ = WithoutLineEnd(window_->bytes().substr(0, unread_));
    if (options_.format.kind == FileKind::kCsvWithNamesAndTypes) {
      ASSIGN_OR_RETURN(some, NextRecord());
    }
    return Status::Ok();
  }
  for (size_t i = 0; i < columns_.columns.size(); ++i) column_of_field_.push_back(i);
  held_ = some;
  return Status::Ok();
}

Status CsvReader::Start() {
  TRY(SkipLines());
  TRY(TakeNames());
  in_rows_ = true;
  std::vector<std::string> names;
  for (const FileColumns::Column& column : columns_.columns) names.push_back(column.name);
  if (!names.empty()) chunk_.SetColumns(std::move(names));
  return Status::Ok();
}

Status CsvReader::AddRow() {
  const size_t columns = columns_.columns.size();
  if (record_.fields() != columns && !options_.format.fuzzy_columns) {
    return Malformed(std::to_string(record_.fields()) + " fields, expected " + std::to_string(columns), unread_,
                     record_.lines());
  }
  for (size_t i = 0; i < std::min(record_.fields(), columns); ++i) {
    if (const std::optional<std::string_view> text = record_.field(i)) chunk_.Set(column_of_field_[i], *text);
  }
  chunk_.AddRow();
  ++rows_;
  return Status::Ok();
}

Result<const FileRows*> CsvReader::Next(StopToken stop) {
  if (stop.stop_requested()) return Status(Code::kCancelled, "reading " + options_.shown_name + " was cancelled");
  if (columns_.columns.empty()) return nullptr;
  chunk_.Clear(rows_);
  if (std::exchange(begun_, true)) malformed_.clear();
  malformed_bytes_ = 0;
  for (; columns_.columns.size() == 1 && blank_lines_ > 0 && !chunk_.full(); --blank_lines_, ++rows_) {
    if (!options_.format.empty_field_as_null) chunk_.Set(0, "");
    chunk_.AddRow();
  }
  while (!chunk_.full() && malformed_bytes_ < kMalformedBytesMax) {
    bool some = std::exchange(held_, false);
    if (!some) {
      ASSIGN_OR_RETURN(some, NextRecord());
    }
    if (!some) break;
    // In a file of one column a blank line is an empty value.
    if (record_.blank() && columns_.columns.size() > 1) continue;
    TRY(AddRow());
  }
  return chunk_.rows() == 0 && malformed_.empty() ? nullptr : &chunk_;
}

}  // namespace

Result<std::unique_ptr<FileReader>> OpenCsvFile(FileReader::Options options) {
  ASSIGN_OR_RETURN(std::unique_ptr<InputWindow> window, OpenTextFile(options));
  auto reader = std::make_unique<CsvReader>(std::move(options), std::move(window));
  TRY(reader->Start());
  return std::unique_ptr<FileReader>(std::move(reader));
}

}  // namespace freshet
