// SPDX-License-Identifier: Apache-2.0
// What must be right before a log is read, and what a scanner reads: errors by code, slot and publication
// ownership, chunks, visibility.
#include <gmock/gmock.h>

#include "tests/unit/postgres/postgres_server.h"

namespace freshet::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using PostgresSetup = PostgresTest;

Result<std::unique_ptr<Connector>> Connected(PostgresOptions options) {
  ASSIGN_OR_RETURN(std::unique_ptr<Connector> connector, PostgresConnector::Make(std::move(options)));
  TRY(connector->Preflight());
  return connector;
}

TEST_F(PostgresSetup, LoginErrorsAreToldApartByCode) {
  PostgresOptions wrong = Options();
  wrong.password = "no";
  const Status denied = Connected(wrong).status();
  EXPECT_EQ(denied.code(), Code::kAuth) << denied.ToString();
  EXPECT_THAT(denied.message(), HasSubstr("can not connect to"));
  PostgresOptions missing = Options();
  missing.database = "nosuch";
  EXPECT_EQ(Connected(missing).code(), Code::kNotFound);
  PostgresOptions nowhere = Options();
  nowhere.port = 1;
  EXPECT_EQ(Connected(nowhere).code(), Code::kUnavailable);
}

TEST_F(PostgresSetup, MissingPrivilegesNameTheStatementToRun) {
  Sql("DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN PASSWORD 'r'; CREATE TABLE t (id int PRIMARY KEY)");
  PostgresOptions options = Options();
  options.user = "reader";
  options.password = "r";
  EXPECT_THAT(Connected(options).status().message(), HasSubstr("ALTER ROLE \"reader\" REPLICATION"));
  Sql("ALTER ROLE reader REPLICATION");
  EXPECT_THAT(Connected(options).status().message(), HasSubstr("GRANT CREATE ON DATABASE"));
  Sql("GRANT CREATE ON DATABASE " + database_ + " TO reader");
  const auto connector = Connected(options);
  ASSERT_TRUE(connector.ok()) << connector.status().ToString();
  const auto described = (*connector)->DescribeTables({{"public", "t"}});
  ASSERT_TRUE(described.ok());
  EXPECT_THAT((*described)[0].problem.message(), HasSubstr("GRANT SELECT ON \"public\".\"t\""));
}

TEST_F(PostgresSetup, TablesThatCannotBeFollowedAreRefusedByName) {
  Sql("CREATE TABLE nokey (v int); CREATE UNLOGGED TABLE unlogged (id int PRIMARY KEY); "
      "CREATE TABLE nothing (id int PRIMARY KEY); ALTER TABLE nothing REPLICA IDENTITY NOTHING; "
      "CREATE TABLE uniq (id int NOT NULL UNIQUE)");
  const auto described = connector_->DescribeTables(
      {{"public", "nokey"}, {"public", "unlogged"}, {"public", "nothing"}, {"public", "uniq"}, {"public", "nosuch"}});
  ASSERT_TRUE(described.ok());
  EXPECT_THAT((*described)[0].problem.message(), HasSubstr("do not have primary key defined: nokey"));
  EXPECT_THAT((*described)[1].problem.message(), HasSubstr("SET LOGGED"));
  EXPECT_THAT((*described)[2].problem.message(), HasSubstr("REPLICA IDENTITY DEFAULT"));
  EXPECT_THAT((*described)[3].problem.message(), HasSubstr("REPLICA IDENTITY USING INDEX \"uniq_id_key\""));
  EXPECT_EQ((*described)[4].problem.code(), Code::kNotFound);
}

TEST_F(PostgresSetup, UserOwnedSlotAndPublicationMustExistAndFit) {
  Sql("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int PRIMARY KEY)");
  PostgresOptions options = Options();
  options.owns_publication = options.owns_slot = false;
  auto connector = *PostgresConnector::Make(options);
  const std::vector<TableName> tables{{"public", "t"}, {"public", "u"}};
  EXPECT_THAT(connector->StartLog({}, tables).status().message(), HasSubstr("publication does not exist: "));
  Sql("CREATE PUBLICATION " + options.publication_name + " FOR TABLE t WITH (publish_via_partition_root = true)");
  EXPECT_THAT(connector->StartLog({}, tables).status().message(), HasSubstr("is missing required tables: [public.u]"));
  Sql("ALTER PUBLICATION " + options.publication_name + " ADD TABLE u");
  EXPECT_THAT(connector->StartLog({}, tables).status().message(), HasSubstr("replication slot does not exist: "));
  Sql("SELECT pg_create_logical_replication_slot('" + options.slot_name + "', 'pgoutput')");
  EXPECT_TRUE(connector->StartLog({}, tables).ok());
  EXPECT_TRUE(connector->ReleaseLog().ok());
  EXPECT_EQ(Value("SELECT count(*) FROM pg_replication_slots WHERE database = current_database()"), "1");
  EXPECT_EQ(Value("SELECT count(*) FROM pg_publication"), "1");
}

TEST_F(PostgresSetup, StartIsSafeToRepeatAndReleaseLeavesNothing) {
  Sql("CREATE TABLE t (id int PRIMARY KEY)");
  const auto first = connector_->StartLog({}, {{"public", "t"}});
  const auto second = connector_->StartLog({}, {{"public", "t"}});
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(*first, *second);
  ASSERT_TRUE(connector_->ReleaseLog().ok());
  EXPECT_EQ(Value("SELECT count(*) FROM pg_replication_slots WHERE database = current_database()"), "0");
  EXPECT_EQ(Value("SELECT count(*) FROM pg_publication"), "0");
  EXPECT_EQ(connector_->StartLog({LogStart::Mode::kEarliest, {}}, {}).code(), Code::kInvalid);
}

