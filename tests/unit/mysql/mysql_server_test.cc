// SPDX-License-Identifier: Apache-2.0
// Goal: the MySQL source against a real mariadbd. Method: each case starts a server of its own, changes rows
// over SQL and compares what the log gives with what a scan gives, cell by cell.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/mysql/server_fixture.h"

namespace freshet {
namespace {

using ::testing::HasSubstr;

const char* const kAllTypes =
    "CREATE TABLE t (id BIGINT UNSIGNED PRIMARY KEY, t1 TINYINT, t1u TINYINT UNSIGNED, s SMALLINT, su SMALLINT "
    "UNSIGNED, m MEDIUMINT, mu MEDIUMINT UNSIGNED, i INT, iu INT UNSIGNED, b BIGINT, bu BIGINT UNSIGNED, f FLOAT, d "
    "DOUBLE, dm DOUBLE(10,2), de DECIMAL(10,2), db DECIMAL(40,10), da DATE, ti TIME, ti6 TIME(6), ti1 TIME(1), ti3 "
    "TIME(3), dt DATETIME, dt3 DATETIME(3), dt6 DATETIME(6), ts TIMESTAMP NULL, ts6 TIMESTAMP(6) NULL, y YEAR, c "
    "CHAR(10), vc VARCHAR(300) CHARACTER SET utf8mb4, vl VARCHAR(50) CHARACTER SET latin1, vg VARCHAR(50) CHARACTER "
    "SET gbk, vu VARCHAR(50) CHARACTER SET utf16, bi BINARY(6), vb VARBINARY(20), tx TEXT CHARACTER SET utf8mb3, bl "
    "BLOB, mb MEDIUMBLOB, e ENUM('red','gr\xc3\xbcn','') CHARACTER SET utf8mb4, st SET('a','b','c'), bt BIT(9), bt64 "
    "BIT(64), j JSON, u UUID)";

std::vector<std::string> AllTypesRows() {
  return {
      "SET NAMES utf8mb4, time_zone='+00:00', sql_mode='ALLOW_INVALID_DATES'",
      "INSERT INTO t (id) VALUES (0)",
      "INSERT INTO t VALUES (1, -128, 255, -32768, 65535, -8388608, 16777215, -2147483648, 4294967295, "
      "-9223372036854775808, 18446744073709551615, 1.1, 2.2250738585072014e-308, 12345.67, -12345678.90, "
      "-123456789012345678901234567890.0123456789, '2024-02-29', '-838:59:59', '-00:00:00.000001', '-00:00:00.1', "
      "'12:34:56.789', '1000-01-01 00:00:00', '2024-02-29 23:59:59.999', '9999-12-31 23:59:59.999999', '1970-01-01 "
      "00:00:01', '2038-01-19 03:14:07.999999', 1901, 'ab  ', '\xf0\x9f\x90\xa2 x ', '\xe2\x82\xac\xc3\xa9', "
      "'\xe4\xb8\xad\xe6\x96\x87', '\xf0\x9f\x90\xa2y', 'ab\\0', 'x\\0y\\0', 't\xc3\xa9', X'00ff', X'', "
      "'gr\xc3\xbcn', 'a,c', b'100000001', b'1111111111111111111111111111111111111111111111111111111111111111', "
      "'{\"a\": [1, 2.50]}', '123e4567-e89b-12d3-a456-426655440000')",
      "INSERT INTO t (id, f, d, da, dt, dt3, ts, y, e, st, de, ti, u) VALUES (18446744073709551615, -0.0, -0.0, "
      "'0000-00-00', '0000-00-00 00:00:00', '2024-02-31 10:00:00.5', '0000-00-00 00:00:00', 0, '', '', 0, "
      "'838:59:59', '00000000-0000-0000-0000-000000000000')",
      "INSERT INTO t (id, f, d, da, e, c, vl) VALUES (7, 3.4028235e38, 0.1, '2024-00-15', 'nope', '', "
      "'\xc2\x81\xc2\x8d\xe2\x82\xac')",
  };
}

class RowImageTest : public MysqlServerTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(RowImageTest, SnapshotEqualsLogForAllTypes) {
  MariadbServer server({std::string("--binlog-row-image=") + GetParam()});
  Connect(server.Options());
  server.Run({kAllTypes});
  const SchemaPtr schema = Describe("t");
  ASSERT_TRUE(schema);
  auto source = Open(Now(), {schema});
  ASSERT_TRUE(source);
  server.Run(AllTypesRows());
  Mirror mirror;
  ASSERT_TRUE(Follow(*source, mirror).ok());
  EXPECT_EQ(mirror.rows.size(), 4u);
  EXPECT_EQ(mirror.rows, Scan(schema));
  server.Run({"UPDATE t SET vc = 'new', dt = NULL WHERE id = 1", "UPDATE t SET id = 99 WHERE id = 7",
              "DELETE FROM t WHERE id = 0", "UPDATE t SET i = id % 100"});
  const Status followed = Follow(*source, mirror);
  ASSERT_TRUE(followed.ok()) << followed.ToString();
  EXPECT_EQ(mirror.rows.size(), 3u);
  EXPECT_EQ(mirror.rows, Scan(schema));
}
INSTANTIATE_TEST_SUITE_P(RowImages, RowImageTest, ::testing::Values("FULL", "MINIMAL", "NOBLOB"));

TEST_F(MysqlServerTest, MinimalInsertsTakeTheColumnsDefaults) {
  MariadbServer server({"--binlog-row-image=MINIMAL"});
  Connect(server.Options());
  server.Run(
      {"CREATE TABLE t (id INT PRIMARY KEY, n INT DEFAULT 5, s VARCHAR(9) DEFAULT 'abc', b VARBINARY(4) DEFAULT "
       "X'00ff', x INT, d DATE NOT NULL DEFAULT '2020-01-02', c TIMESTAMP(3) NOT NULL DEFAULT "
       "CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3), e DATETIME DEFAULT CURRENT_TIMESTAMP, r INT DEFAULT "
       "(id + 1))"});
  const SchemaPtr schema = Describe("t");
  auto source = Open(Now(), {schema});
  server.Run({"INSERT INTO t (id) VALUES (1), (2)", "INSERT INTO t (id, n) VALUES (3, NULL)",
              "UPDATE t SET x = 9 WHERE id = 2"});
  Mirror mirror;
  ASSERT_TRUE(Follow(*source, mirror).ok());
  EXPECT_EQ(mirror.rows.size(), 3u);
  EXPECT_EQ(mirror.rows, Scan(schema));
}

TEST_F(MysqlServerTest, GeneratedColumnsAreMirroredWithFullImagesAndStopTheTableWithMinimal) {
  MariadbServer server;
  Connect(server.Options());
  server.Run({"CREATE TABLE t (id INT PRIMARY KEY, a INT, v INT AS (a * 2) VIRTUAL, p INT AS (a * 3) STORED)"});
  const SchemaPtr schema = Describe("t");
  auto source = Open(Now(), {schema});
  server.Run({"INSERT INTO t (id, a) VALUES (1, 10)", "UPDATE t SET a = 11"});
  Mirror mirror;
  std::vector<SchemaChange> changes;
  ASSERT_TRUE(Follow(*source, mirror, &changes).ok());
  EXPECT_EQ(mirror.rows, Scan(schema));
  EXPECT_TRUE(changes.empty());
  server.Run({"SET binlog_row_image = MINIMAL", "UPDATE t SET a = 12"});
  ASSERT_TRUE(Follow(*source, mirror, &changes).ok());
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].kind, SchemaChangeKind::kStopTable);
  EXPECT_THAT(changes[0].reason, HasSubstr("binlog_row_image=FULL"));
}

