// SPDX-License-Identifier: Apache-2.0
// The log of a real server: row images of every replica identity, schema changes, truncate, resume, idle
// progress, drops and new tables.
#include <gmock/gmock.h>

#include "tests/unit/postgres/postgres_server.h"

namespace freshet::test {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

using PostgresLog = PostgresTest;

TEST_F(PostgresLog, UnchangedToastIsMarkedAndFullIdentityFillsItIn) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, n int, big text); CREATE TABLE f (id int PRIMARY KEY, n int, big text); "
      "ALTER TABLE t ALTER big SET STORAGE EXTERNAL; ALTER TABLE f ALTER big SET STORAGE EXTERNAL; "
      "ALTER TABLE f REPLICA IDENTITY FULL");
  Sql("INSERT INTO t VALUES (1, 1, repeat('x', 4000)); INSERT INTO f VALUES (1, 1, repeat('y', 4000))");
  Start({"t", "f"});
  Sql("UPDATE t SET n = 2");
  Sql("UPDATE f SET n = 2");
  EXPECT_THAT(ReadLog(), ElementsAre("U(1,2,?)", "U(1,2," + std::string(4000, 'y') + ")"));
}

TEST_F(PostgresLog, EachReplicaIdentityFindsTheOldRow) {
  Sql("CREATE TABLE d (id int PRIMARY KEY, v text); CREATE TABLE i (a int, b text NOT NULL, v text, UNIQUE (b)); "
      "ALTER TABLE i REPLICA IDENTITY USING INDEX i_b_key; CREATE TABLE f (id int PRIMARY KEY, v text); "
      "ALTER TABLE f REPLICA IDENTITY FULL");
  Start({"d", "i", "f"});
  Sql("INSERT INTO d VALUES (1, 'a'); UPDATE d SET id = 2; DELETE FROM d");
  EXPECT_THAT(ReadLog(), ElementsAre("I(1,a)", "U(1,?)(2,a)", "D(2,?)"));
  Sql("INSERT INTO i VALUES (1, 'k', 'a'); UPDATE i SET b = 'l'; DELETE FROM i");
  EXPECT_THAT(ReadLog(), ElementsAre("I(1,k,a)", "U(?,k,?)(1,l,a)", "D(?,l,?)"));
  Sql("INSERT INTO f VALUES (1, 'a'); UPDATE f SET v = 'b'; UPDATE f SET id = 2; DELETE FROM f");
  EXPECT_THAT(ReadLog(), ElementsAre("I(1,a)", "U(1,b)", "U(1,?)(2,b)", "D(2,?)"));
}

TEST_F(PostgresLog, PartitionedTableIsOneTable) {
  Sql("CREATE TABLE p (id int PRIMARY KEY, v text) PARTITION BY RANGE (id); "
      "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); "
      "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20)");
  const auto listed = connector_->ListTables(filter_);
  ASSERT_TRUE(listed.ok());
  EXPECT_THAT(*listed, ElementsAre(TableName{"public", "p"}));
  Start({"p"});
  Sql("INSERT INTO p VALUES (1, 'a'), (11, 'b')");
  Sql("UPDATE p SET id = 12 WHERE id = 1");
  EXPECT_THAT(ReadLog(), ElementsAre("I(1,a)", "I(11,b)", "D(1,?)", "I(12,a)"));
}

TEST_F(PostgresLog, TruncateOfSeveralTablesComesInOrder) {
  Sql("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY)");
  Start({"a", "b"});
  Sql("BEGIN; INSERT INTO a VALUES (1); TRUNCATE a, b; INSERT INTO a VALUES (2); COMMIT");
  EXPECT_THAT(ReadLog(), ElementsAre("I(1)", "truncate a", "truncate b", "I(2)"));
}

TEST_F(PostgresLog, AddedAndDroppedColumnsAreFollowed) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, v text)");
  Start({"t"});
  Sql("INSERT INTO t VALUES (1, 'a'); ALTER TABLE t ADD COLUMN n int DEFAULT 7; INSERT INTO t VALUES (2, 'b', 8)");
  const auto events = ReadEvents();
  ASSERT_TRUE(events.ok()) << events.status().ToString();
  SchemaPtr changed;
  for (const ChangeEvent& event : *events) {
    if (const auto* change = std::get_if<SchemaChange>(&event.body)) changed = change->new_schema;
  }
  ASSERT_NE(changed, nullptr);
  EXPECT_EQ(changed->columns[2].initial_default, "7");
  EXPECT_EQ(changed->columns[2].type.kind, TypeKind::kInt32);
  Sql("ALTER TABLE t DROP COLUMN v; INSERT INTO t VALUES (3, 9)");
  EXPECT_THAT(ReadLog(), ElementsAre("alter t", "I(3,9)"));
}

