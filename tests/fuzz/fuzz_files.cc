// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the parsers of files and of S3's answers. The first byte chooses the parser, the second the format.
// A CSV record that ends within a part of the bytes is the same record in all of them.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "sql/csv_record.h"
#include "sql/json_row.h"
#include "sync/s3/glob.h"
#include "sync/s3/s3_answer.h"

namespace freshet {
namespace {

std::string Fields(const CsvRecord& record) {
  std::string text;
  for (size_t i = 0; i < record.fields(); ++i) {
    const std::optional<std::string_view> field = record.field(i);
    text += field ? "=" + std::string(*field) : "-";
    text += '\0';
  }
  return text;
}

void ParseCsv(uint8_t choice, std::string_view bytes) {
  FileFormat format;
  format.column_separator = choice & 1 ? "||" : ",";
  format.line_delimiter = choice & 2 ? "#\n" : "\n";
  if (choice & 4) format.quote = '"';
  if (choice & 12) format.escape = '\\';
  format.trim_double_quotes = choice & 16;
  CsvRecord record(format);
  size_t at = 0;
  while (at < bytes.size()) {
    const Result<std::optional<size_t>> size = record.Parse(bytes.substr(at), true);
    if (!size.ok()) return;
    CHECK(*size && **size > 0 && at + **size <= bytes.size());
    const std::string fields = Fields(record);
    const size_t part = **size + (bytes.size() - at - **size) / 2;
    const Result<std::optional<size_t>> early = record.Parse(bytes.substr(at, part), false);
    if (early.ok() && *early) CHECK(**early == **size && Fields(record) == fields);
    at += **size;
  }
}

void Parse(uint8_t parser, uint8_t choice, std::string_view bytes) {
  if (parser % 4 == 0) {
    ParseCsv(choice, bytes);
  } else if (parser % 4 == 1) {
    const Status status =
        ParseJsonRow(bytes, [](const std::string&, std::optional<std::string_view>) { return Status(); });
    CHECK(status.ok() || status.code() == Code::kInvalid);
  } else if (parser % 4 == 2) {
    const size_t middle = bytes.size() / 2;
    const Result<Glob> glob = Glob::Parse(bytes.substr(0, middle));
    if (!glob.ok()) return;
    const std::string_view key = bytes.substr(middle);
    if (glob->Matches(key)) CHECK(key.starts_with(glob->literal_prefix()));
  } else {
    const Result<S3Page> page = ParseS3Page(bytes);
    CHECK(page.ok() || page.code() == Code::kInvalid);
    HttpAnswer answer;
    answer.status = 400;
    CHECK(!S3Error(answer, bytes, "r", 0).ok());
  }
}

}  // namespace
}  // namespace freshet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  freshet::Parse(data[0], data[1], std::string_view(reinterpret_cast<const char*>(data) + 2, size - 2));
  return 0;
}
