// SPDX-License-Identifier: Apache-2.0
// Properties of CREATE JOB and ALTER JOB: values, defaults and the messages that clients match.
#include <gtest/gtest.h>

#include "sync/jdbc_url.h"
#include "sync/job_options.h"

namespace freshet {
namespace {

Properties Mysql(Properties more = {}) {
  Properties all = {{"jdbc_url", "jdbc:mysql://db.example:3307/x?useSSL=false"},
                    {"driver_url", "mysql.jar"},
                    {"driver_class", "com.mysql.cj.jdbc.Driver"},
                    {"user", "root"},
                    {"password", "secret"},
                    {"database", "shop"}};
  for (auto& property : more) {
    auto same = std::find_if(all.begin(), all.end(), [&](const auto& p) { return p.first == property.first; });
    if (same != all.end()) {
      same->second = property.second;
    } else {
      all.push_back(property);
    }
  }
  return all;
}
Properties Postgres(Properties more = {}) {
  Properties all = {{"jdbc_url", "jdbc:postgresql://127.0.0.1:5433/shop"},
                    {"user", "u"},
                    {"password", ""},
                    {"database", "shop"},
                    {"schema", "public"}};
  for (auto& property : more) {
    auto same = std::find_if(all.begin(), all.end(), [&](const auto& p) { return p.first == property.first; });
    if (same != all.end()) {
      same->second = property.second;
    } else {
      all.push_back(property);
    }
  }
  return all;
}
Properties Without(Properties properties, const std::string& key) {
  std::erase_if(properties, [&](const auto& property) { return property.first == key; });
  return properties;
}

std::string ErrorOf(SourceKind kind, const Properties& source, const Properties& job = {},
                    const Properties& target = {}) {
  const Result<ParsedJob> parsed = ParseJob(kind, job, source, target);
  return parsed.ok() ? "ok" : parsed.status().message();
}
std::string MysqlError(Properties more) {
  return ErrorOf(SourceKind::kMysql, Mysql(std::move(more)));
}
std::string PostgresError(Properties more) {
  return ErrorOf(SourceKind::kPostgres, Postgres(std::move(more)));
}

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST(JobOptions, DefaultsAreTheDocumentedOnes) {
  const Result<ParsedJob> parsed = ParseJob(SourceKind::kMysql, {}, Mysql(), {});
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_EQ(parsed->options.offset, OffsetMode::kInitial);
  EXPECT_EQ(parsed->options.snapshot_split_size, 8096);
  EXPECT_EQ(parsed->options.snapshot_parallelism, 4);
  EXPECT_EQ(parsed->options.max_interval_s, 10);
  EXPECT_EQ(parsed->options.schema_change, SchemaChangeBehavior::kEvolve);
  EXPECT_EQ(parsed->source.host, "db.example");
  EXPECT_EQ(parsed->source.port, 3307);
  EXPECT_EQ(parsed->source.schemas, std::vector<std::string>{"shop"});
  EXPECT_EQ(parsed->source.ssl_mode, "disable");
}

TEST(JobOptions, RequiredPropertiesAreNamed) {
  for (const std::string key : {"jdbc_url", "user", "password", "database"}) {
    EXPECT_EQ(ErrorOf(SourceKind::kMysql, Without(Mysql(), key)),
              key == "database" ? "ok" : key + " is required property");  // the URL names a database
  }
  EXPECT_EQ(MysqlError({{"jdbc_url", "jdbc:mysql://h:1"}, {"database", ""}}), "database is required property");
  EXPECT_EQ(ErrorOf(SourceKind::kPostgres, Without(Postgres(), "schema")), "schema is required");
}

TEST(JobOptions, DriverPropertiesMayBeLeftOut) {
  EXPECT_EQ(ErrorOf(SourceKind::kMysql, Without(Without(Mysql(), "driver_url"), "driver_class")), "ok");
}

TEST(JobOptions, MalformedSourcePropertiesGetTheKnownMessages) {
  EXPECT_HAS(MysqlError({{"nonsense", "1"}}), "Unexpected key: 'nonsense'");
  EXPECT_HAS(MysqlError({{"offset", "initial1"}}), "Invalid value for key 'offset': initial1");
  EXPECT_HAS(PostgresError({{"offset", "earliest"}}), "Invalid value for key 'offset': earliest");
  EXPECT_HAS(PostgresError({{"offset", R"({"file":"b.1","pos":"4"})"}}), "Invalid value for key 'offset'");
  EXPECT_HAS(MysqlError({{"ssl_mode", "Require"}}), "Use disable, require, or verify-ca.");
  EXPECT_HAS(MysqlError({{"ssl_mode", "verify-ca"}}), "ssl_mode 'verify-ca' requires ssl_rootcert to be set");
  EXPECT_HAS(MysqlError({{"ssl_mode", "verify-ca"}, {"ssl_rootcert", "ca.pem"}}), "should start with FILE:");
  EXPECT_EQ(MysqlError({{"ssl_mode", "verify-ca"}, {"ssl_rootcert", "/etc/ca.pem"}}), "ok");
  EXPECT_HAS(MysqlError({{"snapshot_split_size", "0"}}), "Use a positive integer.");
  EXPECT_HAS(MysqlError({{"snapshot_split_size", "12x"}}), "Use a positive integer.");
  EXPECT_HAS(MysqlError({{"snapshot_parallelism", "-1"}}), "Use a positive integer.");
  EXPECT_HAS(MysqlError({{"skip_snapshot_backfill", "TRUE"}}), "Use true or false.");
  EXPECT_HAS(MysqlError({{"schema_change_behavior", "x"}}), "Invalid value for key 'schema_change_behavior': x");
  EXPECT_HAS(PostgresError({{"slot_name", "1bad"}}), "Must match [a-z_][a-z0-9_]* (max 63 characters).");
  EXPECT_HAS(PostgresError({{"publication_name", "Bad"}}), "Must match");
  EXPECT_HAS(PostgresError({{"database", std::string(64, 'd')}}), "is 64 bytes, exceeding 63");
  EXPECT_HAS(MysqlError({{"jdbc_url", "jdbc:oracle://h:1"}}), "Failed to parse db type from jdbcUrl");
  EXPECT_HAS(MysqlError({{"jdbc_url", "jdbc:postgresql://h:1/d"}}), "Failed to parse db type from jdbcUrl");
}

TEST(JobOptions, ServerIdRangeMustBeWideEnough) {
  EXPECT_HAS(MysqlError({{"server_id", "5400-5401"}, {"snapshot_parallelism", "3"}}),
             "server_id range size 2 must be >= snapshot_parallelism 3. Widen the range");
  EXPECT_HAS(MysqlError({{"server_id", "abc"}}), "Expected a single value (e.g. '5400') or range");
  EXPECT_HAS(MysqlError({{"server_id", "0"}}), "Expected a single value");
  EXPECT_HAS(MysqlError({{"server_id", "9-5"}}), "Expected a single value");
  EXPECT_EQ(MysqlError({{"server_id", "5400-5408"}}), "ok");
  EXPECT_EQ(MysqlError({{"server_id", "5400"}}), "ok");
}

TEST(JobOptions, PerTableKeys) {
  EXPECT_HAS(MysqlError({{"table.a", "x"}}),
             "Malformed per-table config key: 'table.a'. Expected format: table.<tableName>.<suffix>");
  EXPECT_HAS(MysqlError({{"table.a.b.c", "x"}}), "Malformed per-table config key");
  EXPECT_HAS(MysqlError({{"table.a.what", "x"}}), "Unknown per-table config key: 'table.a.what'");
  EXPECT_HAS(MysqlError({{"table.a.target_table", ""}}), "must not be empty");
  EXPECT_EQ(MysqlError({{"table.a.target_table", "x"}, {"table.b.target_table", "x"}}), "ok");
  const Result<ParsedJob> parsed = ParseJob(
      SourceKind::kMysql, {}, Mysql({{"table.a.target_table", "b"}, {"table.x\\.y.exclude_columns", "p, q"}}), {});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->options.TargetName({"shop", "a"}), "b");
  EXPECT_EQ(parsed->options.TargetName({"shop", "c"}), "c");
  EXPECT_TRUE(parsed->options.IsRenamed({"shop", "a"}));
  EXPECT_FALSE(parsed->options.IsRenamed({"shop", "c"}));
  ASSERT_NE(parsed->options.ExcludedColumns({"x", "y"}), nullptr);
  EXPECT_EQ(*parsed->options.ExcludedColumns({"x", "y"}), (std::vector<std::string>{"p", "q"}));
}

TEST(JobOptions, JobAndTargetProperties) {
  EXPECT_HAS(ErrorOf(SourceKind::kMysql, Mysql(), {{"max_interval", "0"}}),
             "max_interval must be at least 1 second, but was 0");
  EXPECT_HAS(ErrorOf(SourceKind::kMysql, Mysql(), {{"bad", "0"}}), "Invalid properties: [bad]. Supported keys are [");
  EXPECT_EQ(ErrorOf(SourceKind::kMysql, Mysql(), {{"__source_subtype", "x"}, {"session.a", "b"}}), "ok");
  EXPECT_HAS(ErrorOf(SourceKind::kMysql, Mysql(), {}, {{"nope", "1"}}), "Not support target properties key nope");
  EXPECT_HAS(ErrorOf(SourceKind::kMysql, Mysql(), {}, {{"load.nope", "1"}}),
             "Unsupported load property: 'load.nope'. Supported keys: [");
  EXPECT_HAS(ErrorOf(SourceKind::kMysql, Mysql(), {}, {{"load.max_filter_ratio", "2"}}), "load.max_filter_ratio");
  EXPECT_EQ(ErrorOf(SourceKind::kMysql, Mysql(), {},
                    {{"table.create.properties.replication_num", "1"}, {"load.strict_mode", "true"}}),
            "ok");
}

TEST(JobOptions, SeveralPostgresSchemasAndOwnership) {
  Result<ParsedJob> parsed =
      ParseJob(SourceKind::kPostgres, {}, Postgres({{"schema", "a, b"}, {"slot_name", "mine"}}), {});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->source.schemas, (std::vector<std::string>{"a", "b"}));
  BindToJob(JobId{12}, parsed->source);
  EXPECT_EQ(parsed->source.slot_name, "mine");
  EXPECT_FALSE(parsed->source.owns_slot);
  EXPECT_EQ(parsed->source.publication_name, "freshet_pub_12");
  EXPECT_TRUE(parsed->source.owns_publication);
}

