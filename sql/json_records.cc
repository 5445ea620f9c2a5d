// SPDX-License-Identifier: Apache-2.0
#include "sql/json_records.h"

#include <algorithm>
#include <cstring>

namespace freshet {

namespace {

constexpr std::string_view kSpace = " \t\r\n";

}  // namespace

Status JsonRecords::Grow() {
  if (Status grown = window_->Grow(); !grown.ok()) return Error(grown.message());
  return Status::Ok();
}

void JsonRecords::Consume(size_t bytes) {
  const std::string_view text = window_->bytes().substr(0, bytes);
  next_line_ += static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
  window_->Consume(bytes);
}

Result<bool> JsonRecords::Next(std::string_view& value) {
  Consume(unread_);
  unread_ = 0;
  return options_.format.kind == FileKind::kJsonLines ? NextLine(value) : NextElement(value);
}

Result<bool> JsonRecords::NextLine(std::string_view& value) {
  while (true) {
    const std::string_view bytes = window_->bytes();
    const size_t end = bytes.find('\n');
    if (end == std::string_view::npos && !window_->at_end()) {
      TRY(Grow());
      continue;
    }
    if (bytes.empty()) return false;
    const std::string_view line = bytes.substr(0, end);
    if (line.find_first_not_of(kSpace) == std::string_view::npos) {
      Consume(std::min(bytes.size(), line.size() + 1));
      continue;
    }
    value = line;
    line_ = next_line_;
    unread_ = std::min(bytes.size(), line.size() + 1);
    return true;
  }
}

Result<char> JsonRecords::SkipSpace() {
  while (true) {
    const std::string_view bytes = window_->bytes();
    const size_t found = bytes.find_first_not_of(kSpace);
    if (found != std::string_view::npos) {
      Consume(found);
      return window_->bytes().front();
    }
    Consume(bytes.size());
    if (window_->at_end()) return '\0';
    TRY(Grow());
  }
}

Result<size_t> JsonRecords::ValueSize() {
  while (true) {
    const std::string_view bytes = window_->bytes();
    int64_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < bytes.size(); ++i) {
      const char c = bytes[i];
      if (in_string) {
        if (c == '\\') ++i;
        if (c == '"') in_string = false;
      } else if (c == '"') {
        in_string = true;
      } else if (c == '{' || c == '[') {
        ++depth;
      } else if (c == '}' || c == ']' || c == ',') {
        if (depth == 0) return i;  // of the array around the value
        if (c != ',' && --depth == 0) return i + 1;
      }
    }
    if (window_->at_end()) return Error("the file ends within a value that begins here");
    TRY(Grow());
  }
}

Result<bool> JsonRecords::NextElement(std::string_view& value) {
  while (true) {
    ASSIGN_OR_RETURN(const char c, SkipSpace());
    if (place_ == Place::kOutside) {
      if (c == '\0' && window_->bytes().empty()) return false;
      if (c != '[') return Error("expected '[': the file is not a JSON array");
      place_ = Place::kFirst;
      Consume(1);
      continue;
    }
    if (c == '\0' && window_->bytes().empty()) return Error("the file ends within its array");
    if (c == ']' && place_ != Place::kBehindComma) {
      place_ = Place::kOutside;
      Consume(1);
      continue;
    }
    if (place_ == Place::kBehindValue) {
      if (c != ',') return Error("expected ',' or ']'");
      place_ = Place::kBehindComma;
      Consume(1);
      continue;
    }
    ASSIGN_OR_RETURN(unread_, ValueSize());
    if (unread_ == 0) return Error("expected a value");
    place_ = Place::kBehindValue;
    line_ = next_line_;
    value = window_->bytes().substr(0, unread_);
    return true;
  }
}

}  // namespace freshet
