// SPDX-License-Identifier: Apache-2.0
// MySQL date and time values -> canonical cells. One set of constructors for the log and for scans, so that
// both give the same cell; zero, partial and impossible dates (ALLOW_INVALID_DATES) become the escape text of
// ddl/type.h. The packed forms of the log are decoded in cell_decode. Pure functions.
#pragma once

#include <cstdint>
#include <string_view>

#include "cdc/change/row_batch.h"

namespace freshet {

struct MysqlDateTime {
  uint32_t year = 0;
  uint32_t month = 0;
  uint32_t day = 0;
  uint32_t hour = 0;
  uint32_t minute = 0;
  uint32_t second = 0;
  uint32_t micro = 0;
};

// A date of the calendar: month 1 to 12, day within the month.
bool IsCalendarDate(uint32_t year, uint32_t month, uint32_t day);

Cell DateCell(uint32_t year, uint32_t month, uint32_t day, RowBatch& batch);
// DATETIME: `precision` fraction digits are printed when the value escapes.
Cell DateTimeCell(const MysqlDateTime& value, uint16_t precision, RowBatch& batch);
// TIMESTAMP of 0 seconds is MySQL's zero date.
Cell TimestampCell(int64_t seconds, uint32_t micro, uint16_t precision, RowBatch& batch);
Cell ZeroTimestampCell(uint16_t precision, RowBatch& batch);

// Result-set texts: "2024-02-29", "2024-02-29 10:11:12.5", "-838:59:59.000000". False when malformed.
bool ParseDateText(std::string_view text, RowBatch& batch, Cell* cell);
bool ParseDateTimeText(std::string_view text, uint16_t precision, bool timestamp, RowBatch& batch, Cell* cell);
bool ParseTimeText(std::string_view text, Cell* cell);

// Packed forms as in row images, big-endian with the sign bit set for positive values:
//   DATETIME  = year_month:17 (year * 13 + month) day:5 hour:5 minute:6 second:6, 40 bits with the sign
//   the same value << 24 | micro is what binary JSON holds, little-endian
MysqlDateTime UnpackDateTime(uint64_t packed_seconds, uint32_t micro);

}  // namespace freshet
