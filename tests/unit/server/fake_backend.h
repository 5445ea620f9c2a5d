// SPDX-License-Identifier: Apache-2.0
// Backends for protocol tests: an engine that knows a few queries by heart, jobs that remember what they were
// asked. Every session's Cancel ends a "SELECT sleep" at once.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "sql/engine.h"
#include "sync/job_service.h"

namespace freshet::testing {

// Rows of fixed values, columns of any type.
class FixedCursor : public ResultCursor {
 public:
  using Row = std::vector<std::optional<std::string>>;
  FixedCursor(std::vector<ResultColumn> columns, std::vector<Row> rows)
      : columns_(std::move(columns)), rows_(std::move(rows)) {}
  const std::vector<ResultColumn>& columns() const override { return columns_; }
  Result<bool> Next(std::vector<std::optional<std::string_view>>& row) override {
    if (next_ == rows_.size()) return false;
    row.assign(rows_[next_].begin(), rows_[next_].end());
    ++next_;
    return true;
  }

 private:
  std::vector<ResultColumn> columns_;
  std::vector<Row> rows_;
  size_t next_ = 0;
};

inline const std::vector<ResultColumn>& TypedColumns() {
  static const std::vector<ResultColumn> columns{
      {.name = "i", .table = "t", .database = "d", .type = ResultType::kLong},
      {.name = "u", .type = ResultType::kLongLong, .is_unsigned = true},
      {.name = "f", .type = ResultType::kDouble},
      {.name = "s", .type = ResultType::kString},
      {.name = "at", .type = ResultType::kDateTime},
      {.name = "span", .type = ResultType::kTime},
      {.name = "none", .type = ResultType::kString}};
  return columns;
}

inline std::unique_ptr<ResultCursor> TypedRow() {
  return std::make_unique<FixedCursor>(
      TypedColumns(), std::vector<FixedCursor::Row>{{"-7", "18446744073709551615", "1.5", "Zoë",
                                                     "2024-02-29 23:59:58.000001", "-34:22:59", std::nullopt}});
}

class FakeSession : public SqlSession {
 public:
  Result<std::unique_ptr<ResultCursor>> Execute(const Statement& statement) override {
    if (const auto* use = std::get_if<UseDatabase>(&statement)) {
      TRY(UseDatabaseNamed(use->name));
      return std::unique_ptr<ResultCursor>();
    }
    const auto* query = std::get_if<Query>(&statement);
    if (query == nullptr) return std::unique_ptr<ResultCursor>();
    return Answer(query->sql, {});
  }
  Result<size_t> CountParameters(const std::string& sql) override {
    return static_cast<size_t>(std::count(sql.begin(), sql.end(), '?'));
  }
  Result<std::vector<ResultColumn>> DescribeQuery(const std::string& sql) override {
    if (sql.find("typed") != std::string::npos) return TypedColumns();
    if (sql.find("missing") != std::string::npos) return Status(Code::kNotFound, "table d.missing does not exist");
    return std::vector<ResultColumn>(CountParameters(sql).value(), {.name = "v"});
  }
  Result<std::unique_ptr<ResultCursor>> ExecutePrepared(const std::string& sql,
                                                        const std::vector<PreparedValue>& values) override {
    FixedCursor::Row texts;
    for (const PreparedValue& value : values) texts.push_back(value.text);
    return Answer(sql, texts);
  }
  const std::string& database() const override { return database_; }
  Status UseDatabaseNamed(const std::string& name) override {
    if (name == "missing") return Status(Code::kNotFound, "Unknown database 'missing'");
    database_ = name;
    return Status();
  }
  std::string variable(std::string_view) const override { return ""; }
  void Cancel() override {
    std::lock_guard lock(mutex_);
    cancelled_ = true;
    changed_.notify_all();
  }

