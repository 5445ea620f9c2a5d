// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/postgres/postgres_server.h"

#include <signal.h>

#include <cstdio>

#include "cdc/change/text_cell.h"

namespace freshet::test {
namespace {

const std::string kBin = "/usr/lib/postgresql/15/bin/";

PostgresOptions AdminOptions(uint16_t port, const std::string& database) {
  PostgresOptions options;
  options.host = "127.0.0.1";
  options.port = port;
  options.user = "postgres";
  options.password = "secret";
  options.database = database;
  options.schemas = {"public"};
  options.slot_name = "slot_" + database;
  options.publication_name = "pub_" + database;
  return options;
}

constexpr std::chrono::seconds kWait{30};

}  // namespace

PostgresServer& PostgresServer::Get() {
  static PostgresServer server;
  return server;
}

// The server refuses to run as root.
PostgresServer::PostgresServer() : process_("postgres", "postgres") {
  const std::string& folder = process_.folder();
  const std::string data = folder + "/data";
  const std::string password = folder + "/password";
  FILE* file = std::fopen(password.c_str(), "w");
  CHECK(file != nullptr);
  std::fputs("secret\n", file);
  std::fclose(file);
  process_.Run({kBin + "initdb", "-D", data, "-U", "postgres", "--no-sync", "-A", "scram-sha-256",
                "--pwfile=" + password, "-E", "UTF8", "--locale=C.UTF-8"});
  process_.Start({kBin + "postgres", "-D", data, "-p", std::to_string(port()), "-k", folder, "-c",
                  "listen_addresses=127.0.0.1", "-c", "wal_level=logical", "-c", "fsync=off", "-c",
                  "shared_buffers=16MB", "-c", "max_wal_senders=20", "-c", "max_replication_slots=20"},
                 [&] {
                   return PgConnection::Connect(AdminOptions(port(), "postgres"), PgConnection::Kind::kQueries,
                                                Deadline::After(kWait))
                       .ok();
                 });
}

PostgresServer::~PostgresServer() {
  process_.Stop(SIGQUIT);
}

void PostgresTest::SetUp() {
  static int number = 0;
  database_ = "db" + std::to_string(++number);
  const uint16_t port = PostgresServer::Get().port();
  auto maker =
      PgConnection::Connect(AdminOptions(port, "postgres"), PgConnection::Kind::kQueries, Deadline::After(kWait));
  ASSERT_TRUE(maker.ok()) << maker.status().ToString();
  const auto made = maker->Query("CREATE DATABASE " + database_, Deadline::After(kWait));
  ASSERT_TRUE(made.ok()) << made.status().ToString();
  auto admin =
      PgConnection::Connect(AdminOptions(port, database_), PgConnection::Kind::kQueries, Deadline::After(kWait));
  ASSERT_TRUE(admin.ok());
  admin_ = std::make_unique<PgConnection>(std::move(*admin));
  Sql("SET search_path = public");
  auto connector = PostgresConnector::Make(Options());
  ASSERT_TRUE(connector.ok());
  connector_ = std::move(*connector);
  filter_ = *TableFilter::Parse("", "");
}

void PostgresTest::TearDown() {
  source_.reset();
  if (connector_ == nullptr) return;
  const Status released = connector_->ReleaseLog();
  EXPECT_TRUE(released.ok()) << released.ToString();
}

void PostgresTest::Sql(const std::string& sql) {
  const auto done = admin_->Query(sql, Deadline::After(kWait));
  ASSERT_TRUE(done.ok()) << sql << ": " << done.status().ToString();
}

std::string PostgresTest::Value(const std::string& sql) {
  const auto rows = admin_->Query(sql, Deadline::After(kWait));
  EXPECT_TRUE(rows.ok()) << rows.status().ToString();
  return rows.ok() && rows->size() > 0 ? rows->String(0, 0) : "";
}

PostgresOptions PostgresTest::Options() const {
  return AdminOptions(PostgresServer::Get().port(), database_);
}

SchemaPtr PostgresTest::Described(const std::string& table) {
  auto described = connector_->DescribeTables({{"public", table}});
  EXPECT_TRUE(described.ok()) << described.status().ToString();
  if (!described.ok()) return nullptr;
  EXPECT_TRUE((*described)[0].problem.ok()) << (*described)[0].problem.ToString();
  return (*described)[0].schema;
}

void PostgresTest::Start(const std::vector<std::string>& tables) {
  for (const std::string& table : tables) names_.push_back({"public", table});
  const Status ready = connector_->Preflight();
  ASSERT_TRUE(ready.ok()) << ready.ToString();
  auto started = connector_->StartLog({}, names_);
  ASSERT_TRUE(started.ok()) << started.status().ToString();
  for (const std::string& table : tables) schemas_.push_back(Described(table));
  Open(*started);
}

void PostgresTest::Open(const Position& from) {
  position_ = from;
  source_.reset();
  auto opened = connector_->OpenSource(from, schemas_, filter_);
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  source_ = std::move(*opened);
}

Result<std::vector<ChangeEvent>> PostgresTest::ReadEvents() {
  ASSIGN_OR_RETURN(const Position target, connector_->CurrentPosition());
  std::vector<ChangeEvent> events;
  const Deadline deadline = Deadline::After(kWait);
  while (!position_.Covers(target)) {
    ASSIGN_OR_RETURN(std::optional<ChangeEvent> event, source_->Next(deadline));
    if (!event) return Status(Code::kTimeout, "the log does not reach the source's position");
    if (!event->at.empty()) position_ = event->at;
    events.push_back(std::move(*event));
  }
  return events;
}

std::string ShowImage(const RowBatch& batch, uint32_t image) {
  if (image == kNoImage) return "";
  std::string text = "(";
  const auto cells = batch.Image(image);
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) text += ",";
    if (cells[i].kind == CellKind::kUnchanged) {
      text += "?";
    } else if (!AppendCellText(batch.schema->columns[i].type, cells[i], batch.arena, text)) {
      text += "NULL";
    }
  }
  return text + ")";
}

std::vector<std::string> PostgresTest::ReadLog() {
  const auto events = ReadEvents();
  EXPECT_TRUE(events.ok()) << events.status().ToString();
  std::vector<std::string> lines;
  if (!events.ok()) return lines;
  constexpr const char* kNames[] = {"", "create", "drop", "truncate", "alter", "stop", "rename", "resync"};
  for (const ChangeEvent& event : *events) {
    if (const auto* change = std::get_if<SchemaChange>(&event.body)) {
      lines.push_back(std::string(kNames[static_cast<int>(change->kind)]) + " " + change->old_schema->name.table);
    } else if (const auto* batch = std::get_if<RowBatch>(&event.body)) {
      for (const RowChange& row : batch->rows) {
        const char* op = row.op == RowOp::kInsert ? "I" : row.op == RowOp::kUpdate ? "U" : "D";
        lines.push_back(op + ShowImage(*batch, row.before) + ShowImage(*batch, row.after));
      }
    }
  }
  return lines;
}

}  // namespace freshet::test