TEST(SourceUrl, OwnSchemesCarryTheLogin) {
  const Result<SourceUrl> url = ParseSourceUrl("postgres://me:p%40ss@[::1]:6000/shop");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->user, "me");
  EXPECT_EQ(url->password, "p@ss");
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 6000);
  EXPECT_EQ(url->database, "shop");
  EXPECT_EQ(ParseSourceUrl("mysql://h/shop")->port, 3306);
  EXPECT_EQ(ParseSourceUrl("mysql://u:a/b@h:1/shop")->password, "a/b");
}

TEST(SourceUrl, ParametersThatToolsAddAreAcceptedAndOnlyALoginCounts) {
  const Result<SourceUrl> mysql = ParseSourceUrl(
      "jdbc:mysql://db.example:3307/shop?useSSL=false&serverTimezone=Asia%2FTokyo&characterEncoding=utf8&"
      "allowPublicKeyRetrieval=true&rewriteBatchedStatements=true&user=ann&password=p%40s%26s");
  ASSERT_TRUE(mysql.ok()) << mysql.status().message();
  EXPECT_EQ(mysql->host, "db.example");
  EXPECT_EQ(mysql->port, 3307);
  EXPECT_EQ(mysql->database, "shop");
  EXPECT_EQ(mysql->user, "ann");
  EXPECT_EQ(mysql->password, "p@s&s");
  const Result<SourceUrl> mariadb = ParseSourceUrl("jdbc:mariadb://db.example/?zeroDateTimeBehavior=convertToNull&x");
  ASSERT_TRUE(mariadb.ok());
  EXPECT_EQ(mariadb->kind, SourceKind::kMysql);
  EXPECT_EQ(mariadb->database, "");
  const Result<SourceUrl> postgres =
      ParseSourceUrl("jdbc:postgresql://me:own@db.example/shop?currentSchema=a&user=other&password=other");
  ASSERT_TRUE(postgres.ok());
  EXPECT_EQ(postgres->database, "shop");
  EXPECT_EQ(postgres->user, "me");
  EXPECT_EQ(postgres->password, "own");
}

