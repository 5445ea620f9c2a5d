// SPDX-License-Identifier: Apache-2.0
#include "sync/s3/content_md5.h"

#include <openssl/evp.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <vector>

namespace freshet {

namespace {

constexpr size_t kBlockBytes = 1u << 20;
constexpr size_t kDigits = 32;

}  // namespace

bool LooksLikeMd5(std::string_view etag) {
  return etag.size() == kDigits &&
         std::all_of(etag.begin(), etag.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Result<std::string> Md5OfFile(const std::string& path) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  CHECK(digest != nullptr);
  if (EVP_DigestInit_ex(digest.get(), EVP_md5(), nullptr) != 1) {
    return Status(Code::kUnsupported, "this machine's OpenSSL has no MD5");
  }
  std::ifstream file(path, std::ios::binary);
  std::vector<char> block(kBlockBytes);
  while (file) {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    CHECK(EVP_DigestUpdate(digest.get(), block.data(), static_cast<size_t>(file.gcount())) == 1);
  }
  if (!file.eof()) return Status(Code::kLocalIo, "cannot read the local copy");
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  CHECK(EVP_DigestFinal_ex(digest.get(), bytes, &size) == 1);
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += "0123456789abcdef"[bytes[i] >> 4];
    text += "0123456789abcdef"[bytes[i] & 15];
  }
  return text;
}

}  // namespace freshet
