// SPDX-License-Identifier: Apache-2.0
#include "sync/s3/s3_answer.h"

#include <expat.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "cdc/change/calendar.h"
#include "sql/token.h"

namespace freshet {

namespace {

constexpr size_t kDepthMax = 16;
constexpr size_t kShownMessageBytes = 400;

// An element that ended: its path ("ListBucketResult/Contents/Key") and its text.
using OnElement = std::function<void(const std::string& path, const std::string& text)>;

struct Document {
  const OnElement& on_element;
  XML_Parser parser;
  std::vector<std::string> path;
  std::string text;
};

void OnStart(void* user, const XML_Char* name, const XML_Char**) {
  auto& document = *static_cast<Document*>(user);
  const std::string_view full(name);
  const size_t colon = full.rfind(':');
  document.path.emplace_back(colon == std::string_view::npos ? full : full.substr(colon + 1));
  document.text.clear();
  if (document.path.size() > kDepthMax) XML_StopParser(document.parser, XML_FALSE);
}

void OnEnd(void* user, const XML_Char*) {
  auto& document = *static_cast<Document*>(user);
  std::string path;
  for (const std::string& part : document.path) path += (path.empty() ? "" : "/") + part;
  document.on_element(path, document.text);
  document.path.pop_back();
  document.text.clear();
}

void OnText(void* user, const XML_Char* text, int size) {
  static_cast<Document*>(user)->text.append(text, static_cast<size_t>(size));
}

// False when `xml` is not well-formed.
bool ParseXml(std::string_view xml, const OnElement& on_element) {
  const XML_Parser parser = XML_ParserCreate(nullptr);
  CHECK(parser != nullptr);
  Document document{on_element, parser, {}, {}};
  XML_SetUserData(parser, &document);
  XML_SetElementHandler(parser, OnStart, OnEnd);
  XML_SetCharacterDataHandler(parser, OnText);
  const bool parsed = XML_Parse(parser, xml.data(), static_cast<int>(xml.size()), XML_TRUE) == XML_STATUS_OK;
  XML_ParserFree(parser);
  return parsed;
}

std::string UrlDecode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    uint8_t byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr == text.data() + i + 3) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

// The first line, shortened, of printable characters: it goes into messages and logs.
std::string Shown(std::string text) {
  text.resize(std::min({text.size(), text.find('\n'), kShownMessageBytes}));
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  return text;
}

Code CodeOf(int status, const std::string& code) {
  for (std::string_view region : {"AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect",
                                  "IllegalLocationConstraintException"}) {
    if (code == region) return Code::kInvalid;
  }
  for (std::string_view busy : {"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "Throttling"}) {
    if (code == busy) return Code::kUnavailable;
  }
  for (std::string_view login : {"ExpiredToken", "InvalidToken", "TokenRefreshRequired", "InvalidAccessKeyId",
                                 "SignatureDoesNotMatch", "XAdminUserNotFound"}) {  // the last is versitygw's, with 404
    if (code == login) return Code::kAuth;
  }
  switch (status) {
    case 401:
    case 403: return Code::kAuth;
    case 404: return Code::kNotFound;
    case 412:
    case 416: return Code::kConflict;  // another object, or a shorter one
    case 408:
    case 429: return Code::kUnavailable;
    default: return status >= 500 ? Code::kUnavailable : Code::kInvalid;
  }
}

constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";

}  // namespace

bool IsWeakEtag(std::string_view text) {
  return text.starts_with("W/");
}

std::string BareEtag(std::string_view text) {
  if (IsWeakEtag(text)) text.remove_prefix(2);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  return std::string(text);
}

int64_t ParseHttpDate(std::string_view text) {
  if (text.size() < 25 || text[3] != ',') return 0;
  const auto number = [&](size_t at, size_t size) {
    int value = -1;
    std::from_chars(text.data() + at, text.data() + at + size, value);
    return value;
  };
  const size_t month = kMonths.find(text.substr(8, 3));
  const int day = number(5, 2);
  const int year = number(12, 4);
  if (month == std::string_view::npos || day < 1 || year < 1970) return 0;
  const int64_t days = DaysFromCivil({year, static_cast<uint32_t>(month / 3 + 1), static_cast<uint32_t>(day)});
  return ((days * 24 + number(17, 2)) * 60 + number(20, 2)) * 60 + number(23, 2);
}

int64_t ParseS3Time(std::string_view text) {
  int parts[6] = {};
  constexpr size_t kPlaces[6] = {0, 5, 8, 11, 14, 17};
  if (text.size() < 19 || text[4] != '-' || text[10] != 'T') return 0;
  for (size_t i = 0; i < 6; ++i) {
    const char* begin = text.data() + kPlaces[i];
    const char* end = begin + (i == 0 ? 4 : 2);
    if (std::from_chars(begin, end, parts[i]).ptr != end) return 0;
  }
  if (parts[1] < 1 || parts[1] > 12) return 0;
  const int64_t days = DaysFromCivil({parts[0], static_cast<uint32_t>(parts[1]), static_cast<uint32_t>(parts[2])});
  int64_t us = (((days * 24 + parts[3]) * 60 + parts[4]) * 60 + parts[5]) * 1'000'000;
  int64_t unit = 100'000;
  for (size_t i = 20; text.size() > 20 && text[19] == '.' && i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
    us += (text[i] - '0') * unit;
    unit /= 10;
  }
  return us;
}

Result<S3Page> ParseS3Page(std::string_view xml) {
  S3Page page;
  ObjectInfo object;
  bool is_page = false;
  bool encoded = false;
  const bool parsed = ParseXml(xml, [&](const std::string& path, const std::string& text) {
    constexpr std::string_view kRoot = "ListBucketResult";
    if (!path.starts_with(kRoot)) return;
    is_page = is_page || path == kRoot;
    const std::string_view name = std::string_view(path).substr(std::min(path.size(), kRoot.size() + 1));
    if (name == "Contents/Key") object.key = text;
    if (name == "Contents/ETag") {
      object.etag = BareEtag(text);
      object.weak_etag = IsWeakEtag(text);
    }
    if (name == "Contents/LastModified") object.modified_us = ParseS3Time(text);
    if (name == "Contents/Size") std::from_chars(text.data(), text.data() + text.size(), object.size);
    if (name == "Contents") page.objects.push_back(std::exchange(object, ObjectInfo{}));
    if (name == "IsTruncated") page.truncated = EqualsIgnoreCase(text, "true");
    if (name == "NextContinuationToken") page.next_token = text;
    if (name == "EncodingType") encoded = EqualsIgnoreCase(text, "url");
  });
  if (!parsed || !is_page) return Status(Code::kInvalid, "the endpoint does not answer as S3 does: no list of objects");
  for (ObjectInfo& listed : page.objects) {
    if (encoded) listed.key = UrlDecode(listed.key);
  }
  if (page.truncated && page.next_token.empty()) {
    return Status(Code::kInvalid, "the endpoint does not answer as S3 does: a cut list without a token");
  }
  return page;
}

Status S3Error(const HttpAnswer& answer, std::string_view body, const std::string& region, int64_t wall_us) {
  std::map<std::string, std::string> parts;
  ParseXml(body, [&](const std::string& path, const std::string& text) {
    if (path.starts_with("Error/")) parts[path.substr(6)] = text;
  });
  const std::string code = Shown(parts["Code"]);
  std::string text = code.empty() ? "HTTP status " + std::to_string(answer.status) : code;
  if (!parts["Message"].empty()) text += ": " + Shown(parts["Message"]);
  std::string right_region = Shown(answer.header("x-amz-bucket-region"));
  if (right_region.empty()) right_region = Shown(parts["Region"]);
  const Code kind = CodeOf(answer.status, code);
  const bool redirect = answer.status >= 300 && answer.status < 400;
  if ((kind == Code::kInvalid || redirect) && !right_region.empty() && right_region != region) {
    text += "; the bucket is in region " + right_region + ", s3.region is " + region;
  } else if (redirect) {
    text += "; the bucket is served by another endpoint" +
            (parts["Endpoint"].empty() ? "" : ": " + Shown(parts["Endpoint"])) + ", set s3.endpoint and s3.region";
  }
  const int64_t server_s = ParseHttpDate(answer.header("date"));
  if (code == "RequestTimeTooSkewed" && server_s != 0) {
    text += "; the clock here is " + std::to_string(wall_us / 1'000'000 - server_s) + " s ahead of the server's";
  }
  return Status(redirect ? Code::kInvalid : kind, text);
}

}  // namespace freshet
