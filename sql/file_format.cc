// SPDX-License-Identifier: Apache-2.0
#include "sql/file_format.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "sql/token.h"

namespace freshet {

namespace {

constexpr size_t kSeparatorBytesMax = 50;
constexpr uint32_t kSkipLinesMax = 1'000'000;

Status Wrong(std::string_view key, std::string_view wanted) {
  return Status(Code::kInvalid, std::string(key) + " must be " + std::string(wanted));
}

// Removes `key` (any case) and returns its value.
std::optional<std::string> Take(Properties& properties, std::string_view key) {
  const auto found = std::find_if(properties.begin(), properties.end(),
                                  [key](const auto& property) { return EqualsIgnoreCase(property.first, key); });
  if (found == properties.end()) return std::nullopt;
  std::string value = std::move(found->second);
  properties.erase(found);
  return value;
}

Status TakeFlag(Properties& properties, std::string_view key, std::optional<bool>& flag) {
  const std::optional<std::string> text = Take(properties, key);
  if (!text) return Status::Ok();
  if (!EqualsIgnoreCase(*text, "true") && !EqualsIgnoreCase(*text, "false")) return Wrong(key, "true or false");
  flag = EqualsIgnoreCase(*text, "true");
  return Status::Ok();
}

// \t, \n, \r, \\ and \xHH, as Doris writes bytes that are hard to type; "\x01" and the bare byte mean the same.
Status Unescape(std::string_view key, std::string_view text, std::string& out) {
  out.clear();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    if (c == 'x' || c == 'X') {
      uint8_t byte = 0;
      const char* begin = text.data() + i + 1;
      const char* end = std::min(begin + 2, text.data() + text.size());
      if (end - begin != 2 || std::from_chars(begin, end, byte, 16).ptr != end) {
        return Wrong(key, "bytes; \\x takes two hexadecimal digits");
      }
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c;
    }
  }
  if (out.empty() || out.size() > kSeparatorBytesMax) return Wrong(key, "1 to 50 bytes");
  return Status::Ok();
}

Status TakeByte(Properties& properties, std::string_view key, char& byte) {
  const std::optional<std::string> text = Take(properties, key);
  if (!text || text->empty()) return Status::Ok();
  std::string bytes;
  TRY(Unescape(key, *text == "\\" ? "\\\\" : *text, bytes));
  if (bytes.size() != 1 || bytes[0] == '\0' || bytes[0] == '\n' || bytes[0] == '\r') return Wrong(key, "one byte");
  byte = bytes[0];
  return Status::Ok();
}

std::string_view WithoutCompression(std::string_view name) {
  for (std::string_view ending : {".gz", ".zst", ".zstd"}) {
    if (name.ends_with(ending)) return name.substr(0, name.size() - ending.size());
  }
  return name;
}

Status KindByName(const std::string& name, FileFormat& format) {
  const std::string lower = ToLower(name);
  const std::string_view bare = WithoutCompression(lower);
  if (bare.ends_with(".csv")) {
    format.column_separator = ",";
  } else if (bare.ends_with(".parquet")) {
    format.kind = FileKind::kParquet;
  } else if (bare.ends_with(".json") || bare.ends_with(".jsonl") || bare.ends_with(".ndjson")) {
    format.kind = FileKind::kJsonLines;
  } else if (!bare.ends_with(".tsv")) {
    return Status(Code::kInvalid,
                  "\"format\" is required: csv, csv_with_names, csv_with_names_and_types, json or parquet");
  }
  return Status::Ok();
}

Status TakeKind(Properties& properties, const std::string& name, FileFormat& format) {
  const std::optional<std::string> text = Take(properties, "format");
  const std::string kind = ToLower(text.value_or(""));
  if (!text) {
    TRY(KindByName(name, format));
  } else if (kind == "csv_with_names") {
    format.kind = FileKind::kCsvWithNames;
  } else if (kind == "csv_with_names_and_types") {
    format.kind = FileKind::kCsvWithNamesAndTypes;
  } else if (kind == "json") {
    format.kind = FileKind::kJsonLines;
  } else if (kind == "parquet") {
    format.kind = FileKind::kParquet;
  } else if (kind != "csv") {
    return Wrong("format", "csv, csv_with_names, csv_with_names_and_types, json or parquet");
  }
  std::optional<bool> array;
  std::optional<bool> lines;
  TRY(TakeFlag(properties, "strip_outer_array", array));
  TRY(TakeFlag(properties, "read_json_by_line", lines));
  if (format.kind != FileKind::kJsonLines) return Status::Ok();
  if (array.value_or(false)) format.kind = FileKind::kJsonArray;
  if (!array.value_or(false) && !lines.value_or(true)) {
    return Status(Code::kInvalid, "format json needs read_json_by_line=true or strip_outer_array=true");
  }
  return Status::Ok();
}

Status TakeCompression(Properties& properties, FileFormat& format) {
  const std::optional<std::string> text = Take(properties, "compress_type");
  if (!text) return Status::Ok();
  const std::string type = ToLower(*text);
  if (type == "gz" || type == "gzip") {
    format.compression = FileCompression::kGzip;
  } else if (type == "zstd" || type == "zst") {
    format.compression = FileCompression::kZstd;
  } else if (type == "plain" || type == "none") {
    format.compression = FileCompression::kNone;
  } else if (!type.empty() && type != "unknown" && type != "auto") {
    return Wrong("compress_type", "plain, gz or zstd");
  }
  return Status::Ok();
}

Status TakeCsv(Properties& properties, FileFormat& format) {
  if (const auto text = Take(properties, "column_separator")) {
    TRY(Unescape("column_separator", *text, format.column_separator));
  }
  if (const auto text = Take(properties, "line_delimiter")) {
    TRY(Unescape("line_delimiter", *text, format.line_delimiter));
  }
  TRY(TakeByte(properties, "enclose", format.quote));
  TRY(TakeByte(properties, "escape", format.escape));
  if (const auto text = Take(properties, "null_format")) format.null_text = *text;
  if (const auto text = Take(properties, "skip_lines")) {
    const char* end = text->data() + text->size();
    const auto [at, error] = std::from_chars(text->data(), end, format.skip_lines);
    if (error != std::errc() || at != end || format.skip_lines > kSkipLinesMax) {
      return Wrong("skip_lines", "a whole number from 0 to 1000000");
    }
  }
  std::optional<bool> trim;
  std::optional<bool> empty_is_null;
  std::optional<bool> fuzzy;
  TRY(TakeFlag(properties, "trim_double_quotes", trim));
  TRY(TakeFlag(properties, "empty_field_as_null", empty_is_null));
  TRY(TakeFlag(properties, "fuzzy_columns", fuzzy));
  format.trim_double_quotes = trim.value_or(false);
  format.empty_field_as_null = empty_is_null.value_or(false);
  format.fuzzy_columns = fuzzy.value_or(false);
  if (format.column_separator.find('\n') != std::string::npos && format.line_delimiter == "\n") {
    return Wrong("column_separator", "other than the line delimiter");
  }
  if (format.column_separator == format.line_delimiter) {
    return Wrong("column_separator", "other than the line delimiter");
  }
  if (format.quote != '\0' && format.quote == format.column_separator[0]) {
    return Wrong("enclose", "other than the first byte of column_separator");
  }
  return Status::Ok();
}

}  // namespace

Result<FileFormat> TakeFileFormat(Properties& properties, const std::string& name) {
  FileFormat format;
  TRY(TakeKind(properties, name, format));
  TRY(TakeCompression(properties, format));
  TRY(TakeCsv(properties, format));
  // All values are kept as text, so numbers as text is what happens anyway.
  std::optional<bool> ignored;
  TRY(TakeFlag(properties, "num_as_string", ignored));
  TRY(TakeFlag(properties, "fuzzy_parse", ignored));
  for (std::string_view key : {"jsonpaths", "json_root"}) {
    const std::optional<std::string> text = Take(properties, key);
    if (text && !text->empty()) {
      return Status(Code::kUnsupported, std::string(key) + " is not supported: take members out with JSON_EXTRACT");
    }
  }
  return format;
}

}  // namespace freshet
