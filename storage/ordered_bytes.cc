// SPDX-License-Identifier: Apache-2.0
#include "storage/ordered_bytes.h"

#include <bit>
#include <cstring>

namespace freshet {
namespace {

constexpr char kStringEscape = '\xFF';
constexpr char kStringEnd = '\x01';

size_t BytesOf(uint64_t magnitude) {
  return (static_cast<size_t>(std::bit_width(magnitude)) + 7) / 8;
}

void AppendMagnitude(uint8_t marker, uint64_t bits, size_t width, std::string& out) {
  char bytes[1 + kOrderedIntBytesMax];
  bytes[0] = static_cast<char>(marker);
  const uint64_t big_endian = width == 0 ? 0 : __builtin_bswap64(bits << (64 - 8 * width));
  std::memcpy(bytes + 1, &big_endian, sizeof(big_endian));
  out.append(bytes, 1 + width);
}

uint64_t LowMask(size_t width) {
  return width == 8 ? UINT64_MAX : (uint64_t{1} << (8 * width)) - 1;
}

}  // namespace

void AppendOrderedUint(uint64_t value, std::string& out) {
  const size_t width = BytesOf(value);
  AppendMagnitude(static_cast<uint8_t>(kOrderedZero + width), value, width, out);
}

void AppendOrderedInt(int64_t value, std::string& out) {
  if (value >= 0) return AppendOrderedUint(static_cast<uint64_t>(value), out);
  const uint64_t magnitude = uint64_t{0} - static_cast<uint64_t>(value);
  const size_t width = BytesOf(magnitude);
  AppendMagnitude(static_cast<uint8_t>(kOrderedZero - width), ~magnitude & LowMask(width), width, out);
}

bool IsOrderedInt(uint8_t marker) {
  return marker >= kOrderedZero - kOrderedIntBytesMax && marker <= kOrderedZero + kOrderedIntBytesMax;
}

uint64_t TakeOrderedUint(ByteCursor& cursor) {
  const uint8_t marker = cursor.U8();
  if (!IsOrderedInt(marker) || marker < kOrderedZero) {
    cursor.Fail();
    return 0;
  }
  return cursor.UintBe(marker - kOrderedZero);
}

int64_t TakeOrderedInt(ByteCursor& cursor) {
  const uint8_t marker = cursor.U8();
  if (!IsOrderedInt(marker)) {
    cursor.Fail();
    return 0;
  }
  if (marker >= kOrderedZero) {
    const uint64_t value = cursor.UintBe(marker - kOrderedZero);
    if (value > static_cast<uint64_t>(INT64_MAX)) cursor.Fail();
    return static_cast<int64_t>(value);
  }
  const size_t width = kOrderedZero - marker;
  const uint64_t magnitude = ~cursor.UintBe(width) & LowMask(width);
  if (magnitude > uint64_t{1} << 63) cursor.Fail();
  return static_cast<int64_t>(uint64_t{0} - magnitude);
}

void AppendOrderedString(std::string_view value, std::string& out) {
  while (!value.empty()) {
    const void* nul = std::memchr(value.data(), 0, value.size());
    if (nul == nullptr) break;
    const size_t size = static_cast<size_t>(static_cast<const char*>(nul) - value.data()) + 1;
    out.append(value.data(), size);
    out.push_back(kStringEscape);
    value.remove_prefix(size);
  }
  out.append(value);
  out.push_back('\0');
  out.push_back(kStringEnd);
}

void TakeOrderedString(ByteCursor& cursor, std::string& out) {
  while (true) {
    out.append(cursor.TakeCString());
    const char next = static_cast<char>(cursor.U8());
    if (!cursor.ok() || next == kStringEnd) return;
    if (next != kStringEscape) return cursor.Fail();
    out.push_back('\0');
  }
}

}  // namespace freshet
