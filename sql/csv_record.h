// SPDX-License-Identifier: Apache-2.0
// CsvRecord: one record of delimited text taken apart into fields. Knows separators, quotes and escapes; nothing of
// files, columns or types. Pure; used by one thread.
//
//   record    := field { separator field } ( line_delimiter | end of the file )
//   field     := quote { quote quote | escape quote | escape escape | any byte but quote } quote | plain
//   plain     := bytes without separator and line_delimiter; null_text alone is NULL
// Without a quote all fields are plain. A "\r" before the line delimiter "\n", or before the end of the file where that
// is the delimiter, belongs to the delimiter.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "sql/file_format.h"

namespace freshet {

class CsvRecord {
 public:
  explicit CsvRecord(const FileFormat& format) : format_(format) {}

  // Takes apart the record at the start of `bytes`. `last`: no more bytes will come. Nothing: the record goes on
  // behind `bytes`. kInvalid says what is wrong, without its text.
  Result<std::optional<size_t>> Parse(std::string_view bytes, bool last);

  // Of the last record parsed; the views live as long as its bytes and this object's next call.
  size_t fields() const { return fields_.size(); }
  std::optional<std::string_view> field(size_t i) const;
  bool blank() const { return fields_.size() == 1 && fields_[0].size == 0 && !fields_[0].quoted; }
  uint64_t lines() const { return lines_; }  // that the record spans, at least 1

 private:
  struct Field {
    const char* data;
    size_t size;
    bool quoted;
    size_t unescaped;  // kNone, or where in unescaped_ the field begins
  };
  static constexpr size_t kNone = SIZE_MAX;
  enum class End : uint8_t { kSeparator, kRecord, kIncomplete };

  void SplitPlain(std::string_view line);
  Result<End> ParseQuoted(std::string_view bytes, size_t& at, bool last);
  End ParsePlain(std::string_view bytes, size_t& at, bool last);
  End AfterField(std::string_view bytes, size_t& at, bool last) const;

  const FileFormat format_;
  std::vector<Field> fields_;
  std::string unescaped_;  // fields that differ from their bytes
  uint64_t lines_ = 1;
};

}  // namespace freshet
