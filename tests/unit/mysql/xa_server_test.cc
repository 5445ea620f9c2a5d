// SPDX-License-Identifier: Apache-2.0
// Goal: XA transactions of a real mariadbd, by GTID and by file. Method: branches are prepared and ended over SQL while
// sources are opened and closed; what the log gives is compared with a scan.
#include <gmock/gmock.h>

#include "tests/unit/mysql/server_fixture.h"

namespace freshet {
namespace {

class XaServerTest : public MysqlServerTest, public ::testing::WithParamInterface<bool> {
 protected:
  // As a job would after a restart: from the newest position, without its GTIDs when the test is about files.
  std::unique_ptr<Source> Reopen(const std::vector<SchemaPtr>& schemas) {
    Position from = at;
    MysqlPosition& position = std::get<MysqlPosition>(from.at);
    if (!GetParam()) {
      position.mariadb_gtids = MariadbGtidSet();
      if (position.read_again_from) position.read_again_from->mariadb_gtids = MariadbGtidSet();
    }
    return Open(from, schemas);
  }
};

TEST_P(XaServerTest, PreparedRowsSurviveRestartsOfTheReaderAndComeOnce) {
  MariadbServer server;
  Connect(server.Options());
  server.Run({"CREATE TABLE t (id INT PRIMARY KEY, v INT)", "INSERT INTO t VALUES (1, 1), (2, 2)"});
  const SchemaPtr schema = Describe("t");
  auto source = Open(Now(), {schema});
  Mirror mirror;
  mirror.rows = Scan(schema);
  auto other = MysqlConnection::Open(server.Options(), {});
  ASSERT_TRUE(other.ok());
  for (const char* sql : {"XA START 'kept'", "UPDATE shop.t SET v = 10 WHERE id = 1",
                          "INSERT INTO shop.t VALUES (3, 3)", "XA END 'kept'", "XA PREPARE 'kept'"}) {
    ASSERT_TRUE((*other)->Execute(sql).ok()) << sql;
  }
  server.Run({"XA START 'done'", "INSERT INTO t VALUES (4, 4)", "XA END 'done'", "XA PREPARE 'done'",
              "XA COMMIT 'done'", "FLUSH BINARY LOGS", "INSERT INTO t VALUES (5, 5)"});
  for (int round = 0; round < 3; ++round) {
    const Status followed = Follow(*source, mirror);
    ASSERT_TRUE(followed.ok()) << followed.ToString();
    EXPECT_TRUE(std::get<MysqlPosition>(at.at).read_again_from);
    EXPECT_EQ(mirror.rows, Scan(schema));
    source = Reopen({schema});
    ASSERT_TRUE(source);
    server.Run({"INSERT INTO t VALUES (" + std::to_string(100 + round) + ", 0)"});
  }
  ASSERT_TRUE((*other)->Execute("XA COMMIT 'kept'").ok());
  std::vector<SchemaChange> changes;
  ASSERT_TRUE(Follow(*source, mirror, &changes).ok());
  EXPECT_TRUE(changes.empty());
  EXPECT_FALSE(std::get<MysqlPosition>(at.at).read_again_from);
  EXPECT_EQ(mirror.rows.size(), 8u);
  EXPECT_EQ(mirror.rows["i1|"], (std::vector<std::string>{"i1", "i10"}));
  EXPECT_EQ(mirror.rows, Scan(schema));
}
INSTANTIATE_TEST_SUITE_P(ByGtidAndByFile, XaServerTest, ::testing::Bool());

}  // namespace
}  // namespace freshet
