// SPDX-License-Identifier: Apache-2.0
// Goal: signatures are byte-exact. Method: the two examples of AWS' own documentation, and requests of ours signed
// independently with Python's hmac.
#include "sync/s3/sigv4.h"

#include <gtest/gtest.h>

namespace freshet {
namespace {

constexpr int64_t kMay2013Us = 1369353600'000000;       // 2013-05-24 00:00:00
constexpr int64_t kNovember2026Us = 1795249801'000000;  // 2026-11-21 08:30:01

const S3Credentials kExample{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};

std::string Header(const HttpHeaders& headers, const std::string& name) {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return "(none)";
}

std::string Signature(const HttpHeaders& headers) {
  const std::string text = Header(headers, "authorization");
  return text.substr(text.find("Signature=") + 10);
}

TEST(SigV4, documented_list_request) {
  const S3Request request{"GET", "examplebucket.s3.amazonaws.com", "/", {{"prefix", "J"}, {"max-keys", "2"}}};
  const HttpHeaders headers = SignRequest(request, kExample, "us-east-1", kMay2013Us);
  EXPECT_EQ(Header(headers, "authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
            "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
  EXPECT_EQ(Header(headers, "x-amz-date"), "20130524T000000Z");
}

TEST(SigV4, documented_request_with_an_empty_query_value) {
  const S3Request request{"GET", "examplebucket.s3.amazonaws.com", "/", {{"lifecycle", ""}}};
  EXPECT_EQ(Signature(SignRequest(request, kExample, "us-east-1", kMay2013Us)),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(SigV4, key_of_any_characters_and_session_token) {
  const S3Request request{"GET", "127.0.0.1:9000", "/" + UriEncode("bucket/a b+c/~d=\xC3\xA9/#?.csv", true), {}};
  EXPECT_EQ(request.path, "/bucket/a%20b%2Bc/~d%3D%C3%A9/%23%3F.csv");
  const HttpHeaders headers = SignRequest(request, {"key", "secret", "to/ken=="}, "eu-west-1", kNovember2026Us);
  EXPECT_EQ(Header(headers, "x-amz-security-token"), "to/ken==");
  EXPECT_EQ(Signature(headers), "a692f999f039d4e13cd4218078377adbefcc69a916fd7fa15cbc0cc1ed03571d");
}

TEST(SigV4, query_is_encoded_and_sorted) {
  const S3Request request{
      "HEAD", "b.s3.example:8080", "/x", {{"prefix", "a&b=c/d"}, {"list-type", "2"}, {"continuation-token", "1/+ ="}}};
  EXPECT_EQ(QueryText(request.query), "continuation-token=1%2F%2B%20%3D&list-type=2&prefix=a%26b%3Dc%2Fd");
  EXPECT_EQ(Signature(SignRequest(request, {"key", "s", ""}, "r", kNovember2026Us + 55798'000000)),
            "8d5e125f8226cce3edc61af5b56ec5b0c8d611a04dab7496b94a0a37ee545ee9");
}

}  // namespace
}  // namespace freshet
