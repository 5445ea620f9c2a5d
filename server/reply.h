// SPDX-License-Identifier: Apache-2.0
// Reply payloads that end a command or a result set: OK, ERR, EOF. Pure functions; framing is packet.h's.
//
//   OK  := (0x00 | 0xfe when it ends a result set)  lenenc affected-rows  lenenc last-insert-id
//          u16 status  u16 warnings  [lenenc-string info]
//   ERR := 0xff u16 number '#' sqlstate[5] message
//   EOF := 0xfe u16 warnings u16 status
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/error_code.h"

namespace freshet {

// `info`: what clients print behind "Query OK"; "" nothing.
std::string OkPayload(uint16_t status_flags, uint64_t affected_rows = 0, std::string_view info = {});
std::string ErrPayload(const ServerError& error);
// Before a login the client's capabilities are unknown: without '#' and SQLSTATE.
std::string EarlyErrPayload(const ServerError& error);
std::string EofPayload(uint16_t status_flags);
// What ends rows: an OK with header 0xfe for clients that deprecated EOF, else an EOF.
std::string EndOfRowsPayload(uint16_t status_flags, bool deprecate_eof);

}  // namespace freshet