TEST(SourceUrl, ErrorsNeverShowTheUrl) {
  for (const char* text : {"mysql://u:secret@", "mysql://u:secret@h:99999/x", "foo://u:secret@h"}) {
    const Result<SourceUrl> url = ParseSourceUrl(text);
    ASSERT_FALSE(url.ok()) << text;
    EXPECT_EQ(url.status().message().find("secret"), std::string::npos);
  }
}

Result<JobProperties> AlterMysql(AlterJob alteration) {
  return MergeAlteration(SourceKind::kMysql, "d", {{}, Mysql({{"offset", "latest"}}), {}}, alteration);
}

TEST(AlterJob, FixedPropertiesAreRefusedByName) {
  for (const std::string key :
       {"jdbc_url", "database", "include_tables", "exclude_tables", "snapshot_split_size", "table.a.target_table"}) {
    const auto result = AlterMysql({"j", {}, SourceKind::kMysql, {{key, "other"}}, {}, {}});
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.status().message(), "The " + key + " property cannot be modified in ALTER JOB");
  }
  EXPECT_HAS(AlterMysql({"j", {}, SourceKind::kMysql, {{"offset", "initial"}}, {}, {}}).status().message(),
             "The offset in source properties cannot be modified in ALTER JOB");
  EXPECT_EQ(AlterMysql({"j", {}, SourceKind::kPostgres, {}, {}, {}}).status().message(),
            "source type can't be modified in ALTER JOB");
  EXPECT_EQ(AlterMysql({"j", {}, {}, {}, "other", {}}).status().message(),
            "target database can't be modified in ALTER JOB");
}

TEST(AlterJob, SomethingMustDifferAndOffsetsAreJson) {
  EXPECT_EQ(AlterMysql({"j", {}, {}, {}, {}, {}}).status().message(), "No properties or sql changed in ALTER JOB");
  EXPECT_EQ(AlterMysql({"j", {}, SourceKind::kMysql, {{"user", "root"}}, {}, {}}).status().message(),
            "No properties or source or target properties changed in ALTER JOB");
  EXPECT_HAS(AlterMysql({"j", {{"offset", "initial"}}, {}, {}, {}, {}}).status().message(),
             "ALTER JOB for CDC only supports JSON specific offset");
}

TEST(AlterJob, LoginAndIntervalCanChange) {
  const auto merged = AlterMysql({"j", {{"max_interval", "3"}}, SourceKind::kMysql, {{"password", "new"}}, {}, {}});
  ASSERT_TRUE(merged.ok()) << merged.status().message();
  EXPECT_EQ(*FindProperty(merged->source, "password"), "new");
  EXPECT_EQ(*FindProperty(merged->job, "max_interval"), "3");
}

}  // namespace
}  // namespace freshet
