// SPDX-License-Identifier: Apache-2.0
// Postgres binary value -> canonical cell: what each type's send function writes, the same in pgoutput with
// binary 'true' and in COPY (FORMAT binary). CellFromBinary and CellFromText (cdc/change/text_cell.h) of one
// value give the same cell.
//
//   bool := 0|1 :1                    int2/4/8 := :2 | :4 | :8         float4/8 := IEEE 754 :4 | :8
//   numeric := ndigits:2 weight:2 sign:2 dscale:2 digit:2*ndigits     base 10000; sign 0, 4000, C000 NaN,
//                                                                     D000 Infinity, F000 -Infinity (hex)
//   date := days since 2000-01-01 :4     timestamp(tz), time := microseconds :8 (timestamps since 2000-01-01)
//   timetz := microseconds:8 seconds_west_of_utc:4        interval := microseconds:8 days:4 months:4
//   uuid := :16     bit, varbit := bits:4 bytes     jsonb := 1 text     text family, json, enum, bytea := bytes
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "cdc/change/cell.h"
#include "ddl/table_schema.h"

namespace freshet {

// False for types that are read in text: arrays and everything kept as its output text.
bool HasBinaryDecoder(const LogicalType& type);

// True when every stored column of the table has one: such a table is read in binary.
bool HasBinaryDecoders(const TableSchema& schema);

// Bytes cells are appended to `arena`. kCorrupt when the bytes are no value of the type.
Result<Cell> CellFromBinary(const LogicalType& type, std::string_view value, std::string& arena);

}  // namespace freshet
