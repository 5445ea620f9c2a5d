// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/charset.h"

#include <iconv.h>

#include <algorithm>
#include <cstring>

namespace freshet {
namespace {

constexpr uint32_t kNoCharacter = UINT32_MAX;
constexpr uint8_t kEucSingleShift3 = 0x8f;  // ujis, eucjpms: starts a character of three bytes

struct CharsetName {
  std::string_view mysql;
  const char* iconv;
  bool multi_byte;
};

// glibc's converter for each of the server's character sets. Sets without an exact counterpart are left out.
constexpr CharsetName kNames[] = {
    {"ascii", "ASCII", false},
    {"latin1", "CP1252", false},
    {"latin2", "ISO-8859-2", false},
    {"latin5", "ISO-8859-9", false},
    {"latin7", "ISO-8859-13", false},
    {"greek", "ISO-8859-7", false},
    {"hebrew", "ISO-8859-8", false},
    {"cp1250", "CP1250", false},
    {"cp1251", "CP1251", false},
    {"cp1256", "CP1256", false},
    {"cp1257", "CP1257", false},
    {"cp850", "CP850", false},
    {"cp852", "CP852", false},
    {"cp866", "CP866", false},
    {"koi8r", "KOI8-R", false},
    {"koi8u", "KOI8-U", false},
    {"tis620", "TIS-620", false},
    {"macroman", "MACINTOSH", false},
    {"macce", "MAC-CENTRALEUROPE", false},
    {"hp8", "HP-ROMAN8", false},
    {"armscii8", "ARMSCII-8", false},
    {"gbk", "GBK", true},
    {"gb2312", "EUC-CN", true},
    {"big5", "BIG5", true},
    {"euckr", "CP949", true},
    {"sjis", "SJIS", true},
    {"cp932", "CP932", true},
    {"ujis", "EUC-JP", true},
    {"eucjpms", "EUC-JP-MS", true},
};

struct Override {
  std::string_view mysql;
  uint8_t byte;
  uint32_t code_point;
};
// Where the server's own tables differ from glibc's.
constexpr Override kOverrides[] = {
    {"latin1", 0x81, 0x81}, {"latin1", 0x8d, 0x8d}, {"latin1", 0x8f, 0x8f},
    {"latin1", 0x90, 0x90}, {"latin1", 0x9d, 0x9d},
};

bool InRange(uint8_t byte, uint8_t low, uint8_t high) {
  return byte >= low && byte <= high;
}

// The server's own test for a two-byte character; what fails it is one bad byte.
bool IsTwoByte(std::string_view name, uint8_t lead, uint8_t trail) {
  if (name == "gbk") return InRange(lead, 0x81, 0xfe) && (InRange(trail, 0x40, 0x7e) || InRange(trail, 0x80, 0xfe));
  if (name == "gb2312") return InRange(lead, 0xa1, 0xf7) && InRange(trail, 0xa1, 0xfe);
  if (name == "big5") return InRange(lead, 0xa1, 0xf9) && (InRange(trail, 0x40, 0x7e) || InRange(trail, 0xa1, 0xfe));
  if (name == "euckr") {
    return InRange(lead, 0x81, 0xfe) &&
           (InRange(trail, 0x41, 0x5a) || InRange(trail, 0x61, 0x7a) || InRange(trail, 0x81, 0xfe));
  }
  if (name == "sjis" || name == "cp932") {
    return (InRange(lead, 0x81, 0x9f) || InRange(lead, 0xe0, 0xfc)) &&
           (InRange(trail, 0x40, 0x7e) || InRange(trail, 0x80, 0xfc));
  }
  // ujis, eucjpms
  if (lead == 0x8e) return InRange(trail, 0xa0, 0xdf);
  return InRange(lead, 0xa1, 0xfe) && InRange(trail, 0xa1, 0xfe);
}

// One converter, closed when it goes out of scope.
class Iconv {
 public:
  explicit Iconv(const char* from) : handle_(iconv_open("UTF-32LE", from)) {}
  ~Iconv() {
    if (ok()) iconv_close(handle_);
  }
  Iconv(const Iconv&) = delete;
  Iconv& operator=(const Iconv&) = delete;
  bool ok() const { return handle_ != reinterpret_cast<iconv_t>(-1); }
  // The code point of exactly one character; kNoCharacter when the bytes are none or several.
  uint32_t Convert(const char* bytes, size_t size) {
    iconv(handle_, nullptr, nullptr, nullptr, nullptr);
    char* in = const_cast<char*>(bytes);
    uint32_t code_points[4];
    char* out = reinterpret_cast<char*>(code_points);
    size_t out_left = sizeof code_points;
    if (iconv(handle_, &in, &size, &out, &out_left) == static_cast<size_t>(-1) || size != 0) return kNoCharacter;
    return out_left == sizeof code_points - sizeof code_points[0] ? code_points[0] : kNoCharacter;
  }

