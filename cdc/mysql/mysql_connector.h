// SPDX-License-Identifier: Apache-2.0
// MysqlConnector: the Connector of cdc/change for one MySQL or MariaDB database. Control queries run over one
// connection that is opened when needed and again after it was lost. Thread-safe: one call at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "cdc/change/source.h"
#include "cdc/mysql/mysql_connection.h"
#include "cdc/mysql/mysql_options.h"
#include "cdc/mysql/xa_commits.h"

namespace freshet {

class MysqlConnector : public Connector {
 public:
  // Does not connect. kInvalid for options that cannot be used.
  static Result<std::unique_ptr<Connector>> Make(MysqlOptions options);

  Status Preflight() override;
  Result<std::vector<TableName>> ListTables(const TableFilter& filter) override;
  Result<std::vector<TableDescription>> DescribeTables(const std::vector<TableName>& names) override;
  Result<Position> CurrentPosition() override;
  Result<Position> StartLog(const LogStart& start, const std::vector<TableName>& tables) override;
  Status TrackTables(const std::vector<TableName>& tables) override;
  Status UntrackTables(const std::vector<TableName>& tables) override;
  Status ReleaseLog() override;
  Result<std::unique_ptr<Source>> OpenSource(const Position& resume_after, std::vector<SchemaPtr> schemas,
                                             const TableFilter& filter) override;
  Result<std::unique_ptr<TableScanner>> OpenScanner() override;

 private:
  explicit MysqlConnector(MysqlOptions options) : options_(std::move(options)) {}
  // The control connection, opened when there is none that lives.
  Result<MysqlConnection*> Connected() REQUIRES_LOCK(mutex_);

  const MysqlOptions options_;
  const std::shared_ptr<XaCommits> xa_commits_ = std::make_shared<XaCommits>();
  Mutex mutex_;
  std::unique_ptr<MysqlConnection> connection_ GUARDED_BY(mutex_);
};

}  // namespace freshet
