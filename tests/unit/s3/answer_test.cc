// SPDX-License-Identifier: Apache-2.0
// Goal: what S3 servers answer is understood as it is meant: keys of any characters, pages, and each way of saying no.
// Method: documents as servers send them.
#include "sync/s3/s3_answer.h"

#include <gtest/gtest.h>

namespace freshet {
namespace {

constexpr const char* kPage = R"(<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix>d/</Prefix>
<IsTruncated>true</IsTruncated><NextContinuationToken>1+/=&amp;x</NextContinuationToken><EncodingType>url</EncodingType>
<Contents><Key>d/a%20b%2Bc+d%0A%E2%82%AC.csv</Key><LastModified>2026-11-21T08:30:01.250Z</LastModified>
<ETag>&quot;9b2cf535f27731c974343645a3985328&quot;</ETag><Size>5000000000</Size><Owner><ID>x</ID></Owner></Contents>
<Contents><Key>d/z</Key><LastModified>2026-11-21T08:30:01Z</LastModified><ETag>"e-2"</ETag><Size>0</Size></Contents>
<CommonPrefixes><Prefix>d/e/</Prefix></CommonPrefixes></ListBucketResult>)";

HttpAnswer Answer(int status, std::map<std::string, std::string> headers = {}) {
  HttpAnswer answer;
  answer.status = status;
  answer.headers = std::move(headers);
  return answer;
}

std::string ErrorXml(const std::string& code, const std::string& message, const std::string& more = "") {
  return "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>" + message + "</Message>" + more +
         "</Error>";
}

TEST(S3Answer, page_with_encoded_keys) {
  const Result<S3Page> page = ParseS3Page(kPage);
  ASSERT_TRUE(page.ok()) << page.status().ToString();
  EXPECT_TRUE(page->truncated);
  EXPECT_EQ(page->next_token, "1+/=&x");
  ASSERT_EQ(page->objects.size(), 2u);
  EXPECT_EQ(page->objects[0].key, "d/a b+c d\n\xE2\x82\xAC.csv");
  EXPECT_EQ(page->objects[0].etag, "9b2cf535f27731c974343645a3985328");
  EXPECT_EQ(page->objects[0].size, 5'000'000'000u);
  EXPECT_EQ(page->objects[0].modified_us, 1795249801'250000);
  EXPECT_EQ(page->objects[1].key, "d/z");
  EXPECT_EQ(page->objects[1].modified_us, 1795249801'000000);
}

TEST(S3Answer, keys_are_taken_as_they_are_without_an_encoding) {
  const Result<S3Page> page = ParseS3Page(
      "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a%20b+c &lt;&amp;&gt;</Key><Size>1</Size>"
      "</Contents></ListBucketResult>");
  ASSERT_TRUE(page.ok());
  EXPECT_FALSE(page->truncated);
  EXPECT_EQ(page->objects.at(0).key, "a%20b+c <&>");
}

TEST(S3Answer, another_server_than_s3_is_an_error) {
  for (const char* text : {"<html><body>It works!</body></html>", "", "{}", "<ListBucketResult><Contents>",
                           "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"}) {
    EXPECT_EQ(ParseS3Page(text).code(), Code::kInvalid) << text;
  }
}

TEST(S3Answer, entities_do_not_blow_up) {
  std::string bomb = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\">";
  for (char c = 'b'; c < 'n'; ++c) {
    bomb += std::string("<!ENTITY ") + c + " \"";
    for (int i = 0; i < 10; ++i) bomb += std::string("&") + static_cast<char>(c - 1) + ";";
    bomb += "\">";
  }
  EXPECT_EQ(ParseS3Page(bomb + "]><ListBucketResult>&m;</ListBucketResult>").code(), Code::kInvalid);
}

TEST(S3Answer, errors_have_codes_and_say_what_the_server_said) {
  struct Case {
    int status;
    const char* code;
    Code expected;
  };
  const Case cases[] = {
      {403, "SignatureDoesNotMatch", Code::kAuth},  {403, "InvalidAccessKeyId", Code::kAuth},
      {403, "AccessDenied", Code::kAuth},           {400, "ExpiredToken", Code::kAuth},
      {404, "NoSuchBucket", Code::kNotFound},       {404, "NoSuchKey", Code::kNotFound},
      {412, "PreconditionFailed", Code::kConflict}, {416, "InvalidRange", Code::kConflict},
      {503, "SlowDown", Code::kUnavailable},        {500, "InternalError", Code::kUnavailable},
      {400, "RequestTimeout", Code::kUnavailable},  {400, "InvalidArgument", Code::kInvalid},
  };
  for (const Case& c : cases) {
    const Status status = S3Error(Answer(c.status), ErrorXml(c.code, "what went wrong"), "us-east-1", 0);
    EXPECT_EQ(status.code(), c.expected) << c.code;
    EXPECT_EQ(status.message(), std::string(c.code) + ": what went wrong");
  }
  EXPECT_EQ(S3Error(Answer(503), "<html>Busy</html>", "us-east-1", 0).message(), "HTTP status 503");
  EXPECT_EQ(S3Error(Answer(403), "", "us-east-1", 0).code(), Code::kAuth);
}

TEST(S3Answer, wrong_region_names_the_right_one) {
  const Status moved = S3Error(Answer(301, {{"x-amz-bucket-region", "eu-west-1"}}),
                               ErrorXml("PermanentRedirect", "must be addressed elsewhere"), "us-east-1", 0);
  EXPECT_EQ(moved.code(), Code::kInvalid);
  EXPECT_NE(moved.message().find("the bucket is in region eu-west-1, s3.region is us-east-1"), std::string::npos);
  const Status malformed =
      S3Error(Answer(400), ErrorXml("AuthorizationHeaderMalformed", "wrong", "<Region>eu-north-1</Region>"), "r", 0);
  EXPECT_EQ(malformed.code(), Code::kInvalid);
  EXPECT_NE(malformed.message().find("region eu-north-1"), std::string::npos);
  const Status elsewhere =
      S3Error(Answer(307), ErrorXml("TemporaryRedirect", "go", "<Endpoint>b.s3.x.com</Endpoint>"), "r", 0);
  EXPECT_EQ(elsewhere.code(), Code::kInvalid);
  EXPECT_NE(elsewhere.message().find("b.s3.x.com"), std::string::npos);
}

TEST(S3Answer, a_wrong_clock_is_measured) {
  const Status status = S3Error(Answer(403, {{"date", "Sat, 21 Nov 2026 08:30:01 GMT"}}),
                                ErrorXml("RequestTimeTooSkewed", "too far"), "r", 1795249801'000000 + 3600'000000);
  EXPECT_EQ(status.code(), Code::kAuth);
  EXPECT_NE(status.message().find("the clock here is 3600 s ahead"), std::string::npos) << status.message();
}

TEST(S3Answer, messages_are_one_line_of_printable_characters) {
  const Status status = S3Error(Answer(400), ErrorXml("Bad", "first\nsecond" + std::string(1000, 'x')), "r", 0);
  EXPECT_EQ(status.message(), "Bad: first");
}

}  // namespace
}  // namespace freshet
