// SPDX-License-Identifier: Apache-2.0
// Goal: the keys of s3(..) in all their spellings mean what Doris users mean by them, and wrong ones are named without
// giving secrets away. Method: properties in, source or message out.
#include <gtest/gtest.h>

#include "sync/s3/object_store.h"

namespace freshet {
namespace {

Result<ObjectSource> Take(Properties properties) {
  return TakeObjectSource(properties, "");
}

std::string Error(Properties properties) {
  const Result<ObjectSource> source = Take(std::move(properties));
  return source.ok() ? "ok" : source.status().message();
}

TEST(ObjectSource, spellings_mean_the_same) {
  const Properties spellings[] = {
      {{"uri", "s3://b/d/*.csv"},
       {"s3.endpoint", "http://127.0.0.1:9000"},
       {"s3.region", "eu-west-1"},
       {"s3.access_key", "ak"},
       {"s3.secret_key", "sk"},
       {"s3.session_token", "t"}},
      {{"URI", "s3://b/d/*.csv"},
       {"AWS_ENDPOINT", "http://127.0.0.1:9000"},
       {"AWS_REGION", "eu-west-1"},
       {"AWS_ACCESS_KEY", "ak"},
       {"AWS_SECRET_KEY", "sk"},
       {"AWS_TOKEN", "t"}},
      {{"uri", "s3a://b/d/*.csv"},
       {"endpoint", "http://127.0.0.1:9000/"},
       {"region", "eu-west-1"},
       {"access_key", "ak"},
       {"secret_key", "sk"},
       {"session_token", "t"},
       {"provider", "S3"},
       {"s3.connection.maximum", "5"}},
      {{"uri", "http://127.0.0.1:9000/b/d/*.csv"},
       {"s3.region", "eu-west-1"},
       {"s3.access_key", "ak"},
       {"s3.secret_key", "sk"},
       {"s3.session_token", "t"},
       {"use_path_style", "true"}},
  };
  for (Properties properties : spellings) {
    properties.emplace_back("format", "csv");
    const std::string first = properties[0].second;
    const Result<ObjectSource> source = TakeObjectSource(properties, "");
    ASSERT_TRUE(source.ok()) << first << ": " << source.status().ToString();
    EXPECT_EQ(source->bucket, "b");
    EXPECT_EQ(source->pattern, "d/*.csv");
    EXPECT_EQ(source->endpoint, "http://127.0.0.1:9000");
    EXPECT_EQ(source->region, "eu-west-1");
    EXPECT_EQ(source->access_key + source->secret_key + source->session_token, "akskt");
    EXPECT_TRUE(source->path_style);  // an address has no host name to put the bucket before
    EXPECT_EQ(properties, (Properties{{"format", "csv"}}));
  }
}

TEST(ObjectSource, endpoint_and_region_complete_each_other) {
  Result<ObjectSource> source = Take({{"uri", "s3://my-bucket/a"}, {"s3.region", "eu-west-1"}});
  ASSERT_TRUE(source.ok());
  EXPECT_EQ(source->endpoint, "https://s3.eu-west-1.amazonaws.com");
  EXPECT_FALSE(source->path_style);
  source = Take({{"uri", "s3://my-bucket/a"}, {"s3.endpoint", "s3.us-west-2.amazonaws.com"}});
  ASSERT_TRUE(source.ok());
  EXPECT_EQ(source->endpoint, "https://s3.us-west-2.amazonaws.com");
  EXPECT_EQ(source->region, "us-west-2");
  source = Take({{"uri", "https://my-bucket.s3.us-west-2.amazonaws.com/d/a.csv"}});
  ASSERT_TRUE(source.ok()) << source.status().ToString();
  EXPECT_EQ(source->bucket, "my-bucket");
  EXPECT_EQ(source->pattern, "d/a.csv");
  EXPECT_EQ(source->region, "us-west-2");
  source = Take({{"uri", "s3://dotted.bucket/a"}, {"s3.endpoint", "https://s3.example.com"}});
  ASSERT_TRUE(source.ok());
  EXPECT_TRUE(source->path_style);  // a wildcard certificate covers one label
}

TEST(ObjectSource, wrong_keys_are_named) {
  EXPECT_EQ(Error({}), "uri is required");
  EXPECT_EQ(Error({{"uri", "s3://b/a"}}), "s3.endpoint is required");
  EXPECT_EQ(Error({{"uri", "ftp://b/a"}, {"s3.region", "r"}}),
            "uri must be s3://bucket/key, https://host/bucket/key or file:/path");
  EXPECT_EQ(Error({{"uri", "s3://b"}, {"s3.region", "r"}}), "uri must name objects: s3://bucket/prefix*");
  EXPECT_EQ(Error({{"uri", "s3:///a"}, {"s3.region", "r"}}), "uri must name its bucket: s3://bucket/key");
  EXPECT_EQ(Error({{"uri", "s3://b/a"}, {"s3.endpoint", "ftp://x"}}),
            "s3.endpoint must be host, host:port or http(s)://host:port");
  EXPECT_EQ(Error({{"uri", "s3://b/a"}, {"s3.region", "r"}, {"use_path_style", "yes"}}),
            "use_path_style must be true or false");
  EXPECT_EQ(Error({{"uri", "s3://b/a"}, {"s3.region", "r"}, {"s3.role_arn", "arn:x"}}),
            "s3.role_arn is not supported: give s3.access_key and s3.secret_key");
  EXPECT_EQ(Error({{"uri", "file:/a"}}), "file: paths are not enabled: start freshet with --file-root DIR");
}

TEST(ObjectSource, messages_hold_no_secrets) {
  for (const Properties& properties : {
           Properties{{"uri", "s3://b/a"}, {"s3.region", "r"}, {"s3.secret_key", "hidden"}},
           Properties{{"uri", "s3://b/a"}, {"s3.region", "r"}, {"s3.secret_key", "hidden\n"}, {"access_key", "k"}},
           Properties{{"uri", "s3://b/a"}, {"s3.secret_key", "hidden"}, {"AWS_SECRET_KEY", "hidden2"}},
       }) {
    const std::string error = Error(properties);
    EXPECT_NE(error, "ok");
    EXPECT_EQ(error.find("hidden"), std::string::npos) << error;
    EXPECT_NE(error.find("s3.secret_key"), std::string::npos) << error;
  }
}

}  // namespace
}  // namespace freshet