TEST_F(PostgresLog, ChangesThatCannotBeFollowedAreNotGuessed) {
  Sql("CREATE TABLE r (id int PRIMARY KEY, v text); CREATE TABLE y (id int PRIMARY KEY, v int); "
      "CREATE TABLE w (id int PRIMARY KEY)");
  Start({"r", "y", "w"});
  Sql("ALTER TABLE r RENAME COLUMN v TO x; INSERT INTO r VALUES (1, 'a')");
  EXPECT_THAT(ReadLog(), ElementsAre("stop r"));
  Sql("ALTER TABLE y ALTER v TYPE bigint; INSERT INTO y VALUES (1, 2)");
  EXPECT_THAT(ReadLog(), ElementsAre("stop y"));
  Sql("ALTER TABLE w ADD COLUMN u double precision DEFAULT random(); INSERT INTO w VALUES (1, 0.5)");
  EXPECT_THAT(ReadLog(), ElementsAre("resync w", "I(1,0.5)"));
}

TEST_F(PostgresLog, ResumeNeitherLosesNorRepeats) {
  Sql("CREATE TABLE t (id int PRIMARY KEY)");
  Start({"t"});
  Sql("INSERT INTO t VALUES (1)");
  Sql("INSERT INTO t VALUES (2)");
  EXPECT_THAT(ReadLog(), ElementsAre("I(1)", "I(2)"));
  // Nothing was acknowledged, so the server sends all of it again.
  const Position after = position_;
  Sql("INSERT INTO t VALUES (3)");
  Open(after);
  EXPECT_THAT(ReadLog(), ElementsAre("I(3)"));
}

TEST_F(PostgresLog, IdleDatabaseAdvancesPositionAndSlot) {
  Sql("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE other (id int)");
  Start({"t"});
  Sql("INSERT INTO other SELECT generate_series(1, 100)");
  const std::string before =
      Value("SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE database = current_database()");
  EXPECT_THAT(ReadLog(), ElementsAre());  // reaches the position of the call
  ASSERT_TRUE(source_->Acknowledge(position_).ok());
  const Deadline deadline = Deadline::After(std::chrono::seconds(20));
  std::string now = before;
  while (now == before && !deadline.Passed()) {
    ASSERT_TRUE(source_->Next(Deadline::After(std::chrono::milliseconds(50))).ok());
    now = Value("SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE database = current_database()");
  }
  EXPECT_NE(now, before);
}

TEST_F(PostgresLog, AsynchronousCommitIsCoveredByThePosition) {
  Sql("CREATE TABLE t (id int PRIMARY KEY)");
  Start({"t"});
  Sql("SET synchronous_commit = off");
  for (int i = 0; i < 20; ++i) {
    Sql("INSERT INTO t VALUES (" + std::to_string(i) + ")");
    EXPECT_THAT(ReadLog(), ElementsAre("I(" + std::to_string(i) + ")"));
  }
}

TEST_F(PostgresLog, DroppedTableIsFoundWithThePlaceThatEndsIt) {
  Sql("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE kept (id int PRIMARY KEY)");
  Start({"t", "kept"});
  Sql("INSERT INTO t VALUES (1); DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, v text); "
      "CREATE TABLE n (id int PRIMARY KEY); CREATE TABLE other (id int PRIMARY KEY)");
  const TableFilter filter = *TableFilter::Parse("t,kept,n", "");
  const auto news = connector_->LookAtCatalog(schemas_, filter);
  ASSERT_TRUE(news.ok()) << news.status().ToString();
  ASSERT_EQ(news->gone.size(), 1u);
  EXPECT_EQ(news->gone[0], schemas_[0]);
  EXPECT_THAT(news->created, ElementsAre(TableName{"public", "n"}));  // the new t is news once the old one is dropped
  EXPECT_TRUE(news->lost.empty());
  EXPECT_THAT(ReadLog(), ElementsAre("I(1)"));
  EXPECT_TRUE(position_.Covers(news->at));
  const auto later = connector_->LookAtCatalog({schemas_[1]}, filter);
  ASSERT_TRUE(later.ok());
  EXPECT_THAT(later->created, ElementsAre(TableName{"public", "n"}, TableName{"public", "t"}));
}

TEST_F(PostgresLog, RenamedTableIsNoNewOne) {
  Sql("CREATE TABLE t (id int PRIMARY KEY)");
  Start({"t"});
  Sql("ALTER TABLE t RENAME TO u");
  const auto news = connector_->LookAtCatalog(schemas_, filter_);
  ASSERT_TRUE(news.ok()) << news.status().ToString();
  EXPECT_TRUE(news->gone.empty() && news->created.empty() && news->lost.empty());
}

TEST_F(PostgresLog, TableTakenOutOfThePublicationIsLost) {
  Sql("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int PRIMARY KEY)");
  Start({"t", "u"});
  Sql("ALTER PUBLICATION " + Options().publication_name + " DROP TABLE u");
  const auto news = connector_->LookAtCatalog(schemas_, filter_);
  ASSERT_TRUE(news.ok()) << news.status().ToString();
  ASSERT_EQ(news->lost.size(), 1u);
  EXPECT_EQ(news->lost[0].name, (TableName{"public", "u"}));
  EXPECT_THAT(news->lost[0].reason, testing::HasSubstr("not in publication"));
}

}  // namespace
}  // namespace freshet::test
