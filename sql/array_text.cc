// SPDX-License-Identifier: Apache-2.0
#include "sql/array_text.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "sql/token.h"

namespace freshet {

namespace {

constexpr size_t kDimensionsMax = 6;  // as Postgres

Status NoArray() {
  return Status(Code::kInvalid, "text is no array");
}

bool IsSpace(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

void AppendElement(std::string_view text, std::string& out) {
  bool plain = !text.empty() && !EqualsIgnoreCase(text, "NULL");
  for (const char c : text) {
    plain = plain && !IsSpace(c) && std::string_view("{},\"\\").find(c) == std::string_view::npos;
  }
  if (plain) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

// One pass over the text, both forms; the stored form grows in out_.
class Reading {
 public:
  Reading(std::string_view text, const ArrayElement& element) : text_(text), element_(element) {}

  Result<std::string> Run() {
    SkipSpace();
    const size_t end = text_.find_last_not_of(" \t\n\v\f\r");
    if (end == std::string_view::npos) return NoArray();
    json_ = text_[at_] == '[' && text_[end] == ']';
    if (json_) {
      if (!nlohmann::json::accept(text_)) return NoArray();
    } else if (text_[at_] == '[') {
      TRY(ReadBounds());
    }
    TRY(ReadList(0));
    SkipSpace();
    if (at_ != text_.size()) return NoArray();
    for (size_t i = 0; i < bounds_.size(); ++i) {
      if (bounds_.size() != sizes_.size() || bounds_[i] != sizes_[i]) return NoArray();
    }
    return std::move(out_);
  }

 private:
  void SkipSpace() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }
  bool Accept(char c) {
    SkipSpace();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::optional<int32_t> ReadBound() {
    const size_t begin = at_;
    if (at_ < text_.size() && (text_[at_] == '-' || text_[at_] == '+')) ++at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    const std::string_view digits = text_.substr(begin, at_ - begin);
    constexpr size_t kDigitsMax = 11;  // ten and a sign
    if (digits.empty() || digits.size() > kDigitsMax || digits.back() < '0' || digits.back() > '9') return std::nullopt;
    const int64_t bound = std::strtoll(std::string(digits).c_str(), nullptr, 10);
    if (bound < INT32_MIN || bound > INT32_MAX) return std::nullopt;
    return static_cast<int32_t>(bound);
  }
  // "[0:1][1:3]="
  Status ReadBounds() {
    bool usual = true;
    const size_t begin = at_;
    while (Accept('[')) {
      const std::optional<int32_t> low = ReadBound();
      if (!low || !Accept(':')) return NoArray();
      const std::optional<int32_t> high = ReadBound();
      if (!high || !Accept(']') || *high < *low) return NoArray();
      usual = usual && *low == 1;
      bounds_.push_back(static_cast<size_t>(int64_t{*high} - *low + 1));
    }
    if (bounds_.size() > kDimensionsMax || !Accept('=')) return NoArray();
    if (!usual) out_ += text_.substr(begin, at_ - begin);
    return Status::Ok();
  }

  // At "{" or "[" of dimension `depth`.
  // NOLINTNEXTLINE(misc-no-recursion): kDimensionsMax deep
  Status ReadList(size_t depth) {
    const char open = json_ ? '[' : '{';
    const char close = json_ ? ']' : '}';
    if (depth >= kDimensionsMax || !Accept(open)) return NoArray();
    out_ += '{';
    size_t size = 0;
    if (!Accept(close)) {
      do {
        if (size++ > 0) out_ += ',';
        SkipSpace();
        if (at_ < text_.size() && text_[at_] == open) {
          if (deepest_ && depth >= *deepest_) return Ragged();
          TRY(ReadList(depth + 1));
        } else {
          if (deepest_.value_or(depth) != depth) return Ragged();
          deepest_ = depth;
          TRY(ReadElement());
        }
      } while (Accept(','));
      if (!Accept(close)) return NoArray();
    }
    out_ += '}';
    if (size == 0 && depth > 0) return Status(Code::kInvalid, "an array's row is empty");
    if (sizes_.size() <= depth) sizes_.resize(depth + 1);
    if (sizes_[depth] != 0 && sizes_[depth] != size) return Ragged();
    sizes_[depth] = size;
    return Status::Ok();
  }
  static Status Ragged() { return Status(Code::kInvalid, "the array's rows differ in length"); }

  Status ReadElement() {
    std::string value;
    bool quoted = false;
    TRY(json_ ? ReadJsonScalar(value, quoted) : ReadText(value, quoted));
    const bool null = !quoted && (json_ ? value == "null" : EqualsIgnoreCase(value, "NULL"));
    if (null) {
      out_ += "NULL";
      return Status::Ok();
    }
    ASSIGN_OR_RETURN(const std::string stored, element_(value));
    AppendElement(stored, out_);
    return Status::Ok();
  }
  // The text is JSON: it was looked at as a whole.
  Status ReadJsonScalar(std::string& value, bool& quoted) {
    const size_t begin = at_;
    quoted = text_[at_] == '"';
    if (text_[at_] == '{') return Status(Code::kInvalid, "an element of the array is an object");
    if (quoted) {
      for (++at_; text_[at_] != '"'; ++at_) at_ += text_[at_] == '\\' ? 1 : 0;
      ++at_;
      value = nlohmann::json::parse(text_.substr(begin, at_ - begin)).get<std::string>();
      return Status::Ok();
    }
    while (text_[at_] != ',' && text_[at_] != ']' && !IsSpace(text_[at_])) ++at_;
    value = text_.substr(begin, at_ - begin);
    return Status::Ok();
  }
  Status ReadText(std::string& value, bool& quoted) {
    quoted = Accept('"');
    size_t kept = 0;  // trailing blanks of a bare element do not count
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (quoted ? c == '"' : (c == ',' || c == '}')) break;
      if (!quoted && (c == '{' || c == '"')) return NoArray();
      const bool escaped = c == '\\';
      if (escaped && ++at_ >= text_.size()) return NoArray();
      value += text_[at_];
      if (escaped || !IsSpace(c)) kept = value.size();
    }
    if (quoted) return Accept('"') ? Status::Ok() : NoArray();
    value.resize(kept);
    return value.empty() ? NoArray() : Status::Ok();
  }

  const std::string_view text_;
  const ArrayElement& element_;
  bool json_ = false;
  size_t at_ = 0;
  std::vector<size_t> bounds_;     // sizes that the bounds say
  std::vector<size_t> sizes_;      // by dimension
  std::optional<size_t> deepest_;  // the dimension of the elements
  std::string out_;
};

}  // namespace

Result<std::string> NormalArray(std::string_view text, const ArrayElement& element) {
  return Reading(text, element).Run();
}

}  // namespace freshet
