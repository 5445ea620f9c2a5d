// SPDX-License-Identifier: Apache-2.0
// Varint: an unsigned number in as few bytes as hold it: 7 bits a byte, lowest first, the high bit set on all but the
// last. A brick of row values (value_codec.cc, row_owner.cc). No state; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/cursor.h"

namespace freshet {

inline size_t VarintBytes(uint64_t value) {
  size_t bytes = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++bytes;
  }
  return bytes;
}

inline void AppendVarint(uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

// The cursor fails when the bytes end, or hold more than 64 bits.
inline uint64_t TakeVarint(ByteCursor& cursor) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const uint8_t byte = cursor.U8();
    value |= uint64_t{byte & 0x7FU} << shift;
    if ((byte & 0x80) == 0) return value;
  }
  cursor.Fail();
  return 0;
}

}  // namespace freshet
