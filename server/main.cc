// SPDX-License-Identifier: Apache-2.0
// freshet: the composition root. Reads what to do, makes the store, the SQL engine and the jobs, and hands them
// to the command. Exit status: 0 done, 1 failed, 2 wrong usage.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/failpoint.h"
#include "base/log.h"
#include "base/version.h"
#include "server/command_line.h"
#include "server/connectors.h"
#include "server/memory_budget.h"
#include "server/mirror_command.h"
#include "server/serve_command.h"
#include "server/signal_watcher.h"
#include "sql/engine.h"
#include "storage/store.h"
#include "sync/job_service.h"
#include "sync/s3/query_files.h"
#include "sync/stream_query.h"

namespace freshet {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

int Fail(const Status& status, int exit_status) {
  std::fprintf(stderr, "freshet: %s\n", status.message().c_str());
  return exit_status;
}

// What both commands need before anything is opened.
struct Prepared {
  Settings settings;
  Accounts accounts;
  MirrorRequest mirror;
};

Status Prepare(const CommandLine& line, Prepared& out) {
  if (line.action == CommandLine::Action::kMirror) {
    ASSIGN_OR_RETURN(out.mirror.url, ParseMirrorUrl(line.url));
    out.mirror.include_tables = line.include_tables;
    out.mirror.exclude_tables = line.exclude_tables;
    out.mirror.exit_when_synced = line.exit_when_synced;
    out.mirror.verify = line.verify;
    out.settings.data_dir = "freshet-" + out.mirror.url.database;
  }
  if (!line.config_file.empty()) TRY(LoadConfig(line.config_file, out.settings, out.accounts));
  for (const auto& [name, text] : line.settings) TRY(SetByName(out.settings, name, text));
  TRY(LoadRootAccount(out.settings, std::getenv("FRESHET_PASSWORD"), out.accounts));
  return CheckSettings(out.settings, out.accounts);
}

void LogSettings(const Settings& settings) {
  Log(LogLevel::kDebug, "settings",
      {{"data_dir", settings.data_dir},
       {"bind", settings.bind},
       {"mysql_port", settings.mysql_port},
       {"http_port", settings.http_port},
       {"memory_bytes", settings.memory_bytes},
       {"password_file", settings.password_file},
       {"tls_cert", settings.tls_cert},
       {"tls_key", settings.tls_key},
       {"file_root", settings.file_root},
       {"connections_max", settings.connections_max},
       {"wait_timeout_s", settings.wait_timeout_s}});
}

Result<bool> Run(const CommandLine& line, const Prepared& prepared, const SignalWatcher& signals) {
  const Settings& settings = prepared.settings;
  const MemoryBudget memory = SplitMemory(settings.memory_bytes);
  ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                   Store::Open({.directory = settings.data_dir, .memory_bytes = memory.store_bytes}));
  const int threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  const std::string spool = std::filesystem::absolute(settings.data_dir + "/spool").lexically_normal();
  std::vector<std::string> readable = {spool};
  if (!settings.file_root.empty()) readable.push_back(std::filesystem::absolute(settings.file_root).lexically_normal());
  ASSIGN_OR_RETURN(const std::unique_ptr<SqlEngine> sql,
                   SqlEngine::Make(*store, {.memory_bytes = memory.query_bytes,
                                            .threads = threads,
                                            .temporary_directory = settings.data_dir + "/tmp",
                                            .readable_directories = std::move(readable)}));
  JobServiceOptions job_options;
  job_options.queue_bytes_max = memory.queue_bytes;
  job_options.unit_bytes_max = memory.unit_bytes;
  job_options.piece_bytes_max = memory.piece_bytes;
  job_options.mappings = [&sql](const InsertSelect& insert, const MappingSource& source, SchemaPtr target,
                                const MappingOptions& options) {
    return Mapping::Compile(*sql, insert, source, std::move(target), options);
  };
  job_options.objects = {[&sql](FileReader::Options options) { return FileReader::Open(*sql, std::move(options)); },
                         spool, memory.piece_bytes, settings.file_root};
  ASSIGN_OR_RETURN(const std::unique_ptr<JobService> jobs,
                   JobService::Start(*store, MakeConnector, std::move(job_options)));
  sql->RegisterSystemTable("jobs", jobs->JobsTable());
  sql->RegisterSystemTable("tasks", jobs->TasksTable());
  sql->RegisterSystemTable("job_tables", jobs->JobTablesTable());
  sql->RegisterSystemTable("ledger", jobs->LedgerTable());
  sql->RegisterSystemTable("quarantine", jobs->QuarantineTable());
  ASSIGN_OR_RETURN(FileFunction query_files, MakeQueryFiles(spool, settings.file_root));
  sql->RegisterFileFunction("s3", std::move(query_files));
  sql->RegisterStreamFunction("cdc_stream", MakeStreamFunction(*store, MakeConnector));
  const Backends backends{store.get(), sql.get(), jobs.get()};
  Result<bool> result = true;
  if (line.action == CommandLine::Action::kMirror) {
    result = RunMirror(prepared.mirror, settings, prepared.accounts, backends, signals);
  } else if (Status served = RunServe(settings, prepared.accounts, backends, signals); !served.ok()) {
    result = std::move(served);
  }
  jobs->Stop();
  return result;
}

int Main(const std::vector<std::string>& arguments) {
  Result<CommandLine> line = ParseCommandLine(arguments);
  if (!line.ok()) return Fail(line.status(), kWrongUsage);
  if (line->action == CommandLine::Action::kHelp) {
    std::fputs(line->help.c_str(), stdout);
    return 0;
  }
  if (line->action == CommandLine::Action::kVersion) {
    std::printf("freshet %s\n", kVersion);
    return 0;
  }
  Prepared prepared;
  if (Status ready = Prepare(*line, prepared); !ready.ok()) {
    const char* command = line->action == CommandLine::Action::kMirror ? "mirror" : "serve";
    return Fail(Status(ready.code(), ready.message() + "; see freshet " + command + " --help"), kWrongUsage);
  }
  SetLogLevel(prepared.settings.log_level);
  LogSettings(prepared.settings);
  const char* failpoints = std::getenv("FRESHET_FAILPOINTS");
  if (failpoints != nullptr) ArmFailpoints(failpoints);
  const SignalWatcher signals;
  const Result<bool> result = Run(*line, prepared, signals);
  if (!result.ok()) return Fail(result.status(), kFailed);
  return *result ? 0 : kFailed;
}

}  // namespace
}  // namespace freshet

int main(int argc, char** argv) {
  return freshet::Main(std::vector<std::string>(argv + 1, argv + argc));
}
