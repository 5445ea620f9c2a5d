// SPDX-License-Identifier: Apache-2.0
// A throwaway PostgreSQL server (Debian's 15) for the tests of one process: temporary data directory, free port,
// stopped by pid. PostgresTest gives each test a database, a connector on it and helpers to read its log.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cdc/change/source.h"
#include "cdc/postgres/pg_connection.h"
#include "cdc/postgres/postgres_connector.h"
#include "tests/support/server_process.h"

namespace freshet::test {

class PostgresServer {
 public:
  // Started at first use, stopped at exit.
  static PostgresServer& Get();
  ~PostgresServer();
  uint16_t port() const { return process_.port(); }

 private:
  PostgresServer();
  ServerProcess process_;
};

class PostgresTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // Runs statements separated by ';' as the superuser; fails the test on an error.
  void Sql(const std::string& sql);
  std::string Value(const std::string& sql);
  PostgresOptions Options() const;
  // Publication, slot and source over `tables` of schema public.
  void Start(const std::vector<std::string>& tables);
  void Open(const Position& from);
  SchemaPtr Described(const std::string& table);
  // Text of all events up to the position at the call: "I(..)", "U(..)(..)", "D(..)", "alter", ... one per row,
  // heartbeats and transaction marks left out. Sets position_ to the last one seen.
  std::vector<std::string> ReadLog();
  // The next events until a Commit or Heartbeat covers the source's position as of now, or an error.
  Result<std::vector<ChangeEvent>> ReadEvents();

  std::string database_;
  std::unique_ptr<PgConnection> admin_;
  std::unique_ptr<Connector> connector_;
  std::unique_ptr<Source> source_;
  std::vector<TableName> names_;
  std::vector<SchemaPtr> schemas_;
  Position position_;
  TableFilter filter_;
};

// "(1,NULL,?,text)".
std::string ShowImage(const RowBatch& batch, uint32_t image);

}  // namespace freshet::test
