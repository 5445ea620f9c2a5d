// SPDX-License-Identifier: Apache-2.0
// ByteCursor: bounds-checked reader over borrowed bytes. A read past the end sets a sticky failure
// and yields zero or empty; check ok() once after a group of reads. Never allocates.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace freshet {

class ByteCursor {
 public:
  explicit ByteCursor(std::string_view bytes) : next_(bytes.data()), end_(next_ + bytes.size()) {}

  bool ok() const { return ok_; }
  bool done() const { return next_ == end_; }
  size_t remaining() const { return static_cast<size_t>(end_ - next_); }
  const char* position() const { return next_; }

  // Little-endian, `width` bytes (1 to 8).
  uint64_t UintLe(size_t width) {
    if (!Has(width)) return 0;
    uint64_t value = 0;
    std::memcpy(&value, next_, width);  // x86-64 and arm64 are little-endian
    next_ += width;
    return value;
  }
  uint64_t UintBe(size_t width) {
    if (!Has(width)) return 0;
    uint64_t value = 0;
    for (size_t i = 0; i < width; ++i) value = value << 8 | static_cast<uint8_t>(next_[i]);
    next_ += width;
    return value;
  }
  // Sign-extended.
  int64_t IntLe(size_t width) { return SignExtend(UintLe(width), width); }
  int64_t IntBe(size_t width) { return SignExtend(UintBe(width), width); }
  uint8_t U8() { return static_cast<uint8_t>(UintLe(1)); }
  uint16_t U16Le() { return static_cast<uint16_t>(UintLe(2)); }
  uint32_t U32Le() { return static_cast<uint32_t>(UintLe(4)); }
  uint64_t U64Le() { return UintLe(8); }
  uint16_t U16Be() { return static_cast<uint16_t>(UintBe(2)); }
  uint32_t U32Be() { return static_cast<uint32_t>(UintBe(4)); }
  uint64_t U64Be() { return UintBe(8); }

  // View of the next `size` bytes; lives as long as the bytes the cursor was given.
  std::string_view Take(size_t size) {
    if (!Has(size)) return {};
    std::string_view taken(next_, size);
    next_ += size;
    return taken;
  }
  std::string_view TakeRest() { return Take(remaining()); }
  void Skip(size_t size) { (void)Take(size); }
  // Bytes up to a NUL, which is consumed; fails without one.
  std::string_view TakeCString() {
    const void* nul = ok_ ? std::memchr(next_, 0, remaining()) : nullptr;
    if (nul == nullptr) {
      Fail();
      return {};
    }
    std::string_view taken = Take(static_cast<size_t>(static_cast<const char*>(nul) - next_));
    Skip(1);
    return taken;
  }
  void Fail() {
    ok_ = false;
    next_ = end_;
  }

 private:
  bool Has(size_t size) {
    if (remaining() >= size) return true;
    Fail();
    return false;
  }
  static int64_t SignExtend(uint64_t value, size_t width) {
    if (width == 0 || width >= 8) return static_cast<int64_t>(value);
    const uint64_t sign = uint64_t{1} << (width * 8 - 1);
    return static_cast<int64_t>((value ^ sign) - sign);
  }

  const char* next_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace freshet
