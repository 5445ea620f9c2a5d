// SPDX-License-Identifier: Apache-2.0
#include "sql/text_values.h"

#include <algorithm>

#include <cstdio>

#include "cdc/change/calendar.h"

namespace freshet {

namespace {

constexpr int kFractionDigits = 6;
constexpr int64_t kMicrosPerMinute = 60 * kMicrosPerSecond;
constexpr int kOffsetHoursMax = 15;

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

// Reads from the front; what it could not read stays.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool done() const { return text_.empty(); }
  size_t left() const { return text_.size(); }
  bool Take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool TakeWord(std::string_view word) {
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  size_t TakeBlanks() {
    size_t blanks = 0;
    while (Take(' ')) ++blanks;
    return blanks;
  }
  size_t TakeDigits() {
    size_t digits = 0;
    while (digits < text_.size() && IsDigit(text_[digits])) ++digits;
    text_.remove_prefix(digits);
    return digits;
  }
  // A number of `min` to `max` digits.
  bool TakeNumber(size_t min, size_t max, int& value) {
    size_t digits = 0;
    value = 0;
    while (digits < max && digits < text_.size() && IsDigit(text_[digits]))
      value = value * 10 + (text_[digits++] - '0');
    text_.remove_prefix(digits);
    return digits >= min;
  }
  // Digits behind a point, as microseconds; more are dropped.
  bool TakeFraction(int64_t& us) {
    us = 0;
    int digits = 0;
    for (; !text_.empty() && IsDigit(text_.front()); text_.remove_prefix(1), ++digits) {
      if (digits < kFractionDigits) us = us * 10 + (text_.front() - '0');
    }
    for (int i = digits; i < kFractionDigits; ++i) us *= 10;
    return digits > 0;
  }

 private:
  std::string_view text_;
};

bool TakeSign(Reader& reader) {
  return reader.Take('-') || reader.Take('+');
}

// clock, in microseconds of the day
bool TakeClock(Reader& reader, int64_t& us) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  us = 0;
  if (!reader.TakeNumber(1, 2, hour) || !reader.Take(':') || !reader.TakeNumber(2, 2, minute)) return false;
  if (reader.Take(':')) {
    if (!reader.TakeNumber(2, 2, second)) return false;
    if (reader.Take('.') && !reader.TakeFraction(us)) return false;
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  us += ((hour * 60 + minute) * int64_t{60} + second) * kMicrosPerSecond;
  return true;
}

bool TakeZone(Reader& reader, int64_t& offset_us) {
  offset_us = 0;
  if (reader.Take('Z') || reader.Take('z') || reader.TakeWord("UTC")) return true;
  const bool west = reader.Take('-');
  if (!west && !reader.Take('+')) return false;
  int hours = 0;
  int minutes = 0;
  if (!reader.TakeNumber(2, 2, hours)) return false;
  if (reader.Take(':') ? !reader.TakeNumber(2, 2, minutes) : !reader.done() && !reader.TakeNumber(2, 2, minutes)) {
    return false;
  }
  if (hours > kOffsetHoursMax || minutes > 59) return false;
  offset_us = (hours * 60 + minutes) * kMicrosPerMinute * (west ? -1 : 1);
  return true;
}

bool TakeDate(Reader& reader, CivilDate& date) {
  int year = 0;
  int month = 0;
  int day = 0;
  if (!reader.TakeNumber(4, 4, year)) return false;
  const char separator = reader.Take('/') ? '/' : '-';
  if (separator == '-' && !reader.Take('-')) return false;
  if (!reader.TakeNumber(1, 2, month) || !reader.Take(separator) || !reader.TakeNumber(1, 2, day)) return false;
  date = {year, static_cast<uint32_t>(month), static_cast<uint32_t>(day)};
  return date.day >= 1 && date.day <= DaysInMonth(year, date.month);
}

}  // namespace

std::optional<std::string_view> NumberText(std::string_view text) {
  text = Trimmed(text);
  Reader reader(text);
  TakeSign(reader);
  size_t digits = reader.TakeDigits();
  if (reader.Take('.')) digits += reader.TakeDigits();
  if (digits == 0) return std::nullopt;
  if (reader.Take('e') || reader.Take('E')) {
    TakeSign(reader);
    if (reader.TakeDigits() == 0) return std::nullopt;
  }
  if (!reader.done()) return std::nullopt;
  return text;
}

std::optional<std::string_view> MomentText(std::string_view text, std::string& buffer) {
  text = Trimmed(text);
  Reader reader(text);
  CivilDate date;
  if (!TakeDate(reader, date)) return std::nullopt;
  if (reader.done()) return text;
  int64_t clock = 0;
  const bool separated = reader.Take('T') || reader.Take('t') || reader.TakeBlanks() > 0;
  if (!separated || !TakeClock(reader, clock)) return std::nullopt;
  const std::string_view plain = text.substr(0, text.size() - reader.left());
  if (reader.done()) return plain;
  reader.TakeBlanks();
  int64_t offset = 0;
  if (!TakeZone(reader, offset) || !reader.done()) return std::nullopt;
  if (offset == 0) return plain;
  int64_t us = DaysFromCivil(date) * kMicrosPerDay + clock - offset;
  const int64_t days = us / kMicrosPerDay - (us % kMicrosPerDay < 0 ? 1 : 0);
  us -= days * kMicrosPerDay;
  const CivilDate utc = CivilFromDays(days);
  if (utc.year < 1 || utc.year > 9999) return std::nullopt;
  char formatted[40];
  const int seconds = static_cast<int>(us / kMicrosPerSecond);
  const int size = std::snprintf(formatted, sizeof(formatted), "%04d-%02u-%02u %02d:%02d:%02d.%06d",
                                 static_cast<int>(utc.year), utc.month, utc.day, seconds / 3600, seconds / 60 % 60,
                                 seconds % 60, static_cast<int>(us % kMicrosPerSecond));
  buffer.assign(formatted, static_cast<size_t>(size));
  return buffer;
}

std::optional<std::string_view> ClockText(std::string_view text) {
  text = Trimmed(text);
  Reader reader(text);
  int64_t us = 0;
  if (!TakeClock(reader, us) || !reader.done()) return std::nullopt;
  return text;
}

void QuoteJsonNumbers(std::string_view json, std::string& out) {
  const auto in_number = [](char c) {
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
  };
  for (size_t at = 0; at < json.size();) {
    const size_t begin = at;
    if (json[at] == '"') {
      for (++at; at < json.size() && json[at] != '"'; ++at) at += json[at] == '\\' ? 1 : 0;
      at = std::min(at + 1, json.size());
      out += json.substr(begin, at - begin);
    } else if (json[at] == '-' || (json[at] >= '0' && json[at] <= '9')) {
      while (at < json.size() && in_number(json[at])) ++at;
      out += '"';
      out += json.substr(begin, at - begin);
      out += '"';
    } else {
      out += json[at++];
    }
  }
}

}  // namespace freshet
