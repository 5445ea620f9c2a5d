// SPDX-License-Identifier: Apache-2.0
// The readers behind FileReader::Open, one file each, and what they share. Internal to sql/.
#pragma once

#include <string_view>

#include "sql/file_input.h"
#include "sql/file_reader.h"

namespace freshet {

// A line of CSV or a JSON value larger than this is refused: memory is bounded by it.
inline constexpr size_t kFileRecordBytesMax = 32u << 20;

// In all of them `options.format.compression` is resolved. Errors name options.shown_name.
Result<std::unique_ptr<FileReader>> OpenCsvFile(FileReader::Options options);
Result<std::unique_ptr<FileReader>> OpenJsonFile(FileReader::Options options);
// `options.expected` is set, with the types to cast the texts to.
Result<std::unique_ptr<FileReader>> OpenTypedJsonFile(SqlEngine& engine, FileReader::Options options);
Result<std::unique_ptr<FileReader>> OpenParquetFile(SqlEngine& engine, FileReader::Options options);

// The bytes of a text file, from behind a byte order mark on.
Result<std::unique_ptr<InputWindow>> OpenTextFile(const FileReader::Options& options);

// Offset of the first byte that is not part of valid UTF-8; text.size() when all is.
size_t ValidUtf8Prefix(std::string_view text);

// Set-aside records that wait for TakeMalformed; with more a batch ends.
inline constexpr size_t kMalformedBytesMax = 1u << 20;
MalformedRecord MakeMalformed(uint64_t line, std::string_view reason, std::string_view text);

// "s3://b/a.csv line 17: what"
Status LineError(const FileReader::Options& options, uint64_t line, std::string_view what);

}  // namespace freshet
