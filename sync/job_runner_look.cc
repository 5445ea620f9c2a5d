// SPDX-License-Identifier: Apache-2.0
// JobRunner: tables that came and went beside the log (sources whose log does not carry CREATE and DROP TABLE).
// Looked up now and then, and when SYNC JOB asks.
#include "base/log.h"
#include "sync/job_runner.h"
#include "sync/job_tables.h"

namespace freshet {

namespace {
// A new table is mirrored this much later at most; a catalog query costs the source little.
constexpr std::chrono::seconds kLookEvery{5};
}  // namespace

Result<bool> JobRunner::LookAtCatalog() {
  auto look_again = std::make_shared<bool>(false);
  TRY(Run([this, look_again] { return Look(*look_again); }));
  return *look_again;
}

void JobRunner::LookIfDue() {
  if (!run_ || Clock::System().Now() - looked_ < kLookEvery) return;
  bool look_again = false;
  if (Status status = Look(look_again); !status.ok()) {
    // The log itself may be fine; the next look makes a new connection.
    Log(LogLevel::kWarn, "catalog_look_failed", {{"job", definition().name}, {"error", status.message()}});
  }
}

Status JobRunner::Look(bool& look_again) {
  looked_ = Clock::System().Now();
  if (!run_ || connector_ == nullptr) return Status::Ok();
  ASSIGN_OR_RETURN(const CatalogNews news, FindNews(store_, *connector_, definition()));
  Status taken = run_->TakeNews(news);
  // A run that has just ended is replaced; the next look is for its successor.
  look_again = !news.gone.empty() || taken.code() == Code::kCancelled;
  if (taken.code() == Code::kCancelled) return Status::Ok();
  TRY(std::move(taken));
  ASSIGN_OR_RETURN(const ParsedJob parsed, Parsed());
  // A job that reads one table by name takes no other.
  return parsed.mode == JobMode::kDatabase ? AddCreated(news.created) : Status::Ok();
}

// A table that cannot be mirrored keeps no other one out.
Status JobRunner::AddCreated(const std::vector<TableName>& tables) {
  if (tables.empty()) return Status::Ok();
  ASSIGN_OR_RETURN(const std::vector<TableDescription> described, connector_->DescribeTables(tables));
  std::vector<std::string> names;
  for (const TableDescription& table : described) {
    if (table.schema == nullptr && unfit_.insert(table.name).second) {
      Log(LogLevel::kWarn, "table_not_added",
          {{"job", definition().name}, {"table", table.name.ToString()}, {"error", table.problem.message()}});
    }
    if (table.schema != nullptr && !refused_.contains(table.name.ToString())) names.push_back(table.name.ToString());
  }
  if (names.empty()) return Status::Ok();
  Status added = ChangeTables({"", AlterJobTables::Action::kAdd, names});
  if (added.ok() || added.code() == Code::kUnavailable || added.code() == Code::kTimeout) return added;
  for (const std::string& name : names) {
    if (names.size() > 1) added = ChangeTables({"", AlterJobTables::Action::kAdd, {name}});
    if (added.ok()) continue;
    // Not again with each look: every try interrupts the job.
    refused_.insert(name);
    Log(LogLevel::kWarn, "table_not_added", {{"job", definition().name}, {"table", name}, {"error", added.message()}});
  }
  return Status::Ok();
}

}  // namespace freshet
