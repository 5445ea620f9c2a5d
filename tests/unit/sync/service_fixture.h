// SPDX-License-Identifier: Apache-2.0
// A JobService over a real store and a source in memory, with a clock that tests move.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>

#include "base/failpoint.h"
#include "sync/job_service.h"
#include "tests/support/memory_source.h"
#include "tests/support/mirror_rows.h"

namespace freshet::test {

class MovableClock : public Clock {
 public:
  int64_t WallUs() const override { return Clock::System().WallUs() + offset_us_; }
  std::chrono::steady_clock::time_point Now() const override { return Clock::System().Now(); }
  void Move(std::chrono::seconds by) { offset_us_ += by.count() * 1'000'000; }

 private:
  std::atomic<int64_t> offset_us_{0};
};

class ServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const bool memory = std::filesystem::is_directory("/dev/shm");
    const std::filesystem::path root = memory ? "/dev/shm" : std::filesystem::temp_directory_path();
    std::string pattern = root / "freshet_service_XXXXXX";
    directory_ = mkdtemp(pattern.data());
    OpenStore();
    ASSERT_TRUE(store_->CreateDatabase("mirror").ok());
    for (int i = 1; i <= 40; ++i) Put(orders_, i, i % 7, "row");
    for (int i = 1; i <= 3; ++i) Put(items_, i, i, "item");
    StartService();
  }
  void TearDown() override {
    ArmFailpoints("");
    service_.reset();
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  void OpenStore() {
    Result<std::unique_ptr<Store>> store = Store::Open({directory_, 64u << 20, std::chrono::milliseconds(1)});
    ASSERT_TRUE(store.ok()) << store.status().message();
    store_ = std::move(store).value();
  }
  void StartService() {
    const auto connectors = [this](const SourceOptions& options) -> Result<std::unique_ptr<Connector>> {
      TRY(database_.Hit("connect"));
      MutexLock lock(password_mutex_);
      last_password_ = options.password;
      return MakeMemoryConnector(database_);
    };
    Result<std::unique_ptr<JobService>> service = JobService::Start(*store_, connectors, {}, clock_);
    ASSERT_TRUE(service.ok()) << service.status().message();
    service_ = std::move(service).value();
  }
  // The process ends and starts again.
  void Restart() {
    service_.reset();
    store_.reset();
    OpenStore();
    StartService();
  }

  void Put(const TableName& table, int64_t id, int64_t a, std::string b) {
    bool known = false;
    for (const TableName& name : database_.tables()) known = known || name == table;
    if (!known) database_.CreateTable(table, false);
    MemoryDatabase::Transaction transaction(database_);
    transaction.Upsert(table, id, {a, std::move(b)});
    transaction.Commit();
  }

  std::string last_password() {
    MutexLock lock(password_mutex_);
    return last_password_;
  }

  Status Create(Properties more = {}, const std::string& name = "j", StopToken stop = {}) {
    CreateJob statement;
    statement.name = name;
    statement.source = SourceKind::kPostgres;
    statement.target_database = "mirror";
    statement.source_properties = {{"jdbc_url", "jdbc:postgresql://h:1/shop"},
                                   {"user", "u"},
                                   {"password", "top-secret"},
                                   {"database", "shop"},
                                   {"schema", "s"},
                                   {"snapshot_split_size", "7"}};
    for (auto& property : more) statement.source_properties.push_back(property);
    return service_->Create(statement, "root", std::move(stop));
  }
  Result<std::string> Sync() { return service_->Sync("j", Deadline::After(std::chrono::seconds(20)), {}); }
  void ExpectMirrored(const TableName& table) {
    const Result<std::string> reached = Sync();
    ASSERT_TRUE(reached.ok()) << reached.status().message();
    EXPECT_EQ(RowsOf(*store_, "mirror", table.table), database_.Rows(table));
  }
  template <typename Condition>
  ::testing::AssertionResult Eventually(Condition condition) {
    const Deadline deadline = Deadline::After(std::chrono::seconds(20));
    while (!condition()) {
      if (deadline.Passed())
        return ::testing::AssertionFailure() << service_->State("j") << " " << service_->LastError("j");
      std::this_thread::yield();
    }
    return ::testing::AssertionSuccess();
  }
  TableProgress Progress(const std::string& table) {
    for (TableProgress& progress : service_->Tables("j")) {
      if (progress.source.table == table) return progress;
    }
    return {};
  }

  const TableName orders_{"s", "orders"};
  const TableName items_{"s", "items"};
  std::string directory_;
  MovableClock clock_;
  MemoryDatabase database_;
  Mutex password_mutex_;
  std::string last_password_ GUARDED_BY(password_mutex_);
  std::unique_ptr<Store> store_;
  std::unique_ptr<JobService> service_;
};

}  // namespace freshet::test
