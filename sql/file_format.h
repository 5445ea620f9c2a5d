// SPDX-License-Identifier: Apache-2.0
// FileFormat: how the bytes of a loaded file are read, from the properties of s3(..) and Stream Load. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "sql/statement.h"

namespace freshet {

enum class FileKind : uint8_t { kCsv, kCsvWithNames, kCsvWithNamesAndTypes, kJsonLines, kJsonArray, kParquet };
enum class FileCompression : uint8_t { kAuto, kNone, kGzip, kZstd };  // kAuto: by the name's ending

struct FileFormat {
  FileKind kind = FileKind::kCsv;
  FileCompression compression = FileCompression::kAuto;
  std::string column_separator = "\t";  // Doris' default for csv
  std::string line_delimiter = "\n";    // "\n" takes "\r\n" as well
  char quote = '\0';                    // 0: none ("enclose")
  char escape = '\0';                   // 0: none
  std::string null_text = "\\N";
  uint32_t skip_lines = 0;
  bool trim_double_quotes = false;
  bool empty_field_as_null = false;
  bool fuzzy_columns = false;  // rows may have more or fewer fields than the first row
  friend bool operator==(const FileFormat&, const FileFormat&) = default;
};

// Takes the format's keys (format, column_separator, line_delimiter, enclose, escape, compress_type, skip_lines,
// strip_outer_array, read_json_by_line, trim_double_quotes, ..) out of `properties`; the others stay. kInvalid names
// the key and what it may be. Without "format": by the ending of `name` (.csv, .json, .parquet, .gz/.zst stripped).
Result<FileFormat> TakeFileFormat(Properties& properties, const std::string& name);

}  // namespace freshet
