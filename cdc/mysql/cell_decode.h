// SPDX-License-Identifier: Apache-2.0
// One column value of a row image -> canonical cell. A ColumnPlan is worked out once per table map and schema
// version (column_plan.h); DecodeCell and SkipCell are the hot path: no allocation but arena growth, no virtual
// call. Reader thread only.
//
// Value forms, little-endian unless said otherwise:
//   integers     1, 2, 3, 4, 8 bytes            FLOAT, DOUBLE  IEEE, 4 and 8 bytes
//   DECIMAL      decimal.h                      DATE           u24 = year:15 month:4 day:5
//   TIME2        big-endian u24 ^ 0x800000 = hour:10 minute:6 second:6, then the fraction; negative values
//                are the two's complement of all bytes together
//   DATETIME2    big-endian u40 (temporal.h), then the fraction
//   TIMESTAMP2   big-endian u32 seconds, then the fraction
//   fraction     (digits + 1) / 2 bytes, big-endian, in units of 10^-2, 10^-4, 10^-6
//   old TIME     i24 HHMMSS; old DATETIME u64 YYYYMMDDHHMMSS; old TIMESTAMP u32 seconds
//   YEAR         u8, 1900 + n, 0 is 0           BIT            big-endian, (n + 7) / 8 bytes
//   ENUM         u8 or u16, from 1; 0 is ''     SET            1 to 8 bytes, one bit per label
//   strings, BLOB, JSON                         length (1 to 4 bytes), bytes
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "cdc/change/row_batch.h"
#include "cdc/mysql/charset.h"

namespace freshet {

enum class WireForm : uint8_t {
  kInt,   // size_bytes 1..8, sign-extended
  kUint,  // size_bytes 1..8
  kFloat,
  kDouble,
  kDecimalInt,  // size_bytes, precision, scale
  kDecimalText,
  kDate,
  kTime2,  // precision; size_bytes of all
  kDateTime2,
  kTimestamp2,
  kOldTime,
  kOldDateTime,
  kOldTimestamp,
  kYear,
  kBit,   // size_bytes
  kEnum,  // size_bytes, labels
  kSet,
  kText,            // length prefix of size_bytes; UTF-8 already
  kTranscodedText,  // length prefix; charset
  kCharText,        // as kTranscodedText, trailing spaces cut (CHAR(n))
  kBytes,           // length prefix
  kPaddedBytes,     // length prefix; padded with NULs to `length` (BINARY(n), UUID)
  kInet6,           // length prefix; 16 bytes padded, printed as the server prints INET6
  kInet4,
  kJson,  // length prefix; binary JSON
};

struct ColumnPlan {
  WireForm form = WireForm::kInt;
  uint8_t size_bytes = 0;  // of the value, or of the length prefix (see WireForm)
  bool excluded = false;   // stepped over; its cell is NULL
  uint16_t precision = 0;
  uint16_t scale = 0;
  uint32_t length = 0;
  const Labels* labels = nullptr;    // of the schema that the plan was made for
  const Charset* charset = nullptr;  // owned by the source's charset cache
};

// True when the value's bytes start with a length prefix of plan.size_bytes.
inline bool HasLengthPrefix(WireForm form) {
  return form >= WireForm::kText;
}

// Bytes of the value at `at`, with its length prefix; SIZE_MAX when it would pass `end`.
inline size_t ValueBytes(const ColumnPlan& plan, const char* at, const char* end) {
  const size_t left = static_cast<size_t>(end - at);
  size_t size = plan.size_bytes;
  if (left < size) return SIZE_MAX;
  if (HasLengthPrefix(plan.form)) {
    uint32_t length = 0;
    std::memcpy(&length, at, plan.size_bytes);
    size += length;
  }
  return size <= left ? size : SIZE_MAX;
}

// `value` is exactly ValueBytes long, length prefix included. False when the bytes are no value of the column.
bool DecodeCell(const ColumnPlan& plan, std::string_view value, RowBatch& batch, Cell* cell);

}  // namespace freshet
