// SPDX-License-Identifier: Apache-2.0
#include "server/mirror_command.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "base/log.h"
#include "server/connection_registry.h"
#include "server/executor.h"
#include "server/mirror_progress.h"

namespace freshet {
namespace {

// How often the job is looked at: smooth for the eye, nothing for the machine.
constexpr std::chrono::milliseconds kLookInterval{200};
constexpr std::chrono::minutes kSyncTimeout{10};
constexpr std::chrono::hours kVerifyTimeout{12};  // tables may be large; a signal ends it at any time

void Print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

class MirrorRun {
 public:
  MirrorRun(const MirrorRequest& request, Backends backends, const SignalWatcher& signals)
      : request_(request),
        backends_(backends),
        signals_(signals),
        name_(request.url.database),
        progress_(::isatty(STDOUT_FILENO) == 1) {}

  // Makes the job, or goes on with the one that the data directory has.
  Status StartJob();
  // Until a signal, an error, or all is done that was asked for.
  Result<bool> Follow();

 private:
  // The job's error, when it has stopped and the caller wants an end.
  Status CheckJob();
  bool AllSettled(const std::vector<TableProgress>& tables) const;
  Result<bool> SyncAndVerify(const std::vector<TableProgress>& tables);

  const MirrorRequest& request_;
  const Backends backends_;
  const SignalWatcher& signals_;
  const std::string name_;
  MirrorProgress progress_;
  std::string told_error_;
};

Status MirrorRun::StartJob() {
  ConnectionRegistry connections;
  Executor executor({backends_.sql, backends_.jobs, &connections, "root", 0});
  Executor::Scope scope(executor);
  const std::string state = backends_.jobs->State(name_);
  if (state == "PAUSED") return executor.RunStatement(ResumeJob{name_}).status();
  if (!state.empty()) return Status();
  TRY(executor.RunStatement(CreateDatabase{name_, true}).status());
  return executor.RunStatement(JobOf(request_.url, request_.include_tables, request_.exclude_tables)).status();
}

Status MirrorRun::CheckJob() {
  const std::string state = backends_.jobs->State(name_);
  if (state != "PAUSED" && state != "STOPPED" && !state.empty()) {
    told_error_.clear();
    return Status();
  }
  const std::string error = state.empty() ? "the job was dropped" : backends_.jobs->LastError(name_);
  if (request_.exit_when_synced) return Status(Code::kConflict, "job " + name_ + " is paused: " + error);
  if (error != told_error_) Print("job " + name_ + " is paused: " + error + "\n");
  told_error_ = error;
  return Status();
}

bool MirrorRun::AllSettled(const std::vector<TableProgress>& tables) const {
  return !tables.empty() && std::all_of(tables.begin(), tables.end(), [](const TableProgress& table) {
    return table.state == "READY" || table.state == "STOPPED";
  });
}

Result<bool> MirrorRun::SyncAndVerify(const std::vector<TableProgress>& tables) {
  ASSIGN_OR_RETURN(const std::string position,
                   backends_.jobs->Sync(name_, Deadline::After(kSyncTimeout), signals_.token()));
  Print("synced " + name_ + " at " + position + "\n");
  if (!request_.exit_when_synced && !request_.verify) return true;
  ASSIGN_OR_RETURN(const std::vector<TableVerdict> verdicts,
                   backends_.jobs->Verify(name_, Deadline::After(kVerifyTimeout), signals_.token()));
  Print(VerdictTable(verdicts));
  bool equal = !verdicts.empty();
  for (const TableVerdict& verdict : verdicts) equal = equal && verdict.equal;
  for (const TableProgress& table : tables) {
    if (table.state != "STOPPED") continue;
    equal = false;
    Print("stopped: " + table.source.ToString() + ": " + table.last_error + "\n");
  }
  return equal;
}

Result<bool> MirrorRun::Follow() {
  bool synced = false;
  do {
    const std::vector<TableProgress> tables = backends_.jobs->Tables(name_);
    Print(progress_.Update(tables, Clock::System().Now()));
    TRY(CheckJob());
    if (synced || !AllSettled(tables)) continue;
    Result<bool> equal = SyncAndVerify(tables);
    if (signals_.token().stop_requested()) return true;
    if (request_.exit_when_synced) return equal;
    if (equal.ok() || equal.code() != Code::kConflict) synced = true;  // a paused job is synced when it runs again
    if (!equal.ok()) Print("not synced: " + equal.status().message() + "\n");
  } while (!signals_.Wait(Deadline::After(kLookInterval)));
  return true;
}

}  // namespace

Result<bool> RunMirror(const MirrorRequest& request, const Settings& settings, const Accounts& accounts,
                       Backends backends, const SignalWatcher& signals) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Server> server, Server::Start(settings, accounts, backends));
  Print(server->ReadyLine() + "\n");
  MirrorRun run(request, backends, signals);
  TRY(run.StartJob().At("cannot mirror " + request.url.database));
  Result<bool> result = run.Follow();
  server->Stop();
  return result;
}

}  // namespace freshet