 private:
  Result<std::unique_ptr<ResultCursor>> Answer(const std::string& sql,
                                               const std::vector<std::optional<std::string>>& values) {
    if (sql.find("typed") != std::string::npos) return TypedRow();
    if (sql.find("sleep") != std::string::npos) return Sleep();
    if (sql.find("large") != std::string::npos) {
      return std::unique_ptr<ResultCursor>(new FixedCursor({{.name = "l", .type = ResultType::kBlob}},
                                                           {{std::string(17u << 20, 'x')}, {std::string("end")}}));
    }
    if (sql.find("infinite") != std::string::npos) {
      return std::unique_ptr<ResultCursor>(new FixedCursor({{.name = "d", .type = ResultType::kDate}}, {{"infinity"}}));
    }
    if (!values.empty()) {
      std::vector<ResultColumn> columns(values.size(), {.name = "v"});
      return std::unique_ptr<ResultCursor>(new FixedCursor(columns, {values}));
    }
    if (sql.find("missing") != std::string::npos) return Status(Code::kNotFound, "table d.missing does not exist");
    return std::unique_ptr<ResultCursor>(new FixedCursor({{.name = "n", .type = ResultType::kLongLong}},
                                                         {{std::string(sql.substr(sql.rfind(' ') + 1))}}));
  }
  Result<std::unique_ptr<ResultCursor>> Sleep() {
    std::unique_lock lock(mutex_);
    const bool woken = changed_.wait_for(lock, std::chrono::seconds(30), [&] { return cancelled_; });
    cancelled_ = false;
    return woken ? Status(Code::kCancelled, "Query execution was interrupted")
                 : Status(Code::kTimeout, "nobody cancelled the sleeping query");
  }

  std::string database_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool cancelled_ = false;
};

class FakeEngine : public SqlEngine {
 public:
  void RegisterSystemTable(const std::string&, SystemTable) override {}
  void RegisterFileFunction(const std::string&, FileFunction) override {}
  void RegisterStreamFunction(const std::string&, StreamFunction) override {}
  std::unique_ptr<SqlSession> NewSession(const std::string&, uint32_t) override {
    return std::make_unique<FakeSession>();
  }
};

class FakeJobs : public JobService {
 public:
  Status Create(const CreateJob& statement, const std::string& definer, StopToken) override {
    std::lock_guard lock(mutex_);
    created_ = statement;
    definer_ = definer;
    return Status();
  }
  Status Alter(const AlterJob&) override { return Status(); }
  Status AlterTables(const AlterJobTables&) override { return Status(); }
  Status Pause(const std::string& name) override {
    return name == "shop" ? Status() : Status(Code::kNotFound, "job not exist, jobName:" + name);
  }
  Status Resume(const std::string&) override { return Status(); }
  Status Drop(const std::string&, bool) override { return Status(); }
  Result<std::string> Sync(const std::string&, Deadline, StopToken) override { return std::string("{\"lsn\":\"7\"}"); }
  Result<std::vector<TableVerdict>> Verify(const std::string&, Deadline, StopToken) override {
    return std::vector<TableVerdict>{{{"shop", "orders"}, true, 3, 3, "00000000000000aa", "00000000000000aa", ""}};
  }
  std::vector<TableProgress> Tables(const std::string&) const override {
    return {{.source = {"shop", "orders"}, .target = "shop.orders", .state = "READY", .rows_copied = 3, .lag_ms = 12}};
  }
  std::string State(const std::string& name) const override { return name == "shop" ? "RUNNING" : ""; }
  std::string LastError(const std::string&) const override { return ""; }
  JobFlow Flow(const std::string&) const override { return {4096, 7}; }
  SystemTable JobsTable() override {
    return {{"Id", "Name", "Status"}, [](const auto&) {
              return Result<SystemTable::Rows>(SystemTable::Rows{{"1", "shop", "RUNNING"}});
            }};
  }
  SystemTable TasksTable() override { return {}; }
  SystemTable JobTablesTable() override { return {}; }
  SystemTable LedgerTable() override { return {}; }
  SystemTable QuarantineTable() override { return {}; }
  Result<ReplayCounts> Replay(const std::string&, const std::optional<std::vector<uint64_t>>&) override {
    return ReplayCounts();
  }
  std::vector<std::string> UnhealthyReasons() const override {
    std::lock_guard lock(mutex_);
    return reasons_;
  }
  void Stop() override {}

  void set_unhealthy(std::vector<std::string> reasons) {
    std::lock_guard lock(mutex_);
    reasons_ = std::move(reasons);
  }
  CreateJob created() const {
    std::lock_guard lock(mutex_);
    return created_;
  }
  std::string definer() const {
    std::lock_guard lock(mutex_);
    return definer_;
  }

 private:
  mutable std::mutex mutex_;
  CreateJob created_;
  std::string definer_;
  std::vector<std::string> reasons_;
};

}  // namespace freshet::testing
