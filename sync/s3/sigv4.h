// SPDX-License-Identifier: Apache-2.0
// SigV4: the headers that sign an S3 request, version 4 of AWS' scheme ("AWS4-HMAC-SHA256" over headers; the body of
// our requests is empty). Pure: time and keys are given. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace freshet {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct S3Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // "": none
};

struct S3Request {
  std::string method;  // GET, HEAD
  std::string host;    // as in the Host header
  std::string path;    // encoded: begins with '/'
  HttpHeaders query;   // names and values, not encoded, in any order
};

// Host, X-Amz-Date, X-Amz-Content-Sha256, X-Amz-Security-Token and Authorization of `request`, sent at `wall_us`.
HttpHeaders SignRequest(const S3Request& request, const S3Credentials& credentials, const std::string& region,
                        int64_t wall_us);

// "a%20b": everything but unreserved characters, '/' kept if asked.
std::string UriEncode(std::string_view text, bool keep_slash);
// Sorted and encoded, "a=1&b=": what is signed and what is sent.
std::string QueryText(const HttpHeaders& query);
// "20261121T083000Z"
std::string AmzDate(int64_t wall_us);

}  // namespace freshet
