// SPDX-License-Identifier: Apache-2.0
// Rules of table-level jobs: properties, arguments of cdc_stream(..), ALTER JOB, start times, the stored definition.
#include <gtest/gtest.h>

#include "sync/insert_alteration.h"
#include "sync/insert_options.h"
#include "sync/records.h"
#include "sync/start_time.h"

namespace freshet {
namespace {

Properties MysqlArguments() {
  return {{"type", "mysql"}, {"jdbc_url", "jdbc:mysql://h:3306"},
          {"user", "u"},     {"password", "secret"},
          {"database", "d"}, {"table", "t"}};
}

Properties Without(Properties properties, std::string_view key) {
  std::erase_if(properties, [&](const auto& property) { return property.first == key; });
  return properties;
}

std::string StreamError(const Properties& arguments) {
  return ParseStreamArguments(arguments).status().message();
}

std::string OptionsError(JobMode mode, const Properties& properties) {
  return ParseInsertOptions(mode, properties).status().message();
}

JobDefinition StreamJob() {
  JobDefinition job;
  job.id = JobId{7};
  job.name = "j";
  job.target_database = "__freshet_jobs";
  job.insert = InsertSelect{"db", "o", {"a"}, "cdc_stream", MysqlArguments(), "SELECT id FROM __freshet_source__"};
  job.target = TableId{9};
  job.kept_columns = {"id"};
  job.state = JobPaused{"MANUAL_PAUSE_ERR", "", 0, 0};
  return job;
}

AlterJob AlterInsert(InsertSelect insert) {
  AlterJob alter;
  alter.name = "j";
  alter.insert = std::move(insert);
  return alter;
}

std::string AlterError(const AlterJob& alter) {
  return MergeInsertAlteration(StreamJob(), alter).status().message();
}

TEST(InsertRulesTest, missing_arguments_of_cdc_stream_are_named) {
  EXPECT_EQ(StreamError(Without(MysqlArguments(), "jdbc_url")), "jdbc_url is required");
  EXPECT_EQ(StreamError(Without(MysqlArguments(), "type")), "type is required");
  EXPECT_EQ(StreamError(Without(MysqlArguments(), "table")), "table is required");
  EXPECT_EQ(StreamError(Without(MysqlArguments(), "database")), "database is required for MySQL");
  Properties postgres = Without(MysqlArguments(), "type");
  postgres.emplace_back("type", "postgres");
  EXPECT_EQ(StreamError(postgres), "schema is required");
  Properties oracle = Without(MysqlArguments(), "type");
  oracle.emplace_back("type", "oracle");
  EXPECT_TRUE(StreamError(oracle).starts_with("Unsupported type"));
}

TEST(InsertRulesTest, a_key_that_cdc_stream_does_not_know_is_refused) {
  Properties arguments = MysqlArguments();
  arguments.emplace_back("include_tables", "x");
  EXPECT_EQ(StreamError(arguments), "Unexpected key: 'include_tables'");
}

TEST(InsertRulesTest, a_table_name_with_pattern_characters_means_itself) {
  Properties arguments = Without(MysqlArguments(), "table");
  arguments.emplace_back("table", "a*.b,c");
  const Result<ParsedJob> parsed =
      ParseInsertJob({"db", "o", {}, "cdc_stream", arguments, "SELECT 1 FROM __freshet_source__"}, {});
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_TRUE(parsed->source.tables.Matches({"d", "a*.b,c"}));
  EXPECT_FALSE(parsed->source.tables.Matches({"d", "ax.b,c"}));
}

TEST(InsertRulesTest, session_variables_are_checked) {
  const Result<InsertOptions> options = ParseInsertOptions(
      JobMode::kStream, {{"session.enable_insert_strict", "false"}, {"session.insert_max_filter_ratio", "0.5"}});
  ASSERT_TRUE(options.ok()) << options.status().message();
  EXPECT_FALSE(options->strict);
  EXPECT_EQ(options->max_filter_ratio, 0.5);
  EXPECT_EQ(OptionsError(JobMode::kStream, {{"session.no_such", "1"}}), "Invalid session variable, no_such");
  EXPECT_TRUE(
      OptionsError(JobMode::kStream, {{"session.time_zone", "+08:00"}}).starts_with("Invalid session variable"));
  EXPECT_TRUE(OptionsError(JobMode::kStream, {{"s3.max_batch_files", "1"}}).starts_with("Invalid properties: ["));
}

TEST(InsertRulesTest, loading_rules_of_objects_have_the_references_messages) {
  EXPECT_EQ(OptionsError(JobMode::kObjects, {{"s3.max_batch_files", "0"}}),
            "s3.max_batch_files must be at least 1, but was 0");
  EXPECT_EQ(OptionsError(JobMode::kObjects, {{"s3.max_batch_bytes", "5"}}),
            "s3.max_batch_bytes must be between 100 MB and 10 GB, but was 5");
  EXPECT_TRUE(OptionsError(JobMode::kObjects, {{"s3.ingestion_mode", "NOTIFICATION"}})
                  .starts_with("Unsupported s3.ingestion_mode: NOTIFICATION"));
  EXPECT_TRUE(OptionsError(JobMode::kObjects, {{"offset", "{\"file\":1}"}}).starts_with("Invalid format for offset"));
  EXPECT_EQ(OptionsError(JobMode::kObjects, {{"s3.ingestion_mode", "ONE_TIME"}, {"offset", R"({"fileName":"a"})"}}),
            "offset is not supported when s3.ingestion_mode is ONE_TIME");
}

TEST(InsertRulesTest, alter_refuses_what_cannot_be_modified) {
  InsertSelect insert = *StreamJob().insert;
  EXPECT_EQ(AlterError(AlterInsert(insert)), "No properties or sql changed in ALTER JOB");
  InsertSelect other_table = insert;
  other_table.table = "p";
  EXPECT_EQ(AlterError(AlterInsert(other_table)), "The target table cannot be modified in ALTER JOB");
  InsertSelect other_url = insert;
  other_url.arguments[1].second = "jdbc:mysql://other:1";
  EXPECT_EQ(AlterError(AlterInsert(other_url)),
            "The 'jdbc_url' property cannot be modified in ALTER JOB for cdc_stream");
  InsertSelect no_table = insert;
  no_table.arguments = Without(no_table.arguments, "table");
  EXPECT_EQ(AlterError(AlterInsert(no_table)), "The 'table' property cannot be modified in ALTER JOB for cdc_stream");
  AlterJob named_offset;
  named_offset.job_properties = {{"offset", "latest"}};
  EXPECT_TRUE(AlterError(named_offset).starts_with("ALTER JOB for CDC only supports JSON specific offset"));
}

TEST(InsertRulesTest, alter_with_a_shown_secret_keeps_the_old_one) {
  InsertSelect insert = *StreamJob().insert;
  insert.arguments[3].second = "******";
  insert.select = "SELECT id + 1 FROM __freshet_source__";
  const Result<InsertAlteration> merged = MergeInsertAlteration(StreamJob(), AlterInsert(insert));
  ASSERT_TRUE(merged.ok()) << merged.status().message();
  EXPECT_EQ(merged->insert.arguments[3].second, "secret");
  EXPECT_TRUE(merged->select_changed);
}

TEST(InsertRulesTest, a_new_password_alone_is_no_new_select) {
  InsertSelect insert = *StreamJob().insert;
  insert.arguments[3].second = "changed";
  const Result<InsertAlteration> merged = MergeInsertAlteration(StreamJob(), AlterInsert(insert));
  ASSERT_TRUE(merged.ok()) << merged.status().message();
  EXPECT_FALSE(merged->select_changed);
}

TEST(InsertRulesTest, start_times_are_utc) {
  EXPECT_EQ(ParseStartTime("1767225600000"), 1'767'225'600'000'000);
  EXPECT_EQ(ParseStartTime(R"({"timestamp":"2026-01-01 00:00:00"})"), 1'767'225'600'000'000);
  EXPECT_EQ(ParseStartTime(R"({"timestamp":1767225600000})"), 1'767'225'600'000'000);
  for (const char* text : {"176722560000", "latest", R"({"timestamp":"soon"})", R"({"file":"b.1","pos":"4"})"}) {
    EXPECT_FALSE(ParseStartTime(text)) << text;
  }
}

TEST(InsertRulesTest, a_postgres_job_cannot_start_at_a_time) {
  Properties arguments = {{"type", "postgres"},
                          {"jdbc_url", "jdbc:postgresql://h:1/d"},
                          {"user", "u"},
                          {"password", "p"},
                          {"schema", "s"},
                          {"table", "t"},
                          {"offset", "1767225600000"}};
  const Result<ParsedJob> parsed =
      ParseInsertJob({"db", "o", {}, "cdc_stream", arguments, "SELECT 1 FROM __freshet_source__"}, {});
  EXPECT_EQ(parsed.code(), Code::kInvalid);
  EXPECT_NE(parsed.status().message().find("no index by time"), std::string::npos);
}

TEST(InsertRulesTest, a_stored_definition_reads_back_whole) {
  JobDefinition job = StreamJob();
  const Result<JobDefinition> read = DecodeJob(EncodeJob(job));
  ASSERT_TRUE(read.ok()) << read.status().message();
  ASSERT_TRUE(read->insert.has_value());
  EXPECT_EQ(read->insert->arguments, job.insert->arguments);
  EXPECT_EQ(read->insert->select, job.insert->select);
  EXPECT_EQ(read->insert->columns, job.insert->columns);
  EXPECT_EQ(read->target, job.target);
  EXPECT_EQ(read->kept_columns, job.kept_columns);
}

}  // namespace
}  // namespace freshet