TEST_F(MysqlServerTest, CompressedEventsAreRead) {
  MariadbServer server({"--log-bin-compress=ON", "--log-bin-compress-min-len=10"});
  Connect(server.Options());
  server.Run({"CREATE TABLE t (id INT PRIMARY KEY, s TEXT)"});
  const SchemaPtr schema = Describe("t");
  auto source = Open(Now(), {schema});
  server.Run({"INSERT INTO t VALUES (1, REPEAT('x', 5000)), (2, REPEAT('y', 5000))",
              "UPDATE t SET s = REPEAT('z', 999)", "DELETE FROM t WHERE id = 1",
              "ALTER TABLE t ADD COLUMN extra_column_with_a_long_name INT"});
  Mirror mirror;
  std::vector<SchemaChange> changes;
  ASSERT_TRUE(Follow(*source, mirror, &changes).ok());
  EXPECT_EQ(mirror.rows.size(), 1u);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].kind, SchemaChangeKind::kAlterTable);
}

TEST_F(MysqlServerTest, SchemaChangesTravelInOrderWithTheRows) {
  MariadbServer server;
  Connect(server.Options());
  server.Run({"CREATE TABLE t (id INT PRIMARY KEY, a INT)"});
  auto source = Open(Now(), {Describe("t")});
  server.Run({"INSERT INTO t VALUES (1, 1)", "ALTER TABLE t ADD COLUMN b VARCHAR(5) DEFAULT 'q'",
              "INSERT INTO t VALUES (2, 2, 'z')", "CREATE TABLE n (k INT PRIMARY KEY) DEFAULT CHARSET=utf8mb4",
              "INSERT INTO n VALUES (5)", "TRUNCATE TABLE n", "DROP TABLE n"});
  Mirror mirror;
  std::vector<SchemaChange> changes;
  const Status followed = Follow(*source, mirror, &changes);
  ASSERT_TRUE(followed.ok()) << followed.ToString();
  ASSERT_EQ(changes.size(), 4u);
  EXPECT_EQ(changes[0].kind, SchemaChangeKind::kAlterTable) << changes[0].reason;
  EXPECT_EQ(changes[1].kind, SchemaChangeKind::kCreateTable);
  EXPECT_EQ(changes[2].kind, SchemaChangeKind::kTruncateTable);
  EXPECT_EQ(changes[3].kind, SchemaChangeKind::kDropTable);
  EXPECT_EQ(mirror.rows["i2|"], (std::vector<std::string>{"i2", "i2", "bz"}));
}

