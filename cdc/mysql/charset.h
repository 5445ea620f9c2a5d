// SPDX-License-Identifier: Apache-2.0
// Charset: bytes in a MySQL character set -> UTF-8, as the server converts for a utf8mb4 client: a byte that
// starts no character, or a character without Unicode value, becomes '?'. Immutable after Make; shared between
// the column plans of one source.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace freshet {

// "latin1_swedish_ci" -> "latin1"; "binary" -> "binary".
std::string CharsetOfCollation(std::string_view collation);

class Charset {
 public:
  // By MySQL's name ("latin1", "gbk", "utf8mb3"). kUnsupported names a set that cannot be converted.
  static Result<std::shared_ptr<const Charset>> Make(std::string_view name);
  ~Charset();

  // True when bytes are UTF-8 already and Append would only copy.
  bool is_utf8() const { return kind_ == Kind::kUtf8; }
  // Appends the text as UTF-8.
  void Append(std::string_view bytes, std::string& out) const;

 private:
  enum class Kind : uint8_t { kUtf8, kSingleByte, kMultiByte, kUtf16Be, kUtf16Le, kUtf32Be };

  Charset() = default;
  void AppendWide(std::string_view bytes, std::string& out) const;
  size_t AppendMultiByte(std::string_view bytes, std::string& out) const;
  Status BuildTables(std::string_view name, const char* iconv_name);

  Kind kind_ = Kind::kUtf8;
  bool ascii_ = true;          // bytes below 0x80 are ASCII
  std::vector<uint32_t> one_;  // code point of each byte; kNoCharacter
  std::vector<uint32_t> two_;  // code point of lead << 8 | trail
  // Characters of three and four bytes: (big-endian code, code point), sorted.
  std::vector<std::pair<uint32_t, uint32_t>> long_;
  std::string name_;
};

// Appends one code point.
void AppendUtf8(uint32_t code_point, std::string& out);

}  // namespace freshet
