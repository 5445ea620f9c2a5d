// SPDX-License-Identifier: Apache-2.0
// StoppableConnector: a connector that asks nothing more of its source once a stop was requested; the call under
// way ends by its own limit. For a client's thread that makes a job and may be killed meanwhile. What was begun is
// still released. Thread-safe as the connector that it holds.
#pragma once

#include <memory>
#include <utility>

#include "base/stop.h"
#include "cdc/change/source.h"

namespace freshet {

class StoppableConnector final : public Connector {
 public:
  StoppableConnector(std::unique_ptr<Connector> inner, StopToken stop)
      : inner_(std::move(inner)), stop_(std::move(stop)) {}

  Status Preflight() override {
    TRY(Check());
    return inner_->Preflight();
  }
  Result<std::vector<TableName>> ListTables(const TableFilter& filter) override {
    TRY(Check());
    return inner_->ListTables(filter);
  }
  Result<std::vector<TableDescription>> DescribeTables(const std::vector<TableName>& names) override {
    TRY(Check());
    return inner_->DescribeTables(names);
  }
  Result<Position> CurrentPosition() override {
    TRY(Check());
    return inner_->CurrentPosition();
  }
  Result<Position> StartLog(const LogStart& start, const std::vector<TableName>& tables) override {
    TRY(Check());
    return inner_->StartLog(start, tables);
  }
  Status TrackTables(const std::vector<TableName>& tables) override {
    TRY(Check());
    return inner_->TrackTables(tables);
  }
  Status UntrackTables(const std::vector<TableName>& tables) override { return inner_->UntrackTables(tables); }
  Status ReleaseLog() override { return inner_->ReleaseLog(); }
  Result<std::unique_ptr<Source>> OpenSource(const Position& resume_after, std::vector<SchemaPtr> schemas,
                                             const TableFilter& filter) override {
    TRY(Check());
    return inner_->OpenSource(resume_after, std::move(schemas), filter);
  }
  Result<std::unique_ptr<TableScanner>> OpenScanner() override {
    TRY(Check());
    return inner_->OpenScanner();
  }

 private:
  Status Check() const {
    return stop_.stop_requested() ? Status(Code::kCancelled, "Query execution was interrupted") : Status::Ok();
  }

  const std::unique_ptr<Connector> inner_;
  const StopToken stop_;
};

}  // namespace freshet
