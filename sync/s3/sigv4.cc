// SPDX-License-Identifier: Apache-2.0
#include "sync/s3/sigv4.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cstdio>

#include "base/check.h"
#include "cdc/change/calendar.h"

namespace freshet {

namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kEmptyBodySha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string Hex(std::string_view bytes) {
  std::string text;
  for (const unsigned char c : bytes) {
    text += "0123456789abcdef"[c >> 4];
    text += "0123456789abcdef"[c & 15];
  }
  return text;
}

std::string Sha256(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  CHECK(EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr) == 1);
  return {reinterpret_cast<char*>(digest), size};
}

std::string HmacSha256(std::string_view key, std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size) != nullptr);
  return {reinterpret_cast<char*>(digest), size};
}

}  // namespace

std::string UriEncode(std::string_view text, bool keep_slash) {
  std::string out;
  for (const unsigned char c : text) {
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~' || (c == '/' && keep_slash);
    if (plain) {
      out += static_cast<char>(c);
    } else {
      out += '%';
      out += "0123456789ABCDEF"[c >> 4];
      out += "0123456789ABCDEF"[c & 15];
    }
  }
  return out;
}

std::string QueryText(const HttpHeaders& query) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : query) parts.push_back(UriEncode(name, false) + "=" + UriEncode(value, false));
  std::sort(parts.begin(), parts.end());
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : "&") + part;
  return text;
}

std::string AmzDate(int64_t wall_us) {
  const int64_t seconds = wall_us / 1'000'000;
  const int64_t days = seconds / 86400;
  const auto [year, month, day] = CivilFromDays(days);
  const int64_t of_day = seconds % 86400;
  char text[40];
  std::snprintf(text, sizeof(text), "%04d%02d%02dT%02d%02d%02dZ", static_cast<int>(year), static_cast<int>(month),
                static_cast<int>(day), static_cast<int>(of_day / 3600), static_cast<int>(of_day / 60 % 60),
                static_cast<int>(of_day % 60));
  return text;
}

HttpHeaders SignRequest(const S3Request& request, const S3Credentials& credentials, const std::string& region,
                        int64_t wall_us) {
  const std::string time = AmzDate(wall_us);
  const std::string day = time.substr(0, 8);
  HttpHeaders headers{
      {"host", request.host}, {"x-amz-content-sha256", std::string(kEmptyBodySha256)}, {"x-amz-date", time}};
  if (!credentials.session_token.empty()) headers.emplace_back("x-amz-security-token", credentials.session_token);
  std::string canonical = request.method + "\n" + request.path + "\n" + QueryText(request.query) + "\n";
  std::string names;
  for (const auto& [name, value] : headers) {  // sorted by name already
    canonical += name + ":" + value + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  canonical += "\n" + names + "\n" + std::string(kEmptyBodySha256);
  const std::string scope = day + "/" + region + "/s3/aws4_request";
  const std::string to_sign = std::string(kAlgorithm) + "\n" + time + "\n" + scope + "\n" + Hex(Sha256(canonical));
  std::string key = HmacSha256("AWS4" + credentials.secret_key, day);
  for (const std::string& part : {region, std::string("s3"), std::string("aws4_request")}) key = HmacSha256(key, part);
  headers.emplace_back("authorization", std::string(kAlgorithm) + " Credential=" + credentials.access_key + "/" +
                                            scope + ", SignedHeaders=" + names +
                                            ", Signature=" + Hex(HmacSha256(key, to_sign)));
  return headers;
}

}  // namespace freshet
