// SPDX-License-Identifier: Apache-2.0
// Executor: routes one connection's statements: job statements to JobService, KILL and SHOW PROCESSLIST to
// the connections, everything else to its SqlSession. No protocol. Used by the connection's thread, but for
// CancelStatement.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/stop.h"
#include "server/connection_registry.h"
#include "sql/engine.h"
#include "sync/job_service.h"

namespace freshet {

using CursorResult = Result<std::unique_ptr<ResultCursor>>;

class Executor {
 public:
  struct Setup {
    SqlEngine* sql = nullptr;
    JobService* jobs = nullptr;
    ConnectionRegistry* connections = nullptr;
    std::string user;
    uint32_t connection_id = 0;
  };
  explicit Executor(Setup setup);

  // A statement runs from its Run* call until the returned scope's end: rows are fetched within it.
  class Scope {
   public:
    explicit Scope(Executor& executor) : executor_(executor) { executor.Begin(); }
    ~Scope() { executor_.End(); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Executor& executor_;
  };

  // REQUIRES (all three): within a Scope. A null cursor: an OK without rows.
  CursorResult Run(std::string_view sql);
  CursorResult RunStatement(const Statement& statement);
  CursorResult RunPrepared(const std::string& sql, const std::vector<PreparedValue>& values);

  // Of the last statement that gave a null cursor.
  const StatementOutcome& outcome() const { return outcome_; }

  struct Prepared {
    size_t parameters = 0;
    std::vector<ResultColumn> columns;  // empty: none, or known only when it runs
    bool takes_values = false;          // a query or a statement that writes rows; else Run() it
  };
  Result<Prepared> Prepare(const std::string& sql);
  Result<std::vector<ResultColumn>> DescribeTableColumns(const std::string& table);

  Status UseDatabase(const std::string& name) { return session_->UseDatabaseNamed(name); }
  const std::string& database() const { return session_->database(); }
  std::string variable(std::string_view name) const { return session_->variable(name); }
  // Forgets session variables; the database stays.
  Status Reset();
  // True once CancelStatement was called within the current scope.
  bool cancelled() const;
  // From any thread. Without a running statement nothing happens.
  void CancelStatement();
  // From any thread: as CancelStatement, and statements that begin later are cancelled at once.
  void Close();

 private:
  void Begin();
  void End();
  StopToken token() const;
  CursorResult Sync(const SyncJob& statement);
  CursorResult Verify(const VerifyJob& statement);
  CursorResult Replay(const ReplayQuarantine& statement);
  CursorResult ShowProcessList() const;

  CursorResult InSession(CursorResult answer);

  Setup setup_;
  StatementOutcome outcome_;
  std::unique_ptr<SqlSession> session_;  // replaced only between scopes, under mutex_
  mutable Mutex mutex_;
  std::optional<StopSource> running_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace freshet
