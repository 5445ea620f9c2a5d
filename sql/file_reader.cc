// SPDX-License-Identifier: Apache-2.0
#include "sql/file_reader.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "sql/file_readers.h"
#include "sql/token.h"

namespace freshet {

namespace {

bool HasTypes(const std::optional<FileColumns>& columns) {
  return columns && std::any_of(columns->columns.begin(), columns->columns.end(),
                                [](const FileColumns::Column& column) { return column.type != "VARCHAR"; });
}

}  // namespace

std::string FileColumns::ToJson() const {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Column& column : columns) list.push_back({{"name", column.name}, {"type", column.type}});
  return list.dump();
}

Result<FileColumns> FileColumns::FromJson(std::string_view text) {
  const nlohmann::json list = nlohmann::json::parse(text, nullptr, false);
  if (!list.is_array()) return Status(Code::kCorrupt, "the columns of a file are not a JSON array");
  FileColumns columns;
  for (const nlohmann::json& item : list) {
    if (!item.is_object() || !item.contains("name") || !item.contains("type") || !item["name"].is_string() ||
        !item["type"].is_string()) {
      return Status(Code::kCorrupt, "a column of a file lacks its name or type");
    }
    columns.columns.push_back({item["name"].get<std::string>(), item["type"].get<std::string>()});
  }
  return columns;
}

Result<std::unique_ptr<FileReader>> FileReader::Open(SqlEngine& engine, Options options) {
  if (options.format.compression == FileCompression::kAuto) {
    const std::string name = ToLower(options.shown_name);
    options.format.compression = name.ends_with(".gz")                               ? FileCompression::kGzip
                                 : name.ends_with(".zst") || name.ends_with(".zstd") ? FileCompression::kZstd
                                                                                     : FileCompression::kNone;
  }
  switch (options.format.kind) {
    case FileKind::kCsv:
    case FileKind::kCsvWithNames:
    case FileKind::kCsvWithNamesAndTypes: return OpenCsvFile(std::move(options));
    case FileKind::kJsonLines:
    case FileKind::kJsonArray:
      if (HasTypes(options.expected)) return OpenTypedJsonFile(engine, std::move(options));
      return OpenJsonFile(std::move(options));
    case FileKind::kParquet: break;
  }
  return OpenParquetFile(engine, std::move(options));
}

Result<std::unique_ptr<InputWindow>> OpenTextFile(const FileReader::Options& options) {
  Result<std::unique_ptr<FileInput>> input = FileInput::Open(options.path, options.format.compression);
  if (!input.ok()) return input.status().At(options.shown_name);
  auto window = std::make_unique<InputWindow>(*std::move(input), kFileRecordBytesMax);
  if (Status grown = window->Grow(); !grown.ok()) return std::move(grown).At(options.shown_name);
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (window->bytes().starts_with(kByteOrderMark)) window->Consume(kByteOrderMark.size());
  return window;
}

size_t ValidUtf8Prefix(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    const unsigned char lead = static_cast<unsigned char>(text[at]);
    if (lead < 0x80) {
      ++at;
      continue;
    }
    size_t size = 0;
    if (lead >= 0xC2 && lead <= 0xDF) size = 2;
    if ((lead & 0xF0) == 0xE0) size = 3;
    if (lead >= 0xF0 && lead <= 0xF4) size = 4;
    if (size == 0) return at;
    for (size_t i = 1; i < size; ++i) {
      if ((byte(at + i) & 0xC0) != 0x80) return at;
    }
    const unsigned char second = static_cast<unsigned char>(byte(at + 1));
    // Overlong forms, surrogates, beyond U+10FFFF.
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) || (lead == 0xF0 && second < 0x90) ||
        (lead == 0xF4 && second > 0x8F)) {
      return at;
    }
    at += size;
  }
  return at;
}

MalformedRecord MakeMalformed(uint64_t line, std::string_view reason, std::string_view text) {
  return {line, std::string(reason), std::string(text), ValidUtf8Prefix(text) == text.size()};
}

Status LineError(const FileReader::Options& options, uint64_t line, std::string_view what) {
  return Status(Code::kInvalid, options.shown_name + " line " + std::to_string(line) + ": " + std::string(what));
}

}  // namespace freshet
