// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <utility>

#include "sql/duckdb_rows.h"
#include "sql/json_records.h"
#include "sql/json_row.h"
#include "sql/token.h"

namespace freshet {

namespace {

// A file's columns are the members of its first rows, in the order of their first appearance.
constexpr uint64_t kJsonSampleRows = 1000;
constexpr size_t kJsonColumnsMax = 10000;

class JsonReader final : public FileReader {
 public:
  explicit JsonReader(Options options) : options_(std::move(options)) {}

  const FileColumns& columns() const override { return columns_; }
  Status Start();
  Result<const FileRows*> Next(StopToken stop) override;
  std::vector<MalformedRecord> TakeMalformed() override { return std::exchange(malformed_, {}); }

 private:
  Status LearnColumns();
  Result<std::unique_ptr<JsonRecords>> OpenRecords() const;
  Status AddRow(std::string_view text);
  Status SetMember(const std::string& key, std::optional<std::string_view> value);

  const Options options_;
  FileColumns columns_;
  std::map<std::string, size_t> column_of_key_;  // lower case
  std::vector<uint64_t> set_in_record_;          // per column: number of the last record that had it, from 1
  uint64_t records_read_ = 0;
  std::unique_ptr<JsonRecords> records_;
  uint64_t rows_ = 0;
  TextChunk chunk_;
  std::vector<MalformedRecord> malformed_;
  size_t malformed_bytes_ = 0;
};

Result<std::unique_ptr<JsonRecords>> JsonReader::OpenRecords() const {
  ASSIGN_OR_RETURN(std::unique_ptr<InputWindow> window, OpenTextFile(options_));
  return std::make_unique<JsonRecords>(options_, std::move(window));
}

Status JsonReader::LearnColumns() {
  ASSIGN_OR_RETURN(const std::unique_ptr<JsonRecords> records, OpenRecords());
  std::map<std::string, bool> known;
  std::string_view text;
  uint64_t rows = 0;
  for (; rows < kJsonSampleRows; ++rows) {
    ASSIGN_OR_RETURN(const bool some, records->Next(text));
    if (!some) break;
    const Status parsed = ParseJsonRow(text, [&](const std::string& key, std::optional<std::string_view>) {
      if (key.empty()) return Status(Code::kInvalid, "a member has no name");
      if (known.emplace(ToLower(key), true).second) columns_.columns.push_back({key, "VARCHAR"});
      if (known.size() <= kJsonColumnsMax) return Status::Ok();
      return Status(Code::kInvalid, "more than " + std::to_string(kJsonColumnsMax) + " different members");
    });
    if (!parsed.ok() && !options_.set_malformed_aside) return LineError(options_, records->line(), parsed.message());
  }
  if (rows > 0 && columns_.columns.empty()) return LineError(options_, records->line(), "no row has a member");
  return Status::Ok();
}

Status JsonReader::Start() {
  if (options_.expected) {
    columns_ = *options_.expected;
  } else {
    TRY(LearnColumns());
  }
  std::vector<std::string> names;
  for (const FileColumns::Column& column : columns_.columns) {
    column_of_key_.emplace(ToLower(column.name), names.size());
    names.push_back(column.name);
  }
  set_in_record_.assign(names.size(), 0);
  if (!names.empty()) chunk_.SetColumns(std::move(names));
  ASSIGN_OR_RETURN(records_, OpenRecords());
  return Status::Ok();
}

Status JsonReader::SetMember(const std::string& key, std::optional<std::string_view> value) {
  const auto found = column_of_key_.find(ToLower(key));
  if (found == column_of_key_.end()) return Status::Ok();
  uint64_t& last = set_in_record_[found->second];
  if (last == records_read_) return Status(Code::kInvalid, "member " + key + " appears twice in one object");
  last = records_read_;
  if (value) chunk_.Set(found->second, *value);
  return Status::Ok();
}

Status JsonReader::AddRow(std::string_view text) {
  ++records_read_;
  const Status parsed = ParseJsonRow(
      text, [this](const std::string& key, std::optional<std::string_view> value) { return SetMember(key, value); });
  if (!parsed.ok()) {
    if (!options_.set_malformed_aside) return LineError(options_, records_->line(), parsed.message());
    chunk_.DropRow();
    malformed_.push_back(MakeMalformed(records_->line(), parsed.message(), text));
    malformed_bytes_ += text.size() + sizeof(MalformedRecord);
    return Status::Ok();
  }
  chunk_.AddRow();
  ++rows_;
  return Status::Ok();
}

Result<const FileRows*> JsonReader::Next(StopToken stop) {
  if (stop.stop_requested()) return Status(Code::kCancelled, "reading " + options_.shown_name + " was cancelled");
  if (columns_.columns.empty()) return nullptr;
  chunk_.Clear(rows_);
  malformed_.clear();
  malformed_bytes_ = 0;
  std::string_view text;
  while (!chunk_.full() && malformed_bytes_ < kMalformedBytesMax) {
    ASSIGN_OR_RETURN(const bool some, records_->Next(text));
    if (!some) break;
    TRY(AddRow(text));
  }
  return chunk_.rows() == 0 && malformed_.empty() ? nullptr : &chunk_;
}

}  // namespace

Result<std::unique_ptr<FileReader>> OpenJsonFile(FileReader::Options options) {
  auto reader = std::make_unique<JsonReader>(std::move(options));
  TRY(reader->Start());
  return std::unique_ptr<FileReader>(std::move(reader));
}

}  // namespace freshet