TEST_F(MysqlServerTest, ResumesByGtidAndByFileWithoutLossOrRepeat) {
  MariadbServer server;
  Connect(server.Options());
  server.Run({"CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, a INT)"});
  const SchemaPtr schema = Describe("t");
  auto source = Open(Now(), {schema});
  server.Run({"INSERT INTO t (a) VALUES (1)", "FLUSH BINARY LOGS", "INSERT INTO t (a) VALUES (2)"});
  Mirror mirror;
  ASSERT_TRUE(Follow(*source, mirror).ok());
  const Position by_gtid = at;
  Position by_file = at;
  std::get<MysqlPosition>(by_file.at).mariadb_gtids = MariadbGtidSet();
  server.Run({"FLUSH BINARY LOGS", "INSERT INTO t (a) VALUES (3)"});
  for (const Position& from : {by_gtid, by_file}) {
    source = Open(from, {schema});
    Mirror rest;
    ASSERT_TRUE(Follow(*source, rest).ok());
    EXPECT_EQ(rest.rows, (Rows{{"i3|", {"i3", "i3"}}})) << from.ToJson();
  }
}

TEST_F(MysqlServerTest, PurgedPositionIsGone) {
  MariadbServer server;
  Connect(server.Options());
  server.Run({"CREATE TABLE t (id INT PRIMARY KEY)"});
  const SchemaPtr schema = Describe("t");
  const Position old = Now();
  Position old_file = old;
  std::get<MysqlPosition>(old_file.at).mariadb_gtids = MariadbGtidSet();
  server.Run({"INSERT INTO t VALUES (1)", "FLUSH BINARY LOGS", "INSERT INTO t VALUES (2)", "FLUSH BINARY LOGS"});
  const std::string newest = std::get<MysqlPosition>(Now().at).file;
  // A file stays until the engine has flushed its own log past it.
  const Deadline purged = Deadline::After(std::chrono::seconds(20));
  while (server.Value("SHOW BINARY LOGS") != newest && !purged.Passed()) {
    server.Run({"PURGE BINARY LOGS TO '" + newest + "'"});
  }
  auto by_file = connector->OpenSource(old_file, {schema}, TableFilter());
  EXPECT_EQ(by_file.code(), Code::kGone) << by_file.status().ToString();
  EXPECT_EQ(connector->StartLog({LogStart::Mode::kPosition, old_file}, {}).code(), Code::kGone);
  auto by_gtid = connector->OpenSource(old, {schema}, TableFilter());
  Code code = by_gtid.code();
  if (by_gtid.ok()) {
    Result<std::optional<ChangeEvent>> event = (*by_gtid)->Next(Deadline::After(std::chrono::seconds(10)));
    code = event.code();
  }
  EXPECT_EQ(code, Code::kGone);
  EXPECT_TRUE(connector->StartLog({LogStart::Mode::kEarliest, {}}, {}).ok());
}

TEST_F(MysqlServerTest, KilledDumpIsUnavailableAndReopens) {
  MariadbServer server;
  Connect(server.Options());
  server.Run({"CREATE TABLE t (id INT PRIMARY KEY)"});
  const SchemaPtr schema = Describe("t");
  auto source = Open(Now(), {schema});
  Mirror mirror;
  server.Run({"INSERT INTO t VALUES (1)"});
  ASSERT_TRUE(Follow(*source, mirror).ok());
  server.Run({"KILL " + server.Value("SELECT ID FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog%'")});
  const Deadline deadline = Deadline::After(std::chrono::seconds(20));
  Status ended;
  while (ended.ok() && !deadline.Passed()) ended = source->Next(deadline).status();
  EXPECT_EQ(ended.code(), Code::kUnavailable) << ended.ToString();
  source = Open(at, {schema});
  server.Run({"INSERT INTO t VALUES (2)"});
  ASSERT_TRUE(Follow(*source, mirror).ok());
  EXPECT_EQ(mirror.rows.size(), 2u);
}

