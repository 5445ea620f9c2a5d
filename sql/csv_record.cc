// SPDX-License-Identifier: Apache-2.0
#include "sql/csv_record.h"

#include <algorithm>
#include <cstring>

namespace freshet {

namespace {

size_t CountOf(std::string_view text, std::string_view what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + what.size())) ++count;
  return count;
}

}  // namespace

std::optional<std::string_view> CsvRecord::field(size_t i) const {
  const Field& field = fields_[i];
  std::string_view text(field.unescaped == kNone ? field.data : unescaped_.data() + field.unescaped, field.size);
  if (!field.quoted) {
    if (text == format_.null_text || (text.empty() && format_.empty_field_as_null)) return std::nullopt;
    if (format_.trim_double_quotes && text.size() >= 2 && text.front() == '"' && text.back() == '"') {
      text = text.substr(1, text.size() - 2);
    }
  }
  return text;
}

void CsvRecord::SplitPlain(std::string_view line) {
  const std::string& separator = format_.column_separator;
  size_t begin = 0;
  while (true) {
    size_t end = std::string_view::npos;
    if (separator.size() == 1) {
      const void* found = std::memchr(line.data() + begin, separator[0], line.size() - begin);
      if (found != nullptr) end = static_cast<size_t>(static_cast<const char*>(found) - line.data());
    } else {
      end = line.find(separator, begin);
    }
    const bool final = end == std::string_view::npos;
    if (final) end = line.size();
    fields_.push_back({line.data() + begin, end - begin, false, kNone});
    if (final) return;
    begin = end + separator.size();
  }
}

// What stands behind a field.
CsvRecord::End CsvRecord::AfterField(std::string_view bytes, size_t& at, bool last) const {
  const std::string_view rest = bytes.substr(at);
  if (rest.starts_with(format_.column_separator)) {
    at += format_.column_separator.size();
    return End::kSeparator;
  }
  if (rest.starts_with(format_.line_delimiter)) {
    at += format_.line_delimiter.size();
    return End::kRecord;
  }
  if (format_.line_delimiter == "\n" && rest.starts_with("\r\n")) {
    at += 2;
    return End::kRecord;
  }
  if (rest.empty() && last) return End::kRecord;
  if (format_.line_delimiter == "\n" && rest == "\r" && last) {  // the file was cut between the two
    ++at;
    return End::kRecord;
  }
  return End::kIncomplete;
}

// `at` is behind the opening quote.
Result<CsvRecord::End> CsvRecord::ParseQuoted(std::string_view bytes, size_t& at, bool last) {
  const size_t begin = at;
  const size_t unescaped = unescaped_.size();
  bool copied = false;  // the field's value is in unescaped_
  size_t plain = begin;
  while (true) {
    while (at < bytes.size() && bytes[at] != format_.quote && (format_.escape == '\0' || bytes[at] != format_.escape))
      ++at;
    if (at + 1 >= bytes.size() && !last) return End::kIncomplete;
    if (at >= bytes.size()) return Status(Code::kInvalid, "a quote is never closed");
    const char next = at + 1 < bytes.size() ? bytes[at + 1] : '\0';
    const bool has_next = at + 1 < bytes.size();
    const bool doubled = bytes[at] == format_.quote && has_next && next == format_.quote;
    const bool escaped = bytes[at] != format_.quote && has_next && (next == format_.quote || next == format_.escape);
    if (doubled || escaped) {
      unescaped_.append(bytes, plain, at - plain);
      unescaped_ += next;
      copied = true;
      at += 2;
      plain = at;
    } else if (bytes[at] == format_.quote) {
      break;
    } else {
      ++at;  // an escape before anything else stands for itself
    }
  }
  lines_ += CountOf(bytes.substr(begin, at - begin), format_.line_delimiter);
  if (copied) {
    unescaped_.append(bytes, plain, at - plain);
    fields_.push_back({nullptr, unescaped_.size() - unescaped, true, unescaped});
  } else {
    fields_.push_back({bytes.data() + begin, at - begin, true, kNone});
  }
  ++at;
  const End end = AfterField(bytes, at, last);
  const size_t longest = std::max({format_.column_separator.size(), format_.line_delimiter.size(), size_t{2}});
  if (end == End::kIncomplete && (last || bytes.size() - at >= longest)) {
    return Status(Code::kInvalid, "text behind a closing quote");
  }
  return end;
}

CsvRecord::End CsvRecord::ParsePlain(std::string_view bytes, size_t& at, bool last) {
  const size_t begin = at;
  const char first_of_separator = format_.column_separator[0];
  const char first_of_line = format_.line_delimiter[0];
  while (at < bytes.size()) {
    const char c = bytes[at];
    if (c == first_of_separator || c == first_of_line || c == '\r') {
      const size_t size = at - begin;
      const End end = AfterField(bytes, at, last);
      if (end != End::kIncomplete) {
        fields_.push_back({bytes.data() + begin, size, false, kNone});
        return end;
      }
    }
    ++at;
  }
  if (!last) return End::kIncomplete;
  fields_.push_back({bytes.data() + begin, at - begin, false, kNone});
  return End::kRecord;
}

Result<std::optional<size_t>> CsvRecord::Parse(std::string_view bytes, bool last) {
  fields_.clear();
  unescaped_.clear();
  lines_ = 1;
  if (format_.quote == '\0') {
    const std::string& delimiter = format_.line_delimiter;
    const size_t found = bytes.find(delimiter);
    if (found == std::string_view::npos && !last) return std::optional<size_t>();
    const size_t end = std::min(found, bytes.size());
    const bool carriage_return = delimiter == "\n" && end > 0 && bytes[end - 1] == '\r';
    SplitPlain(bytes.substr(0, carriage_return ? end - 1 : end));
    return std::optional<size_t>(found == std::string_view::npos ? end : end + delimiter.size());
  }
  size_t at = 0;
  while (true) {
    End end = End::kRecord;
    if (at < bytes.size() && bytes[at] == format_.quote) {
      ++at;
      ASSIGN_OR_RETURN(end, ParseQuoted(bytes, at, last));
    } else {
      end = ParsePlain(bytes, at, last);
    }
    if (end == End::kIncomplete) return std::optional<size_t>();
    if (end == End::kRecord) return std::optional<size_t>(at);
  }
}

}  // namespace freshet
