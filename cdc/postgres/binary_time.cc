// SPDX-License-Identifier: Apache-2.0
#include "cdc/postgres/binary_time.h"

#include <chrono>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "base/cursor.h"
#include "cdc/change/text_cell.h"

namespace freshet {
namespace {

constexpr int64_t kEpochDays = 10957;  // 1970-01-01 to 2000-01-01
constexpr int64_t kDayUs = 86'400'000'000;
constexpr int64_t kEpochUs = kEpochDays * kDayUs;
// timetz offsets are below 16 hours either way; the server refuses more.
constexpr int32_t kZoneSecondsMax = 16 * 3600;

Status Corrupt(const char* type) {
  return Status(Code::kCorrupt, std::string("binary value is no ") + type);
}

// "HH:MM:SS[.ffffff]" without trailing zeros, as the server prints it. Returns the length.
int PrintTime(int64_t us, char* out, size_t size) {
  int length = std::snprintf(out, size, "%02d:%02d:%02d", static_cast<int>(us / 3'600'000'000),
                             static_cast<int>(us / 60'000'000 % 60), static_cast<int>(us / 1'000'000 % 60));
  if (us % 1'000'000 != 0) {
    length +=
        std::snprintf(out + length, size - static_cast<size_t>(length), ".%06d", static_cast<int>(us % 1'000'000));
    while (out[length - 1] == '0') --length;
    out[length] = 0;
  }
  return length;
}

Result<Cell> FarTimestamp(const LogicalType& type, int64_t since_2000, std::string& arena) {
  // Only called for the last years before 294277: plain division is right, the date is positive. The library's
  // year is 16 bits wide, so the date is moved back by whole 400-year cycles (146097 days each).
  constexpr int64_t kCycles = 700;
  const int64_t days = since_2000 / kDayUs + kEpochDays - kCycles * 146097;
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  char time[24];
  PrintTime(since_2000 % kDayUs, time, sizeof(time));
  char text[64];
  const int length = std::snprintf(text, sizeof(text), "%" PRId64 "-%02u-%02u %s%s",
                                   static_cast<int64_t>(static_cast<int>(date.year())) + kCycles * int64_t{400},
                                   static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time,
                                   type.kind == TypeKind::kTimestamp ? "+00" : "");
  return CellFromText(type, {text, static_cast<size_t>(length)}, arena);
}

}  // namespace

Result<Cell> DateFromBinary(const LogicalType&, std::string_view value, std::string&) {
  if (value.size() != 4) return Corrupt("date");
  const int64_t days = ByteCursor(value).IntBe(4);
  if (days == std::numeric_limits<int32_t>::max()) return Cell::Int(kPositiveInfinity);
  if (days == std::numeric_limits<int32_t>::min()) return Cell::Int(kNegativeInfinity);
  return Cell::Int(days + kEpochDays);
}

Result<Cell> TimeFromBinary(std::string_view value) {
  const int64_t us = value.size() == 8 ? ByteCursor(value).IntBe(8) : -1;
  if (us < 0 || us > kDayUs) return Corrupt("time");
  return Cell::Int(us);
}

Result<Cell> TimeTzFromBinary(std::string_view value, std::string& arena) {
  ByteCursor in(value);
  const int64_t us = in.IntBe(8);
  const int32_t west = static_cast<int32_t>(in.IntBe(4));
  if (!in.ok() || !in.done() || us < 0 || us > kDayUs || west <= -kZoneSecondsMax || west >= kZoneSecondsMax) {
    return Corrupt("timetz");
  }
  char text[48];
  size_t length = static_cast<size_t>(PrintTime(us, text, 24));
  const int zone = std::abs(west);
  length += static_cast<size_t>(
      std::snprintf(text + length, sizeof(text) - length, "%c%02d", west <= 0 ? '+' : '-', zone / 3600));
  if (zone % 3600 != 0) {
    length += static_cast<size_t>(std::snprintf(text + length, sizeof(text) - length, ":%02d", zone / 60 % 60));
  }
  if (zone % 60 != 0) {
    length += static_cast<size_t>(std::snprintf(text + length, sizeof(text) - length, ":%02d", zone % 60));
  }
  const Cell cell{arena.size(), static_cast<uint32_t>(length), CellKind::kBytes};
  arena.append(text, length);
  return cell;
}

Result<Cell> TimestampFromBinary(const LogicalType& type, std::string_view value, std::string& arena) {
  if (value.size() != 8) return Corrupt("timestamp");
  const int64_t since_2000 = ByteCursor(value).IntBe(8);
  if (since_2000 == std::numeric_limits<int64_t>::max()) return Cell::Int(kPositiveInfinity);
  if (since_2000 == std::numeric_limits<int64_t>::min()) return Cell::Int(kNegativeInfinity);
  if (since_2000 >= kPositiveInfinity - kEpochUs) return FarTimestamp(type, since_2000, arena);
  return Cell::Int(since_2000 + kEpochUs);
}

}  // namespace freshet