 private:
  iconv_t handle_;
};

size_t AsciiPrefix(std::string_view bytes) {
  size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, 8);
    if ((word & 0x8080808080808080) != 0) break;
  }
  while (at < bytes.size() && static_cast<uint8_t>(bytes[at]) < 0x80) ++at;
  return at;
}

}  // namespace

std::string CharsetOfCollation(std::string_view collation) {
  return std::string(collation.substr(0, collation.find('_')));
}

void AppendUtf8(uint32_t c, std::string& out) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 63));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 63));
    out += static_cast<char>(0x80 | (c & 63));
  } else {
    out += static_cast<char>(0xf0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 63));
    out += static_cast<char>(0x80 | (c >> 6 & 63));
    out += static_cast<char>(0x80 | (c & 63));
  }
}

Charset::~Charset() = default;

Result<std::shared_ptr<const Charset>> Charset::Make(std::string_view name) {
  std::shared_ptr<Charset> charset(new Charset);
  charset->name_ = std::string(name);
  if (name.empty() || name == "utf8mb4" || name == "utf8mb3" || name == "utf8") {
    return std::shared_ptr<const Charset>(std::move(charset));
  }
  charset->ascii_ = false;
  if (name == "ucs2" || name == "utf16") {
    charset->kind_ = Kind::kUtf16Be;
  } else if (name == "utf16le") {
    charset->kind_ = Kind::kUtf16Le;
  } else if (name == "utf32") {
    charset->kind_ = Kind::kUtf32Be;
  } else {
    const auto* known = std::find_if(std::begin(kNames), std::end(kNames), [&](auto& n) { return n.mysql == name; });
    if (known == std::end(kNames)) {
      return Status(Code::kUnsupported,
                    "character set " + std::string(name) + " cannot be converted exactly; alter the column to utf8mb4");
    }
    charset->ascii_ = true;
    charset->kind_ = known->multi_byte ? Kind::kMultiByte : Kind::kSingleByte;
    TRY(charset->BuildTables(name, known->iconv));
  }
  return std::shared_ptr<const Charset>(std::move(charset));
}

Status Charset::BuildTables(std::string_view name, const char* iconv_name) {
  Iconv converter(iconv_name);
  if (!converter.ok()) {
    return Status(Code::kUnsupported, std::string("this system's iconv lacks ") + iconv_name + " (character set " +
                                          std::string(name) + "): install the libc-bin and locales packages");
  }
  one_.assign(256, kNoCharacter);
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    one_[byte] = byte < 0x80 ? byte : converter.Convert(&c, 1);
  }
  for (const Override& entry : kOverrides) {
    if (entry.mysql == name) one_[entry.byte] = entry.code_point;
  }
  if (kind_ != Kind::kMultiByte) return Status::Ok();
  two_.assign(65536, kNoCharacter);
  for (uint32_t code = 0x8000; code < 65536; ++code) {
    const char bytes[2] = {static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
    if (IsTwoByte(name, static_cast<uint8_t>(bytes[0]), static_cast<uint8_t>(bytes[1]))) {
      two_[code] = converter.Convert(bytes, 2);
    }
  }
  if (name != "ujis" && name != "eucjpms") return Status::Ok();
  for (uint32_t code = 0xa1a1; code <= 0xfefe; ++code) {
    const char bytes[3] = {static_cast<char>(kEucSingleShift3), static_cast<char>(code >> 8),
                           static_cast<char>(code & 0xff)};
    if (const uint32_t point = converter.Convert(bytes, 3); point != kNoCharacter) long_.emplace_back(code, point);
  }
  return Status::Ok();
}

