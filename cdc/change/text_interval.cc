// SPDX-License-Identifier: Apache-2.0
#include "cdc/change/text_interval.h"

#include <charconv>
#include <cstring>

#include "base/check.h"
#include "cdc/change/calendar.h"

namespace freshet {
namespace {

struct Interval {
  int64_t micros = 0;
  int64_t days = 0;
  int64_t months = 0;
};

constexpr int64_t kFieldMax = INT32_MAX;

Cell AppendInterval(const Interval& interval, std::string& arena) {
  const int32_t days = static_cast<int32_t>(interval.days);
  const int32_t months = static_cast<int32_t>(interval.months);
  char bytes[16];
  std::memcpy(bytes, &interval.micros, 8);  // x86-64 and arm64 are little-endian
  std::memcpy(bytes + 8, &days, 4);
  std::memcpy(bytes + 12, &months, 4);
  const Cell cell{arena.size(), sizeof(bytes), CellKind::kBytes};
  arena.append(bytes, sizeof(bytes));
  return cell;
}

std::string_view TakeWord(std::string_view& text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

template <typename Int>
bool TakeNumber(std::string_view& text, Int& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

// "[+-]HH:MM:SS[.f]", hours without limit.
bool ParseClock(std::string_view word, int64_t& micros) {
  const bool negative = word.front() == '-';
  if (negative || word.front() == '+') word.remove_prefix(1);
  uint64_t hours = 0, minutes = 0, seconds = 0, fraction = 0;
  if (!TakeNumber(word, hours) || !word.starts_with(':')) return false;
  word.remove_prefix(1);
  if (!TakeNumber(word, minutes) || !word.starts_with(':') || minutes > 59) return false;
  word.remove_prefix(1);
  if (!TakeNumber(word, seconds) || seconds > 59) return false;
  if (word.starts_with('.')) {
    word.remove_prefix(1);
    const size_t digits = word.size();
    if (digits == 0 || digits > 6 || !TakeNumber(word, fraction)) return false;
    for (size_t place = digits; place < 6; ++place) fraction *= 10;
  }
  if (!word.empty()) return false;
  uint64_t magnitude = 0;
  if (__builtin_mul_overflow(hours, uint64_t{3'600'000'000}, &magnitude) ||
      __builtin_add_overflow(magnitude, (minutes * 60 + seconds) * 1'000'000 + fraction, &magnitude) ||
      magnitude > static_cast<uint64_t>(INT64_MAX) + (negative ? 1 : 0)) {
    return false;
  }
  micros = static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
  return true;
}

bool AddField(std::string_view unit, int64_t value, Interval& interval) {
  if (unit == "year" || unit == "years") {
    if (value > kFieldMax || value < -kFieldMax) return false;
    interval.months += value * 12;
  } else if (unit == "mon" || unit == "mons") {
    interval.months += value;
  } else if (unit == "day" || unit == "days") {
    interval.days += value;
  } else {
    return false;
  }
  const auto fits = [](int64_t field) { return field <= kFieldMax && field >= -kFieldMax - 1; };
  return fits(interval.months) && fits(interval.days);
}

// "1 year", " -2 mons": the server puts a plus after a negative part.
void AppendPart(int64_t value, std::string_view unit, bool& after_negative, std::string& out, size_t begin) {
  if (value == 0) return;
  if (out.size() != begin) out += ' ';
  if (after_negative && value > 0) out += '+';
  out += std::to_string(value);
  out += ' ';
  out += unit;
  if (value != 1) out += 's';
  after_negative = value < 0;
}

void AppendTwoDigits(uint64_t value, std::string& out) {
  if (value < 10) out += '0';
  out += std::to_string(value);
}

void AppendClock(int64_t micros, std::string& out) {
  const uint64_t size = micros < 0 ? 0 - static_cast<uint64_t>(micros) : static_cast<uint64_t>(micros);
  const uint64_t seconds = size / 1'000'000;
  AppendTwoDigits(seconds / 3600, out);
  out += ':';
  AppendTwoDigits(seconds / 60 % 60, out);
  out += ':';
  AppendTwoDigits(seconds % 60, out);
  if (size % 1'000'000 == 0) return;
  std::string fraction = std::to_string(1'000'000 + size % 1'000'000);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  fraction.front() = '.';
  out += fraction;
}

}  // namespace

std::optional<Cell> IntervalFromText(std::string_view text, std::string& arena) {
  if (text == "infinity") return AppendInterval({INT64_MAX, INT32_MAX, INT32_MAX}, arena);
  if (text == "-infinity") return AppendInterval({INT64_MIN, INT32_MIN, INT32_MIN}, arena);
  Interval interval;
  bool any = false;
  for (std::string_view word = TakeWord(text); !word.empty(); word = TakeWord(text)) {
    any = true;
    if (word.find(':') != std::string_view::npos) {
      if (!ParseClock(word, interval.micros) || !TakeWord(text).empty()) return std::nullopt;
      break;
    }
    if (word.front() == '+') word.remove_prefix(1);
    int64_t value = 0;
    if (!TakeNumber(word, value) || !word.empty() || !AddField(TakeWord(text), value, interval)) return std::nullopt;
  }
  if (!any) return std::nullopt;
  return AppendInterval(interval, arena);
}

void AppendIntervalText(std::string_view bytes, std::string& out) {
  CHECK(bytes.size() == 16);
  int64_t micros;
  int32_t days;
  int32_t months;
  std::memcpy(&micros, bytes.data(), 8);
  std::memcpy(&days, bytes.data() + 8, 4);
  std::memcpy(&months, bytes.data() + 12, 4);
  if (micros == INT64_MAX && days == INT32_MAX && months == INT32_MAX) {
    out += "infinity";
    return;
  }
  if (micros == INT64_MIN && days == INT32_MIN && months == INT32_MIN) {
    out += "-infinity";
    return;
  }
  const size_t begin = out.size();
  bool after_negative = false;
  AppendPart(months / 12, "year", after_negative, out, begin);
  AppendPart(months % 12, "mon", after_negative, out, begin);
  AppendPart(days, "day", after_negative, out, begin);
  if (micros == 0 && out.size() != begin) return;
  if (out.size() != begin) out += ' ';
  if (micros < 0) {
    out += '-';
  } else if (after_negative) {
    out += '+';
  }
  AppendClock(micros, out);
}

}  // namespace freshet
