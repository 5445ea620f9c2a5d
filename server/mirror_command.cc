// SPDX-License-Identifier: Apache-2.0
#include "server/mirror_command.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "base/log.h"
#include "base/log_file.h"
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

// Standard output as a screen that lines can be drawn over; nullopt: a file, a pipe, a terminal that cannot.
std::optional<MirrorProgress::Screen> OutputScreen() {
  const char* kind = std::getenv("TERM");
  if (::isatty(STDOUT_FILENO) != 1 || kind == nullptr || std::string_view(kind) == "dumb") return std::nullopt;
  MirrorProgress::Screen screen;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 && size.ws_row > 0) {
    screen = {size.ws_col, size.ws_row};
  }
  return screen;
}

class MirrorRun {
 public:
  MirrorRun(const MirrorRequest& request, Backends backends, const SignalWatcher& signals)
      : request_(request), backends_(backends), signals_(signals), name_(request.url.database) {}

  // Makes the job, or goes on with the one that the data directory has.
  Status StartJob();
  // Until a signal, an error, or all is done that was asked for.
  Result<bool> Follow();

 private:
  void Tell(const std::string& line);
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

void MirrorRun::Tell(const std::string& line) {
  Print(line + "\n");
  progress_.StartBelow();
}

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
  if (error != told_error_) Tell("job " + name_ + " is paused: " + error);
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
  Tell("synced " + name_ + " at " + position);
  if (!request_.exit_when_synced && !request_.verify) return true;
  ASSIGN_OR_RETURN(const std::vector<TableVerdict> verdicts,
                   backends_.jobs->Verify(name_, Deadline::After(kVerifyTimeout), signals_.token()));
  Print(VerdictTable(verdicts));
  progress_.StartBelow();
  bool equal = !verdicts.empty();
  for (const TableVerdict& verdict : verdicts) equal = equal && verdict.equal;
  for (const TableProgress& table : tables) {
    if (table.state != "STOPPED") continue;
    equal = false;
    Tell("stopped: " + table.source.ToString() + ": " + table.last_error);
  }
  return equal;
}

Result<bool> MirrorRun::Follow() {
  bool synced = false;
  do {
    const std::vector<TableProgress> tables = backends_.jobs->Tables(name_);
    Print(progress_.Update(tables, Clock::System().Now(), OutputScreen()));
    TRY(CheckJob());
    if (synced || !AllSettled(tables)) continue;
    Result<bool> equal = SyncAndVerify(tables);
    if (signals_.token().stop_requested()) return true;
    if (request_.exit_when_synced) return equal;
    if (equal.ok() || equal.code() != Code::kConflict) synced = true;  // a paused job is synced when it runs again
    if (!equal.ok()) Tell("not synced: " + equal.status().message());
  } while (!signals_.Wait(Deadline::After(kLookInterval)));
  return true;
}

}  // namespace

Result<bool> RunMirror(const MirrorRequest& request, const Settings& settings, const Accounts& accounts,
                       Backends backends, const SignalWatcher& signals) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Server> server, Server::Start(settings, accounts, backends));
  Print(server->ReadyLine() + "\n");
  const bool watched = OutputScreen().has_value();
  if (watched) {
    Print("query it: mariadb -h " + settings.bind + " -P " + std::to_string(server->mysql_port()) + " -u root " +
          request.url.database + "\n");
    // Log lines would tear the table that is drawn here.
    const std::string log = settings.data_dir + "/freshet.log";
    if (::isatty(STDERR_FILENO) == 1 && LogToFile(log).ok()) Print("log: " + log + "\n");
  }
  MirrorRun run(request, backends, signals);
  TRY(run.StartJob().At("cannot mirror " + request.url.database));
  Result<bool> result = run.Follow();
  server->Stop();
  if (watched && signals.token().stop_requested()) {
    Print("\nstopped; the same command goes on where this one ended\n");
  }
  return result;
}

}  // namespace freshet
