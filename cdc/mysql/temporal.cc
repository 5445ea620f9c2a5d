// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/temporal.h"

#include <cstdio>

#include "cdc/change/calendar.h"

namespace freshet {
namespace {

constexpr int64_t kSecondsPerDay = 86'400;
constexpr size_t kFractionDigitsMax = 6;

// Exactly `digits` decimal digits at text[at]; -1 when one is not a digit or the text ends.
int32_t Digits(std::string_view text, size_t at, size_t digits) {
  if (at + digits > text.size()) return -1;
  int32_t value = 0;
  for (size_t i = at; i < at + digits; ++i) {
    const uint32_t digit = static_cast<uint8_t>(text[i]) - uint32_t{'0'};
    if (digit > 9) return -1;
    value = value * 10 + static_cast<int32_t>(digit);
  }
  return value;
}

// ".5" -> 500000; "" -> 0; -1 when malformed.
int32_t FractionMicros(std::string_view text) {
  if (text.empty()) return 0;
  const size_t digits = text.size() - 1;
  if (text[0] != '.' || digits == 0 || digits > kFractionDigitsMax) return -1;
  int32_t micros = Digits(text, 1, digits);
  for (size_t i = digits; i < kFractionDigitsMax && micros >= 0; ++i) micros *= 10;
  return micros;
}

bool ParseDateParts(std::string_view text, MysqlDateTime* value) {
  if (text.size() < 10 || text[4] != '-' || text[7] != '-') return false;
  const int32_t year = Digits(text, 0, 4);
  const int32_t month = Digits(text, 5, 2);
  const int32_t day = Digits(text, 8, 2);
  if (year < 0 || month < 0 || day < 0) return false;
  value->year = static_cast<uint32_t>(year);
  value->month = static_cast<uint32_t>(month);
  value->day = static_cast<uint32_t>(day);
  return true;
}

Cell EscapedDateTime(const MysqlDateTime& value, uint16_t precision, RowBatch& batch) {
  char text[64];
  int length = std::snprintf(text, sizeof text, "%04u-%02u-%02u %02u:%02u:%02u", value.year, value.month, value.day,
                             value.hour, value.minute, value.second);
  if (precision > 0) {
    const int fraction = std::snprintf(text + length, sizeof text - static_cast<size_t>(length), ".%06u", value.micro);
    length += fraction - static_cast<int>(kFractionDigitsMax - precision);
  }
  return batch.AppendBytes({text, static_cast<size_t>(length)});
}

int64_t SecondsOfDay(const MysqlDateTime& value) {
  return int64_t{value.hour} * 3600 + int64_t{value.minute} * 60 + value.second;
}

}  // namespace

bool IsCalendarDate(uint32_t year, uint32_t month, uint32_t day) {
  return day >= 1 && day <= DaysInMonth(year, month);
}

Cell DateCell(uint32_t year, uint32_t month, uint32_t day, RowBatch& batch) {
  if (IsCalendarDate(year, month, day)) return Cell::Int(DaysFromCivil({year, month, day}));
  char text[32];
  const int length = std::snprintf(text, sizeof text, "%04u-%02u-%02u", year, month, day);
  return batch.AppendBytes({text, static_cast<size_t>(length)});
}

Cell DateTimeCell(const MysqlDateTime& value, uint16_t precision, RowBatch& batch) {
  if (!IsCalendarDate(value.year, value.month, value.day)) return EscapedDateTime(value, precision, batch);
  const int64_t days = DaysFromCivil({value.year, value.month, value.day});
  return Cell::Int((days * kSecondsPerDay + SecondsOfDay(value)) * kMicrosPerSecond + value.micro);
}

Cell ZeroTimestampCell(uint16_t precision, RowBatch& batch) {
  return EscapedDateTime({}, precision, batch);
}

Cell TimestampCell(int64_t seconds, uint32_t micro, uint16_t precision, RowBatch& batch) {
  if (seconds == 0 && micro == 0) return ZeroTimestampCell(precision, batch);
  return Cell::Int(seconds * kMicrosPerSecond + micro);
}

bool ParseDateText(std::string_view text, RowBatch& batch, Cell* cell) {
  MysqlDateTime value;
  if (text.size() != 10 || !ParseDateParts(text, &value)) return false;
  *cell = DateCell(value.year, value.month, value.day, batch);
  return true;
}

bool ParseDateTimeText(std::string_view text, uint16_t precision, bool timestamp, RowBatch& batch, Cell* cell) {
  MysqlDateTime value;
  if (text.size() < 19 || !ParseDateParts(text, &value)) return false;
  if (text[10] != ' ' || text[13] != ':' || text[16] != ':') return false;
  const int32_t hour = Digits(text, 11, 2);
  const int32_t minute = Digits(text, 14, 2);
  const int32_t second = Digits(text, 17, 2);
  const int32_t micro = FractionMicros(text.substr(19));
  if (hour < 0 || minute < 0 || second < 0 || micro < 0) return false;
  value.hour = static_cast<uint32_t>(hour);
  value.minute = static_cast<uint32_t>(minute);
  value.second = static_cast<uint32_t>(second);
  value.micro = static_cast<uint32_t>(micro);
  if (timestamp && value.year == 0) {
    *cell = ZeroTimestampCell(precision, batch);
  } else {
    *cell = DateTimeCell(value, precision, batch);
  }
  return true;
}

bool ParseTimeText(std::string_view text, Cell* cell) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon < 2 || colon > 3 || text.size() < colon + 6) return false;
  if (text[colon + 3] != ':') return false;
  const int32_t hour = Digits(text, 0, colon);
  const int32_t minute = Digits(text, colon + 1, 2);
  const int32_t second = Digits(text, colon + 4, 2);
  const int32_t micro = FractionMicros(text.substr(colon + 6));
  if (hour < 0 || minute < 0 || second < 0 || micro < 0) return false;
  const int64_t micros = (int64_t{hour} * 3600 + minute * 60 + second) * kMicrosPerSecond + micro;
  *cell = Cell::Int(negative ? -micros : micros);
  return true;
}

MysqlDateTime UnpackDateTime(uint64_t packed_seconds, uint32_t micro) {
  const uint64_t days = packed_seconds >> 17;
  const uint64_t year_month = days >> 5;
  MysqlDateTime value;
  value.year = static_cast<uint32_t>(year_month / 13);
  value.month = static_cast<uint32_t>(year_month % 13);
  value.day = static_cast<uint32_t>(days & 31);
  value.hour = static_cast<uint32_t>(packed_seconds >> 12 & 31);
  value.minute = static_cast<uint32_t>(packed_seconds >> 6 & 63);
  value.second = static_cast<uint32_t>(packed_seconds & 63);
  value.micro = micro;
  return value;
}

}  // namespace freshet
