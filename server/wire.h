// SPDX-License-Identifier: Apache-2.0
// Values of the MySQL protocol: fixed little-endian integers and length-encoded integers and strings.
// Writers append to a packet's payload, readers take from a ByteCursor and fail with it.
//
//   lenenc-int    := u8 (0x00..0xfa) | 0xfc u16 | 0xfd u24 | 0xfe u64
//   lenenc-string := lenenc-int bytes
//   null in a text row := 0xfb
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/cursor.h"

namespace freshet {

inline constexpr char kNullValueByte = static_cast<char>(0xfb);

// The low `width` bytes of `value`, little-endian.
inline void PutUint(std::string& out, uint64_t value, size_t width) {
  for (size_t i = 0; i < width; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

inline void PutLenencInt(std::string& out, uint64_t value) {
  if (value < 0xfb) {
    PutUint(out, value, 1);
  } else if (value <= 0xffff) {
    out += static_cast<char>(0xfc);
    PutUint(out, value, 2);
  } else if (value <= 0xffffff) {
    out += static_cast<char>(0xfd);
    PutUint(out, value, 3);
  } else {
    out += static_cast<char>(0xfe);
    PutUint(out, value, 8);
  }
}

inline void PutLenencString(std::string& out, std::string_view bytes) {
  PutLenencInt(out, bytes.size());
  out += bytes;
}

// 0xfb (NULL) and 0xff (an error marker) are no integers: the cursor fails.
inline uint64_t TakeLenencInt(ByteCursor& cursor) {
  const uint8_t first = cursor.U8();
  if (first < 0xfb) return first;
  if (first == 0xfc) return cursor.UintLe(2);
  if (first == 0xfd) return cursor.UintLe(3);
  if (first == 0xfe) return cursor.UintLe(8);
  cursor.Fail();
  return 0;
}

inline std::string_view TakeLenencString(ByteCursor& cursor) {
  const uint64_t size = TakeLenencInt(cursor);
  if (size > cursor.remaining()) {
    cursor.Fail();
    return {};
  }
  return cursor.Take(static_cast<size_t>(size));
}

}  // namespace freshet