void Charset::Append(std::string_view bytes, std::string& out) const {
  if (kind_ == Kind::kUtf8) {
    out.append(bytes);
    return;
  }
  if (!ascii_) {
    AppendWide(bytes, out);
    return;
  }
  while (!bytes.empty()) {
    const size_t ascii = AsciiPrefix(bytes);
    out.append(bytes.substr(0, ascii));
    bytes.remove_prefix(ascii);
    if (bytes.empty()) return;
    if (kind_ == Kind::kSingleByte) {
      const uint32_t point = one_[static_cast<uint8_t>(bytes[0])];
      AppendUtf8(point == kNoCharacter ? '?' : point, out);
      bytes.remove_prefix(1);
    } else {
      bytes.remove_prefix(AppendMultiByte(bytes, out));
    }
  }
}

// Appends one character and returns how many bytes it took.
size_t Charset::AppendMultiByte(std::string_view bytes, std::string& out) const {
  const uint8_t lead = static_cast<uint8_t>(bytes[0]);
  const uint8_t second = bytes.size() > 1 ? static_cast<uint8_t>(bytes[1]) : 0;
  uint32_t point = one_[lead];
  size_t size = 1;
  if (!long_.empty() && lead == kEucSingleShift3) {
    const uint8_t third = bytes.size() > 2 ? static_cast<uint8_t>(bytes[2]) : 0;
    point = kNoCharacter;
    if (InRange(second, 0xa1, 0xfe) && InRange(third, 0xa1, 0xfe)) {
      size = 3;
      const uint32_t code = uint32_t{second} << 8 | third;
      const auto found = std::lower_bound(long_.begin(), long_.end(), std::pair<uint32_t, uint32_t>(code, 0));
      if (found != long_.end() && found->first == code) point = found->second;
    }
  } else if (IsTwoByte(name_, lead, second)) {
    size = 2;
    point = two_[uint32_t{lead} << 8 | second];
  }
  AppendUtf8(point == kNoCharacter ? '?' : point, out);
  return size;
}

void Charset::AppendWide(std::string_view bytes, std::string& out) const {
  const auto byte = [&](size_t i) { return uint32_t{static_cast<uint8_t>(bytes[i])}; };
  const size_t unit = kind_ == Kind::kUtf32Be ? 4 : 2;
  const auto read = [&](size_t i) {
    if (kind_ == Kind::kUtf32Be) return byte(i) << 24 | byte(i + 1) << 16 | byte(i + 2) << 8 | byte(i + 3);
    return kind_ == Kind::kUtf16Be ? byte(i) << 8 | byte(i + 1) : byte(i + 1) << 8 | byte(i);
  };
  size_t at = 0;
  while (at + unit <= bytes.size()) {
    uint32_t point = read(at);
    at += unit;
    if (unit == 2 && point >= 0xd800 && point < 0xdc00 && at + 2 <= bytes.size()) {
      const uint32_t low = read(at);
      if (low >= 0xdc00 && low < 0xe000) {
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        at += 2;
      }
    }
    const bool valid = point < 0x110000 && (point < 0xd800 || point > 0xdfff);
    AppendUtf8(valid ? point : '?', out);
  }
  if (at < bytes.size()) out += '?';
}

}  // namespace freshet
