// SPDX-License-Identifier: Apache-2.0
#include "cdc/change/text_time.h"

#include <charconv>

#include "base/check.h"
#include "cdc/change/calendar.h"
#include "cdc/change/text_interval.h"

namespace freshet {
namespace {

// Reads left to right; every Take returns false without a value there.
struct Scanner {
  std::string_view rest;

  bool TakeChar(char wanted) {
    if (rest.empty() || rest.front() != wanted) return false;
    rest.remove_prefix(1);
    return true;
  }
  bool TakeDigits(size_t least, size_t most, int64_t& value) {
    size_t count = 0;
    value = 0;
    while (count < most && count < rest.size() && rest[count] >= '0' && rest[count] <= '9') {
      value = value * 10 + (rest[count++] - '0');
    }
    rest.remove_prefix(count);
    return count >= least;
  }
  bool TakeSuffix(std::string_view suffix) {
    if (!rest.ends_with(suffix)) return false;
    rest.remove_suffix(suffix.size());
    return true;
  }
};

// ".123" -> microseconds; digits beyond `precision` must be zeros. No point is no fraction.
bool TakeFraction(Scanner& text, unsigned precision, int64_t& micros) {
  micros = 0;
  if (!text.TakeChar('.')) return true;
  int64_t unit = kMicrosPerSecond;
  unsigned place = 0;
  while (!text.rest.empty() && text.rest.front() >= '0' && text.rest.front() <= '9') {
    const int digit = text.rest.front() - '0';
    if (place++ >= precision && digit != 0) return false;
    unit /= 10;
    micros += digit * unit;
    text.rest.remove_prefix(1);
  }
  return place > 0;
}

// "HH:MM:SS[.f]" -> microseconds; hours are checked by the caller.
bool TakeClock(Scanner& text, unsigned precision, int64_t& micros) {
  int64_t hours = 0, minutes = 0, seconds = 0, fraction = 0;
  if (!text.TakeDigits(2, 3, hours) || !text.TakeChar(':') || !text.TakeDigits(2, 2, minutes) || !text.TakeChar(':') ||
      !text.TakeDigits(2, 2, seconds) || !TakeFraction(text, precision, fraction)) {
    return false;
  }
  micros = ((hours * 60 + minutes) * 60 + seconds) * kMicrosPerSecond + fraction;
  return minutes < 60 && seconds < 60;
}

// "+HH[:MM[:SS]]" -> microseconds east of UTC. Nothing there is UTC.
bool TakeOffset(Scanner& text, int64_t& micros) {
  micros = 0;
  if (text.rest.empty()) return true;
  if (text.TakeChar('Z')) return text.rest.empty();
  const bool west = text.rest.front() == '-';
  if (!west && text.rest.front() != '+') return false;
  text.rest.remove_prefix(1);
  int64_t hours = 0, minutes = 0, seconds = 0;
  if (!text.TakeDigits(2, 2, hours)) return false;
  if (text.TakeChar(':') && !text.TakeDigits(2, 2, minutes)) return false;
  if (text.TakeChar(':') && !text.TakeDigits(2, 2, seconds)) return false;
  micros = ((hours * 60 + minutes) * 60 + seconds) * kMicrosPerSecond;
  if (west) micros = -micros;
  return text.rest.empty() && minutes < 60 && seconds < 60;
}

struct DateFields {
  int64_t year = 0, month = 0, day = 0;
  bool before_christ = false;
  // MySQL keeps dates that the calendar lacks; year 0 is one of them, as the Gregorian year 0 prints as 1 BC.
  bool IsReal() const {
    return year != 0 && day >= 1 && day <= DaysInMonth(before_christ ? 1 - year : year, static_cast<uint32_t>(month));
  }
  int64_t Days() const {
    return DaysFromCivil({before_christ ? 1 - year : year, static_cast<uint32_t>(month), static_cast<uint32_t>(day)});
  }
};

bool TakeDate(Scanner& text, DateFields& date) {
  date.before_christ = text.TakeSuffix(" BC");
  return text.TakeDigits(4, 7, date.year) && text.TakeChar('-') && text.TakeDigits(2, 2, date.month) &&
         text.TakeChar('-') && text.TakeDigits(2, 2, date.day) && date.month <= 12 && date.day <= 31 &&
         (date.year != 0 || !date.before_christ);
}

void AppendPadded(uint64_t value, size_t width, std::string& out) {
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof(digits), value);
  CHECK(error == std::errc());
  const size_t size = static_cast<size_t>(end - digits);
  if (size < width) out.append(width - size, '0');
  out.append(digits, size);
}

void AppendDate(int64_t year, int64_t month, int64_t day, std::string& out) {
  AppendPadded(static_cast<uint64_t>(year), 4, out);
  out += '-';
  AppendPadded(static_cast<uint64_t>(month), 2, out);
  out += '-';
  AppendPadded(static_cast<uint64_t>(day), 2, out);
}

// `micros` not negative. Exactly `precision` fraction digits.
void AppendClock(int64_t micros, unsigned precision, std::string& out) {
  const int64_t seconds = micros / kMicrosPerSecond;
  AppendPadded(static_cast<uint64_t>(seconds / 3600), 2, out);
  out += ':';
  AppendPadded(static_cast<uint64_t>(seconds / 60 % 60), 2, out);
  out += ':';
  AppendPadded(static_cast<uint64_t>(seconds % 60), 2, out);
  if (precision == 0) return;
  int64_t fraction = micros % kMicrosPerSecond;
  for (unsigned place = precision; place < 6; ++place) fraction /= 10;
  out += '.';
  AppendPadded(static_cast<uint64_t>(fraction), precision, out);
}

Cell AppendEscape(size_t begin, const std::string& arena) {
  return {begin, static_cast<uint32_t>(arena.size() - begin), CellKind::kBytes};
}

std::optional<Cell> DateCell(std::string_view text, std::string& arena) {
  Scanner scanner{text};
  DateFields date;
  if (!TakeDate(scanner, date) || !scanner.rest.empty()) return std::nullopt;
  if (date.IsReal()) return Cell::Int(date.Days());
  if (date.before_christ) return std::nullopt;
  const size_t begin = arena.size();
  AppendDate(date.year, date.month, date.day, arena);
  return AppendEscape(begin, arena);
}

// Splits microseconds since the epoch, any sign, into whole days and microseconds of the day.
void AppendDayAndClock(int64_t days, int64_t clock, unsigned precision, std::string& out) {
  const CivilDate date = CivilFromDays(days);
  AppendDate(date.year > 0 ? date.year : 1 - date.year, date.month, date.day, out);
  out += ' ';
  AppendClock(clock, precision, out);
  if (date.year <= 0) out += " BC";
}

std::optional<Cell> DateTimeCell(const LogicalType& type, std::string_view text, std::string& arena) {
  Scanner scanner{text};
  DateFields date;
  int64_t clock = 0, offset = 0;
  if (!TakeDate(scanner, date)) return std::nullopt;
  // MySQL takes a date alone as a DATETIME literal.
  if (!scanner.rest.empty()) {
    if (!scanner.TakeChar(' ') && !scanner.TakeChar('T')) return std::nullopt;
    if (!TakeClock(scanner, type.precision, clock) || clock >= kMicrosPerDay) return std::nullopt;
  }
  if (type.kind == TypeKind::kTimestamp && !TakeOffset(scanner, offset)) return std::nullopt;
  if (!scanner.rest.empty()) return std::nullopt;
  const size_t begin = arena.size();
  if (!date.IsReal()) {
    if (date.before_christ || offset != 0) return std::nullopt;
    AppendDate(date.year, date.month, date.day, arena);
    arena += ' ';
    AppendClock(clock, type.precision, arena);
    return AppendEscape(begin, arena);
  }
  int64_t days = date.Days();
  clock -= offset;
  while (clock < 0) clock += kMicrosPerDay, --days;
  while (clock >= kMicrosPerDay) clock -= kMicrosPerDay, ++days;
  int64_t micros = 0;
  if (!__builtin_mul_overflow(days, kMicrosPerDay, &micros) && !__builtin_add_overflow(micros, clock, &micros) &&
      micros < kPositiveInfinity && micros > kNegativeInfinity) {
    return Cell::Int(micros);
  }
  AppendDayAndClock(days, clock, type.precision, arena);
  return AppendEscape(begin, arena);
}

std::optional<Cell> TimeCell(const LogicalType& type, std::string_view text) {
  Scanner scanner{text};
  const bool negative = type.kind == TypeKind::kTimeSpan && scanner.TakeChar('-');
  int64_t micros = 0;
  if (!TakeClock(scanner, type.precision, micros) || !scanner.rest.empty()) return std::nullopt;
  constexpr int64_t kTimeSpanMax = 839 * 3600 * kMicrosPerSecond - 1;  // 838:59:59.999999
  if (micros > (type.kind == TypeKind::kTimeSpan ? kTimeSpanMax : kMicrosPerDay)) return std::nullopt;
  return Cell::Int(negative ? -micros : micros);
}

}  // namespace

