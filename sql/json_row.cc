// SPDX-License-Identifier: Apache-2.0
#include "sql/json_row.h"

#include <nlohmann/json.hpp>

#include "sql/duckdb_json.h"

namespace freshet {

namespace {

// Answers the library's parser; depth 1 is inside the row's object.
class RowHandler {
 public:
  RowHandler(const JsonMember& member) : member_(member) {}

  Status TakeStatus() { return std::move(status_); }

  // The library's names.
  bool null() { return depth_ == 1 ? Give(std::nullopt) : Nested("null"); }
  bool boolean(bool value) { return Scalar(value ? "true" : "false"); }
  bool number_integer(int64_t value) { return Scalar(std::to_string(value)); }
  bool number_unsigned(uint64_t value) { return Scalar(std::to_string(value)); }
  bool number_float(double, const std::string& text) { return Scalar(text); }
  bool string(std::string& value) {
    if (depth_ == 1) return Give(value);
    std::string quoted;
    AppendQuotedJson(value, quoted);
    return Nested(quoted);
  }
  bool binary(std::vector<uint8_t>&) { return false; }  // JSON text has none
  bool start_object(size_t) { return Open('{'); }
  bool end_object() { return Close('}'); }
  bool start_array(size_t) { return depth_ == 0 ? NotAnObject() : Open('['); }
  bool end_array() { return Close(']'); }
  bool key(std::string& value) {
    if (depth_ == 1) {
      key_ = value;
      return true;
    }
    Separate();
    AppendQuotedJson(value, nested_);
    nested_ += ':';
    first_ = true;  // no comma between key and value
    return true;
  }
  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception&) {
    status_ = Status(Code::kInvalid, "malformed JSON at byte " + std::to_string(position));
    return false;
  }

 private:
  bool NotAnObject() {
    status_ = Status(Code::kInvalid, "expected a JSON object");
    return false;
  }
  bool Give(std::optional<std::string_view> value) {
    status_ = member_(key_, value);
    return status_.ok();
  }
  void Separate() {
    if (!first_) nested_ += ',';
    first_ = false;
  }
  bool Nested(std::string_view text) {
    if (depth_ == 0) return NotAnObject();
    Separate();
    nested_ += text;
    return true;
  }
  bool Scalar(std::string_view text) { return depth_ == 1 ? Give(text) : Nested(text); }
  bool Open(char bracket) {
    if (++depth_ == 1) return true;
    if (depth_ == 2) {
      nested_.clear();
      first_ = true;
    }
    Separate();
    nested_ += bracket;
    first_ = true;
    return true;
  }
  bool Close(char bracket) {
    if (--depth_ == 0) return true;
    nested_ += bracket;
    first_ = false;
    return depth_ == 1 ? Give(nested_) : true;
  }

  const JsonMember& member_;
  Status status_;
  size_t depth_ = 0;
  std::string key_;
  std::string nested_;  // the array or object in the making
  bool first_ = true;   // nothing stands before in the current array or object
};

}  // namespace

Status ParseJsonRow(std::string_view text, const JsonMember& member) {
  RowHandler handler(member);
  if (nlohmann::json::sax_parse(text.begin(), text.end(), &handler)) return Status::Ok();
  Status status = handler.TakeStatus();
  return status.ok() ? Status(Code::kInvalid, "malformed JSON") : std::move(status);
}

}  // namespace freshet
