// SPDX-License-Identifier: Apache-2.0
// Integers and strings as bytes whose bytewise order is the values' order. The bricks of row keys
// (key_codec.cc, decimal_key.cc). No state; any thread.
//
//   ordered int := marker magnitude     -- marker 0x14 is zero; 0x14 + n: positive, n big-endian bytes;
//                                       --   0x14 - n: negative, n bytes of the complement. n is 1 to 8 and
//                                       --   the least that holds the magnitude: any width reads as any other.
//   ordered string := (byte but 0x00 | 0x00 0xFF)* 0x00 0x01
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/cursor.h"

namespace freshet {

inline constexpr uint8_t kOrderedZero = 0x14;
inline constexpr size_t kOrderedIntBytesMax = 8;
// Below every ordered int's marker: an escape, an ordered string, follows.
inline constexpr uint8_t kOrderedEscape = 0x01;

void AppendOrderedUint(uint64_t value, std::string& out);
void AppendOrderedInt(int64_t value, std::string& out);
// True for the next byte being an ordered int's marker.
bool IsOrderedInt(uint8_t marker);
// The cursor fails when the bytes are no ordered int or do not fit the result.
uint64_t TakeOrderedUint(ByteCursor& cursor);
int64_t TakeOrderedInt(ByteCursor& cursor);

void AppendOrderedString(std::string_view value, std::string& out);
// Appends the string to `out`; the cursor fails when it is not terminated.
void TakeOrderedString(ByteCursor& cursor, std::string& out);

}  // namespace freshet
