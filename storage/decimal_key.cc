// SPDX-License-Identifier: Apache-2.0
// Grammar:
//
//   decimal key := 0x01 ordered string            -- text in no server's spelling of a number
//                | 0x02                           -- -Infinity
//                | 0x03 exponent' digits' scale   -- below zero: -exponent, each digits byte complemented
//                | 0x04 scale                     -- zero
//                | 0x05 exponent digits scale     -- above zero
//                | 0x06                           -- Infinity
//                | 0x07                           -- NaN (Postgres sorts it last)
//   exponent    := ordered int    -- the value is 0.d1d2d3... * 10^exponent, d1 is not 0
//   digits      := (pair + 1)* 0x00               -- two digits a byte, an odd last one with a 0 behind it
//   scale       := ordered int    -- fraction digits of the text: tells 1.5 from 1.50, after the value
#include "storage/decimal_key.h"

#include <algorithm>
#include <cstdint>

#include "storage/ordered_bytes.h"

namespace freshet {
namespace {

// Never renumber.
constexpr char kOtherText = 1;
constexpr char kNegativeInfinity = 2;
constexpr char kNegative = 3;
constexpr char kZero = 4;
constexpr char kPositive = 5;
constexpr char kInfinity = 6;
constexpr char kNan = 7;

// Postgres NUMERIC has at most 131072 digits before and 16383 after the point; more is no number of ours.
constexpr int64_t kDigitsMax = 200'000;

struct Number {
  bool negative = false;
  std::string digits;  // without leading and trailing zeros
  int64_t exponent = 0;
  int64_t scale = 0;
};

bool AllDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// False unless `text` is exactly what AppendText prints for some Number.
bool Parse(std::string_view text, Number& number) {
  number.negative = text.starts_with('-');
  if (number.negative) text.remove_prefix(1);
  const size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  if (whole.empty() || (whole.size() > 1 && whole[0] == '0') || !AllDigits(whole) || !AllDigits(fraction)) return false;
  if (point != std::string_view::npos && fraction.empty()) return false;
  if (static_cast<int64_t>(text.size()) > kDigitsMax) return false;
  number.scale = static_cast<int64_t>(fraction.size());
  number.digits = std::string(whole).append(fraction);
  const size_t first = number.digits.find_first_not_of('0');
  if (first == std::string::npos) {
    number.digits.clear();
    return !number.negative;  // "-0" is nobody's spelling
  }
  number.exponent = static_cast<int64_t>(whole.size()) - static_cast<int64_t>(first);
  number.digits = number.digits.substr(first, number.digits.find_last_not_of('0') + 1 - first);
  return true;
}

void AppendDigits(std::string_view digits, bool complement, std::string& out) {
  const uint8_t flip = complement ? 0xFF : 0;
  for (size_t i = 0; i < digits.size(); i += 2) {
    const int low = i + 1 < digits.size() ? digits[i + 1] - '0' : 0;
    const int pair = (digits[i] - '0') * 10 + low;
    out.push_back(static_cast<char>(static_cast<uint8_t>(pair + 1) ^ flip));
  }
  out.push_back(static_cast<char>(flip));
}

void TakeDigits(ByteCursor& cursor, bool complement, std::string& digits) {
  const uint8_t flip = complement ? 0xFF : 0;
  while (true) {
    const int pair = static_cast<uint8_t>(cursor.U8() ^ flip) - 1;
    if (!cursor.ok() || pair < 0) return;
    if (pair > 99) return cursor.Fail();
    digits.push_back(static_cast<char>('0' + pair / 10));
    digits.push_back(static_cast<char>('0' + pair % 10));
  }
}

void AppendText(const Number& number, std::string& text) {
  const auto digit = [&](int64_t index) {
    return index >= 0 && index < static_cast<int64_t>(number.digits.size()) ? number.digits[static_cast<size_t>(index)]
                                                                            : '0';
  };
  if (number.negative) text.push_back('-');
  if (number.exponent <= 0) text.push_back('0');
  for (int64_t i = 0; i < number.exponent; ++i) text.push_back(digit(i));
  if (number.scale > 0) text.push_back('.');
  for (int64_t i = 0; i < number.scale; ++i) text.push_back(digit(number.exponent + i));
}

}  // namespace

void AppendDecimalKey(std::string_view text, std::string& out) {
  if (text == "NaN") return out.push_back(kNan);
  if (text == "Infinity") return out.push_back(kInfinity);
  if (text == "-Infinity") return out.push_back(kNegativeInfinity);
  Number number;
  if (!Parse(text, number)) {
    out.push_back(kOtherText);
    return AppendOrderedString(text, out);
  }
  if (number.digits.empty()) {
    out.push_back(kZero);
  } else {
    out.push_back(number.negative ? kNegative : kPositive);
    AppendOrderedInt(number.negative ? -number.exponent : number.exponent, out);
    AppendDigits(number.digits, number.negative, out);
  }
  AppendOrderedInt(number.scale, out);
}

Status DecodeDecimalKey(ByteCursor& cursor, std::string& text) {
  const char tag = static_cast<char>(cursor.U8());
  Number number;
  switch (tag) {
    case kNan: text.append("NaN"); break;
    case kInfinity: text.append("Infinity"); break;
    case kNegativeInfinity: text.append("-Infinity"); break;
    case kOtherText: TakeOrderedString(cursor, text); break;
    case kZero:
    case kNegative:
    case kPositive:
      number.negative = tag == kNegative;
      if (tag != kZero) {
        number.exponent = number.negative ? -TakeOrderedInt(cursor) : TakeOrderedInt(cursor);
        TakeDigits(cursor, number.negative, number.digits);
      }
      number.scale = TakeOrderedInt(cursor);
      if (number.scale < 0 || number.scale > kDigitsMax || number.exponent > kDigitsMax) cursor.Fail();
      if (number.exponent < -kDigitsMax) cursor.Fail();
      if (cursor.ok()) AppendText(number, text);
      break;
    default: cursor.Fail();
  }
  return cursor.ok() ? Status::Ok() : Status(Code::kCorrupt, "decimal in a row key does not parse");
}

}  // namespace freshet
