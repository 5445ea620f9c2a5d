// SPDX-License-Identifier: Apache-2.0
// JsonRecords: the text of one JSON value after another, from a file of lines or of arrays. It finds where values
// begin and end; whether they are well-formed is the parser's business. Used by one thread.
//
//   lines  := { [ value ] "\n" }                      blank lines are skipped
//   arrays := { "[" [ value { "," value } ] "]" }     whitespace anywhere between
#pragma once

#include <memory>
#include <string_view>

#include "sql/file_readers.h"

namespace freshet {

class JsonRecords {
 public:
  JsonRecords(const FileReader::Options& options, std::unique_ptr<InputWindow> window)
      : options_(options), window_(std::move(window)) {}

  // False at the end. `value` lives until the next call. kInvalid names the line.
  Result<bool> Next(std::string_view& value);
  uint64_t line() const { return line_; }  // on which the value begins

 private:
  enum class Place : uint8_t { kOutside, kFirst, kBehindComma, kBehindValue };

  Result<bool> NextLine(std::string_view& value);
  Result<bool> NextElement(std::string_view& value);
  // Consumes whitespace; the byte behind it, or 0 at the end of the file.
  Result<char> SkipSpace();
  // Size of the value at the start of the window.
  Result<size_t> ValueSize();
  Status Grow();
  void Consume(size_t bytes);
  Status Error(std::string_view what) const { return LineError(options_, next_line_, what); }

  const FileReader::Options& options_;
  const std::unique_ptr<InputWindow> window_;
  Place place_ = Place::kOutside;
  size_t unread_ = 0;  // bytes of the last value, consumed with the next call
  uint64_t line_ = 1;
  uint64_t next_line_ = 1;
};

}  // namespace freshet
