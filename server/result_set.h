// SPDX-License-Identifier: Apache-2.0
// Result sets as payloads: column definitions, text rows, binary rows. Pure functions; who sends them is
// mysql_session.h.
//
//   column     := lenenc "def" database table org-table name org-name  lenenc-int 0x0c  u16 charset
//                 u32 length  u8 type  u16 flags  u8 decimals  u16 0
//   text row   := (lenenc-string | 0xfb)*
//   binary row := 0x00  null-bitmap[(columns + 9) / 8], bit i + 2 for column i  value*
//   value      := TINY u8 | SHORT u16 | LONG u32 | LONGLONG u64 | FLOAT f32 | DOUBLE f64 | lenenc-string
//              |  DATE.. u8 0|4|7|11: u16 year u8 month u8 day [u8 hour u8 minute u8 second [u32 microsecond]]
//              |  TIME  u8 0|8|12: u8 negative u32 days u8 hour u8 minute u8 second [u32 microsecond]
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "server/protocol.h"
#include "sql/engine.h"

namespace freshet {

using RowValues = std::vector<std::optional<std::string_view>>;

protocol::ColumnType WireType(ResultType type);
std::string ColumnPayload(const ResultColumn& column);
// The answer to COM_FIELD_LIST adds a (NULL) default.
std::string FieldListPayload(const ResultColumn& column);
std::string TextRowPayload(const RowValues& row);
// kUnsupported names the column when its text has no binary form (an infinite date): an error, never a
// different value.
Result<std::string> BinaryRowPayload(const std::vector<ResultColumn>& columns, const RowValues& row);

// "2024-02-29 12:00:00.5" as DATE/DATETIME bytes; nullopt when it is not such a text. Exposed for tests.
std::optional<std::string> BinaryDateTime(std::string_view text);
// "-838:59:59.000001" as TIME bytes.
std::optional<std::string> BinaryTime(std::string_view text);

}  // namespace freshet