TEST_F(MysqlServerTest, StatementFormatStopsTheTableItNames) {
  MariadbServer server;
  Connect(server.Options());
  server.Run({"CREATE TABLE t (id INT PRIMARY KEY)", "CREATE TABLE other (id INT PRIMARY KEY)"});
  auto source = Open(Now(), {Describe("t"), Describe("other")});
  server.Run({"SET binlog_format = STATEMENT", "INSERT INTO t VALUES (1)", "SET binlog_format = ROW",
              "INSERT INTO other VALUES (2)"});
  Mirror mirror;
  std::vector<SchemaChange> changes;
  ASSERT_TRUE(Follow(*source, mirror, &changes).ok());
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].old_schema->name.table, "t");
  EXPECT_EQ(mirror.rows.size(), 1u);
}

TEST_F(MysqlServerTest, ChunksWalkCompositeKeysOfEveryKind) {
  MariadbServer server;
  Connect(server.Options());
  server.Run(
      {"CREATE TABLE t (s VARCHAR(20) CHARACTER SET latin1, e ENUM('z','a','m'), b VARBINARY(8), d DATETIME(3), "
       "v INT, PRIMARY KEY (s, e, b, d))",
       "INSERT INTO t SELECT CONCAT('k\xc3\xa9', seq % 7), 1 + seq % 3, UNHEX(HEX(seq)), '2024-01-01' + INTERVAL seq "
       "SECOND, seq FROM seq_1_to_1500"});
  const SchemaPtr schema = Describe("t");
  at = Now();
  const Rows all = Scan(schema);
  EXPECT_EQ(all.size(), 1500u);
  EXPECT_EQ(Scan(schema, 4000), all);
  auto scanner = connector->OpenScanner();
  std::optional<KeyText> after;
  size_t rows = 0;
  while (true) {
    auto bound = (*scanner)->NextBound(*schema, after, 100, {});
    ASSERT_TRUE(bound.ok()) << bound.status().ToString();
    auto chunk = (*scanner)->ReadChunk(schema, {after, *bound}, 1 << 20, {});
    ASSERT_TRUE(chunk.ok()) << chunk.status().ToString();
    rows += chunk->batch.rows.size();
    if (!*bound) break;
    EXPECT_EQ(chunk->batch.rows.size(), 100u);
    after = *bound;
  }
  EXPECT_EQ(rows, 1500u);
  server.Run({"ALTER TABLE t DROP COLUMN v"});
  EXPECT_EQ((*scanner)->ReadChunk(schema, {}, 1 << 20, {}).code(), Code::kSchemaMoved);
}

TEST_F(MysqlServerTest, RefusalsNameWhatIsMissing) {
  MariadbServer server;
  server.Run({"CREATE TABLE nokey (a INT)", "CREATE USER 'weak'@'%' IDENTIFIED BY 'pw'",
              "CREATE TABLE p (id INT PRIMARY KEY)",
              "CREATE TABLE c (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE)"});
  Connect(server.Options());
  EXPECT_TRUE(connector->Preflight().ok()) << connector->Preflight().ToString();
  auto described = connector->DescribeTables({{"shop", "nokey"}, {"shop", "c"}, {"shop", "absent"}});
  ASSERT_TRUE(described.ok());
  EXPECT_THAT(described.value()[0].problem.message(), HasSubstr("do not have primary key defined: nokey"));
  EXPECT_THAT(described.value()[1].problem.message(), HasSubstr("CASCADE"));
  EXPECT_EQ(described.value()[2].problem.code(), Code::kNotFound);
  MysqlOptions options = server.Options();
  options.user = "weak";
  Connect(options);
  EXPECT_EQ(connector->Preflight().code(), Code::kAuth);
  EXPECT_THAT(connector->Preflight().message(), HasSubstr("GRANT BINLOG MONITOR"));
  options.password = "wrong";
  Connect(options);
  EXPECT_EQ(connector->Preflight().code(), Code::kAuth);
  EXPECT_THAT(connector->Preflight().message(), HasSubstr("Access denied for user"));
  Connect(server.Options("nothere"));
  EXPECT_EQ(connector->Preflight().code(), Code::kNotFound);
  server.Run({"SET GLOBAL binlog_format = MIXED"});
  Connect(server.Options());
  EXPECT_THAT(connector->Preflight().message(), HasSubstr("SET GLOBAL binlog_format"));
  options = server.Options();
  server.Stop();
  Connect(options);
  EXPECT_EQ(connector->Preflight().code(), Code::kUnavailable);
}

}  // namespace
}  // namespace freshet
