// SPDX-License-Identifier: Apache-2.0
#include "server/executor.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "base/check.h"
#include "server/kill_statement.h"

namespace freshet {
namespace {

// A wait that a client asks for is at most this long; longer ones are cut.
constexpr int64_t kJobWaitSecondsMax = 7 * 24 * 3600;

Deadline AfterSeconds(int64_t seconds) {
  return Deadline::After(std::chrono::seconds(std::clamp<int64_t>(seconds, 0, kJobWaitSecondsMax)));
}

std::vector<ResultColumn> TextColumns(std::initializer_list<const char*> names) {
  std::vector<ResultColumn> columns;
  for (const char* name : names) columns.push_back({.name = name});
  return columns;
}

// An OK without rows, or the error.
CursorResult Done(Status status) {
  TRY(std::move(status));
  return std::unique_ptr<ResultCursor>();
}

Status Interrupted() {
  return Status(Code::kCancelled, "Query execution was interrupted");
}

bool IsProcessList(const ShowOther& show) {
  std::string what = show.what;
  std::transform(what.begin(), what.end(), what.begin(), [](unsigned char c) { return std::toupper(c); });
  return what.find("PROCESSLIST") != std::string::npos;
}

std::string QuotedText(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + '\'';
}

// CREATE JOB or ALTER JOB whose INSERT writes a table of the session's database.
template <typename T>
T InCurrentDatabase(T statement, const std::string& database) {
  if (statement.insert && statement.insert->database.empty()) statement.insert->database = database;
  return statement;
}

std::string QuotedName(const std::string& name) {
  std::string out = "`";
  for (const char c : name) {
    if (c == '`') out += '`';
    out += c;
  }
  return out + '`';
}

}  // namespace

Executor::Executor(Setup setup)
    : setup_(std::move(setup)), session_(setup_.sql->NewSession(setup_.user, setup_.connection_id)) {}

void Executor::Begin() {
  MutexLock lock(mutex_);
  running_.emplace();
  if (closed_) running_->request_stop();
}

void Executor::End() {
  MutexLock lock(mutex_);
  running_.reset();
}

StopToken Executor::token() const {
  MutexLock lock(mutex_);
  CHECK(running_.has_value());
  return running_->get_token();
}

bool Executor::cancelled() const {
  return token().stop_requested();
}

void Executor::CancelStatement() {
  MutexLock lock(mutex_);
  if (!running_) return;
  running_->request_stop();
  session_->Cancel();
}

void Executor::Close() {
  {
    MutexLock lock(mutex_);
    closed_ = true;
  }
  CancelStatement();
}

Status Executor::Reset() {
  const std::string database = session_->database();
  std::unique_ptr<SqlSession> fresh = setup_.sql->NewSession(setup_.user, setup_.connection_id);
  if (!database.empty()) TRY(fresh->UseDatabaseNamed(database));
  MutexLock lock(mutex_);
  session_.swap(fresh);
  return Status();
}

CursorResult Executor::Run(std::string_view sql) {
  if (cancelled()) return Interrupted();
  outcome_ = {};
  if (const auto kill = ParseKill(sql)) {
    return Done(setup_.connections->Kill(kill->connection_id, kill->kind, setup_.user));
  }
  ASSIGN_OR_RETURN(const Statement statement, ParseStatement(sql));
  return RunStatement(statement);
}

CursorResult Executor::RunStatement(const Statement& statement) {
  outcome_ = {};
  JobService& jobs = *setup_.jobs;
  if (const auto* create = std::get_if<CreateJob>(&statement)) {
    return Done(jobs.Create(InCurrentDatabase(*create, database()), setup_.user, token()));
  }
  if (const auto* alter = std::get_if<AlterJob>(&statement)) {
    return Done(jobs.Alter(InCurrentDatabase(*alter, database())));
  }
  if (const auto* replay = std::get_if<ReplayQuarantine>(&statement)) return Replay(*replay);
  if (const auto* tables = std::get_if<AlterJobTables>(&statement)) return Done(jobs.AlterTables(*tables));
  if (const auto* pause = std::get_if<PauseJob>(&statement)) return Done(jobs.Pause(pause->name));
  if (const auto* resume = std::get_if<ResumeJob>(&statement)) return Done(jobs.Resume(resume->name));
  if (const auto* drop = std::get_if<DropJob>(&statement)) return Done(jobs.Drop(drop->name, drop->if_exists));
  if (const auto* sync = std::get_if<SyncJob>(&statement)) return Sync(*sync);
  if (const auto* verify = std::get_if<VerifyJob>(&statement)) return Verify(*verify);
  if (std::holds_alternative<CancelTask>(statement)) {
    return Status(Code::kUnsupported, "streaming job not support cancel task by id");
  }
  const auto* show = std::get_if<ShowOther>(&statement);
  if (show != nullptr && IsProcessList(*show)) return ShowProcessList();
  return InSession(session_->Execute(statement));
}

CursorResult Executor::InSession(CursorResult answer) {
  if (answer.ok() && *answer == nullptr) outcome_ = session_->outcome();
  return answer;
}

CursorResult Executor::RunPrepared(const std::string& sql, const std::vector<PreparedValue>& values) {
  if (cancelled()) return Interrupted();
  outcome_ = {};
  return InSession(session_->ExecutePrepared(sql, values));
}

Result<Executor::Prepared> Executor::Prepare(const std::string& sql) {
  if (ParseKill(sql)) return Prepared{};
  ASSIGN_OR_RETURN(const Statement statement, ParseStatement(sql));
  const bool writes = std::holds_alternative<InsertRows>(statement) || std::holds_alternative<UpdateRows>(statement) ||
                      std::holds_alternative<DeleteRows>(statement);
  if (!writes && !std::holds_alternative<Query>(statement)) return Prepared{};
  Prepared prepared;
  prepared.takes_values = true;
  ASSIGN_OR_RETURN(prepared.parameters, session_->CountParameters(sql));
  if (writes) return prepared;
  ASSIGN_OR_RETURN(prepared.columns, session_->DescribeQuery(sql));
  return prepared;
}

Result<std::vector<ResultColumn>> Executor::DescribeTableColumns(const std::string& table) {
  return session_->DescribeQuery("SELECT * FROM " + QuotedName(table));
}

CursorResult Executor::Sync(const SyncJob& statement) {
  ASSIGN_OR_RETURN(std::string position, setup_.jobs->Sync(statement.name, AfterSeconds(statement.timeout_s), token()));
  return MakeRowsCursor(TextColumns({"Position"}), {{std::move(position)}});
}

CursorResult Executor::Verify(const VerifyJob& statement) {
  ASSIGN_OR_RETURN(const std::vector<TableVerdict> verdicts,
                   setup_.jobs->Verify(statement.name, AfterSeconds(statement.timeout_s), token()));
  std::vector<std::vector<std::optional<std::string>>> rows;
  for (const TableVerdict& verdict : verdicts) {
    rows.push_back({verdict.table.ToString(), std::to_string(verdict.source_rows), std::to_string(verdict.mirror_rows),
                    verdict.equal ? "true" : "false", verdict.source_hash, verdict.mirror_hash, verdict.detail});
  }
  return MakeRowsCursor(
      TextColumns({"Source", "SourceRows", "MirrorRows", "Equal", "SourceHash", "MirrorHash", "Detail"}),
      std::move(rows));
}

CursorResult Executor::Replay(const ReplayQuarantine& statement) {
  std::optional<std::vector<uint64_t>> ids;
  if (!statement.where.empty()) {
    ids.emplace();
    ASSIGN_OR_RETURN(const std::unique_ptr<ResultCursor> cursor,
                     session_->Execute(Query{"SELECT Id FROM quarantine(\"jobName\"=" + QuotedText(statement.name) +
                                             ") WHERE (" + statement.where + ")"}));
    std::vector<std::optional<std::string_view>> row;
    while (true) {
      ASSIGN_OR_RETURN(const bool more, cursor->Next(row));
      if (!more) break;
      ids->push_back(std::strtoull(std::string(row[0].value_or("")).c_str(), nullptr, 10));
    }
  }
  ASSIGN_OR_RETURN(const ReplayCounts counts, setup_.jobs->Replay(statement.name, ids));
  return MakeRowsCursor(TextColumns({"Loaded", "Filtered", "Superseded", "Rejected"}),
                        {{std::to_string(counts.loaded), std::to_string(counts.filtered),
                          std::to_string(counts.superseded), std::to_string(counts.rejected)}});
}

CursorResult Executor::ShowProcessList() const {
  std::vector<std::vector<std::optional<std::string>>> rows;
  for (const ConnectionInfo& info : setup_.connections->List()) {
    if (setup_.user != "root" && info.user != setup_.user) continue;
    rows.push_back({std::to_string(info.id), info.user, info.host,
                    info.database.empty() ? std::nullopt : std::optional(info.database), info.command,
                    std::to_string(info.seconds), "", std::nullopt});
  }
  return MakeRowsCursor(TextColumns({"Id", "User", "Host", "db", "Command", "Time", "State", "Info"}), std::move(rows));
}

}  // namespace freshet
