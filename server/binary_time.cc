// SPDX-License-Identifier: Apache-2.0
// BinaryDateTime and BinaryTime of server/result_set.h: MySQL's text forms to the binary protocol's bytes.
#include "server/result_set.h"
#include "server/wire.h"

namespace freshet {
namespace {

constexpr size_t kFractionDigits = 6;

// Reads digits from the front of `text`.
class DigitReader {
 public:
  explicit DigitReader(std::string_view text) : text_(text) {}

  // Between `least` and `most` digits.
  uint32_t Number(size_t least, size_t most) {
    uint32_t number = 0;
    size_t digits = 0;
    while (digits < most && !text_.empty() && text_[0] >= '0' && text_[0] <= '9') {
      number = number * 10 + static_cast<uint32_t>(text_[0] - '0');
      text_.remove_prefix(1);
      ++digits;
    }
    if (digits < least) ok_ = false;
    return number;
  }
  bool Accept(char c) {
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void Expect(char c) {
    if (!Accept(c)) ok_ = false;
  }
  // ".5" is 500000 microseconds; 0 when there is no point.
  uint32_t Microseconds() {
    if (!Accept('.')) return 0;
    const size_t before = text_.size();
    uint32_t number = Number(1, kFractionDigits);
    for (size_t digits = before - text_.size(); digits < kFractionDigits; ++digits) number *= 10;
    return number;
  }
  bool done() const { return ok_ && text_.empty(); }
  bool empty() const { return text_.empty(); }

 private:
  std::string_view text_;
  bool ok_ = true;
};

}  // namespace

std::optional<std::string> BinaryDateTime(std::string_view text) {
  DigitReader reader(text);
  const uint32_t year = reader.Number(4, 4);
  reader.Expect('-');
  const uint32_t month = reader.Number(2, 2);
  reader.Expect('-');
  const uint32_t day = reader.Number(2, 2);
  uint32_t hour = 0, minute = 0, second = 0, microsecond = 0;
  if (!reader.empty()) {
    if (!reader.Accept('T')) reader.Expect(' ');
    hour = reader.Number(2, 2);
    reader.Expect(':');
    minute = reader.Number(2, 2);
    reader.Expect(':');
    second = reader.Number(2, 2);
    microsecond = reader.Microseconds();
  }
  if (!reader.done() || month > 12 || day > 31 || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const bool has_time = (hour | minute | second | microsecond) != 0;
  if (!has_time && (year | month | day) == 0) return std::string(1, '\0');
  std::string out;
  PutUint(out, microsecond != 0 ? 11 : has_time ? 7 : 4, 1);
  PutUint(out, year, 2);
  PutUint(out, month, 1);
  PutUint(out, day, 1);
  if (!has_time) return out;
  PutUint(out, hour, 1);
  PutUint(out, minute, 1);
  PutUint(out, second, 1);
  if (microsecond != 0) PutUint(out, microsecond, 4);
  return out;
}

std::optional<std::string> BinaryTime(std::string_view text) {
  DigitReader reader(text);
  const bool negative = reader.Accept('-');
  const uint32_t hours = reader.Number(2, 7);
  reader.Expect(':');
  const uint32_t minute = reader.Number(2, 2);
  reader.Expect(':');
  const uint32_t second = reader.Number(2, 2);
  const uint32_t microsecond = reader.Microseconds();
  if (!reader.done() || minute > 59 || second > 59) return std::nullopt;
  if ((hours | minute | second | microsecond) == 0) return std::string(1, '\0');
  std::string out;
  PutUint(out, microsecond != 0 ? 12 : 8, 1);
  PutUint(out, negative ? 1 : 0, 1);
  PutUint(out, hours / 24, 4);
  PutUint(out, hours % 24, 1);
  PutUint(out, minute, 1);
  PutUint(out, second, 1);
  if (microsecond != 0) PutUint(out, microsecond, 4);
  return out;
}

}  // namespace freshet
