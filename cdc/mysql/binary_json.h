// SPDX-License-Identifier: Apache-2.0
// Binary JSON of MySQL row images -> the text that CAST(column AS CHAR) prints on the server. Not for
// MariaDB, whose JSON columns are text. Pure function; input is untrusted.
//
//   document = type:u8 value
//   type     = 0 small object | 1 large object | 2 small array | 3 large array | 4 literal | 5 int16 |
//              6 uint16 | 7 int32 | 8 uint32 | 9 int64 | 10 uint64 | 11 double | 12 string | 15 opaque
//   object   = count size *key_entry *value_entry keys values      ; count, size, offsets: u16 or u32 (large)
//   array    = count size *value_entry values
//   key_entry   = offset length:u16
//   value_entry = type:u8 (inlined value | offset)                 ; offsets from the object's first byte
//   literal  = 0 null | 1 true | 2 false
//   string   = length bytes ; opaque = column_type:u8 length bytes ; length: 7 bits a byte, low first
// Source: MySQL sql/json_binary.h.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace freshet {

// Nesting that the server accepts; deeper input is corrupt.
inline constexpr int kJsonDepthMax = 100;

// Appends to `out`. kCorrupt for malformed documents; kUnsupported for one whose text would pass
// kJsonTextBytesMax (crafted documents can name the same value many times).
Status AppendJsonText(std::string_view document, std::string& out);

inline constexpr size_t kJsonTextBytesMax = size_t{1} << 30;  // max_allowed_packet's own limit

// A double as the server prints it in JSON: shortest exact digits, exponent from 1e15 on and below 1e-14,
// ".0" for whole numbers.
void AppendJsonDouble(double value, std::string& out);

}  // namespace freshet