std::optional<Cell> TemporalFromText(const LogicalType& type, std::string_view text, std::string& arena) {
  if (type.kind == TypeKind::kInterval) return IntervalFromText(text, arena);
  if (type.kind == TypeKind::kTimeOfDay || type.kind == TypeKind::kTimeSpan) return TimeCell(type, text);
  if (text == "infinity") return Cell::Int(kPositiveInfinity);
  if (text == "-infinity") return Cell::Int(kNegativeInfinity);
  return type.kind == TypeKind::kDate ? DateCell(text, arena) : DateTimeCell(type, text, arena);
}

void AppendTemporalText(const LogicalType& type, int64_t value, std::string& out) {
  if (type.kind == TypeKind::kTimeOfDay || type.kind == TypeKind::kTimeSpan) {
    if (value < 0) out += '-';
    return AppendClock(value < 0 ? -value : value, type.precision, out);
  }
  if (value == kPositiveInfinity || value == kNegativeInfinity) {
    out += value < 0 ? "-infinity" : "infinity";
    return;
  }
  if (type.kind == TypeKind::kDate) {
    const CivilDate date = CivilFromDays(value);
    AppendDate(date.year > 0 ? date.year : 1 - date.year, date.month, date.day, out);
    if (date.year <= 0) out += " BC";
    return;
  }
  int64_t days = value / kMicrosPerDay;
  int64_t clock = value % kMicrosPerDay;
  if (clock < 0) clock += kMicrosPerDay, --days;
  AppendDayAndClock(days, clock, type.precision, out);
}

}  // namespace freshet