TEST_F(PostgresSetup, LostSlotIsGone) {
  Sql("CREATE TABLE t (id int PRIMARY KEY)");
  Start({"t"});
  source_.reset();
  const std::string slot = Options().slot_name;
  const Position old = position_;
  Sql("INSERT INTO t VALUES (1)");
  const Deadline deadline = Deadline::After(std::chrono::seconds(10));
  while (Value("SELECT active FROM pg_replication_slots WHERE slot_name = '" + slot + "'") == "t" &&
         !deadline.Passed()) {
  }
  Sql("SELECT pg_replication_slot_advance('" + slot + "', pg_current_wal_flush_lsn())");
  EXPECT_EQ(connector_->OpenSource(old, schemas_, filter_).code(), Code::kGone);
  Sql("SELECT pg_drop_replication_slot('" + slot + "')");
  const Status gone = connector_->OpenSource(old, schemas_, filter_).status();
  EXPECT_EQ(gone.code(), Code::kGone);
  EXPECT_THAT(gone.message(), HasSubstr("replication slot does not exist: " + slot));
}

TEST_F(PostgresSetup, ChunksCoverATableByCompositeKeyAndBytes) {
  Sql("CREATE TABLE t (a int, b text, v text, PRIMARY KEY (a, b)); "
      "INSERT INTO t SELECT i % 7, 'it''s ' || i, repeat('x', 50) FROM generate_series(1, 100) i");
  const SchemaPtr schema = Described("t");
  auto scanner = connector_->OpenScanner();
  ASSERT_TRUE(scanner.ok()) << scanner.status().ToString();
  std::optional<KeyText> after;
  size_t rows = 0;
  for (bool last = false; !last;) {
    auto bound = (*scanner)->NextBound(*schema, after, 30, {});
    ASSERT_TRUE(bound.ok()) << bound.status().ToString();
    ChunkRange range{after, *bound};
    last = !bound->has_value();
    for (bool cut = true; cut;) {
      auto chunk = (*scanner)->ReadChunk(schema, range, 600, {});
      ASSERT_TRUE(chunk.ok()) << chunk.status().ToString();
      rows += chunk->batch.rows.size();
      cut = chunk->cut_after.has_value();
      range.after = chunk->cut_after;
    }
    after = *bound;
  }
  EXPECT_EQ(rows, 100u);
  Sql("ALTER TABLE t DROP COLUMN v");
  EXPECT_EQ((*scanner)->ReadChunk(schema, {}, SIZE_MAX, {}).code(), Code::kSchemaMoved);
  Sql("DROP TABLE t");
  EXPECT_EQ((*scanner)->ReadChunk(schema, {}, SIZE_MAX, {}).code(), Code::kSchemaMoved);
}

TEST_F(PostgresSetup, ChunksOfAnIntegerKeyCoverATableWithGapsAndNewRows) {
  Sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT i FROM generate_series(-500, 400) i; "
      "INSERT INTO t VALUES (-2147483648), (1000000), (2147483646)");
  const SchemaPtr schema = Described("t");
  auto scanner = connector_->OpenScanner();
  ASSERT_TRUE(scanner.ok()) << scanner.status().ToString();
  std::optional<KeyText> after;
  size_t rows = 0;
  int chunks = 0;
  for (bool last = false; !last; ++chunks) {
    auto bound = (*scanner)->NextBound(*schema, after, 10, {});
    ASSERT_TRUE(bound.ok()) << bound.status().ToString();
    last = !bound->has_value();
    auto chunk = (*scanner)->ReadChunk(schema, {after, *bound}, SIZE_MAX, {});
    ASSERT_TRUE(chunk.ok()) << chunk.status().ToString();
    EXPECT_TRUE(last || chunk->batch.rows.size() <= 20) << chunk->batch.rows.size();
    rows += chunk->batch.rows.size();
    after = *bound;
    if (chunks == 50) Sql("INSERT INTO t VALUES (2147483647)");
  }
  EXPECT_EQ(rows, 905u);
  EXPECT_LT(chunks, 130);
}

TEST_F(PostgresSetup, WaitVisibleWaitsForARunningTransaction) {
  Sql("CREATE TABLE t (id int PRIMARY KEY)");
  auto scanner = connector_->OpenScanner();
  ASSERT_TRUE(scanner.ok());
  Sql("BEGIN; INSERT INTO t VALUES (1)");
  const auto xid = static_cast<uint32_t>(std::stoull(Value("SELECT pg_current_xact_id()")));
  const Position seen{PostgresPosition{1, xid}};
  EXPECT_EQ((*scanner)->WaitVisible(seen, Deadline::After(std::chrono::milliseconds(50)), {}).code(), Code::kTimeout);
  Sql("COMMIT");
  EXPECT_TRUE((*scanner)->WaitVisible(seen, Deadline::After(std::chrono::seconds(5)), {}).ok());
  EXPECT_TRUE(
      (*scanner)->WaitVisible(Position{PostgresPosition{1, 0}}, Deadline::After(std::chrono::seconds(5)), {}).ok());
}

}  // namespace
}  // namespace freshet::test
