// SPDX-License-Identifier: Apache-2.0
// MysqlScanner: reads tables in key order over one connection that is opened again when it was lost. Results
// are unbuffered text, read straight into canonical cells. One thread.
#pragma once

#include <memory>
#include <string>

#include "cdc/change/source.h"
#include "cdc/mysql/mysql_connection.h"
#include "cdc/mysql/xa_commits.h"

namespace freshet {

class MysqlScanner : public TableScanner {
 public:
  // `xa_commits` is shared with the source of the same connector.
  static Result<std::unique_ptr<TableScanner>> Open(const MysqlOptions& options, std::shared_ptr<XaCommits> xa_commits);

  Result<int64_t> EstimateRows(const TableSchema& schema) override;
  Result<std::optional<KeyText>> NextBound(const TableSchema& schema, const std::optional<KeyText>& after, int64_t rows,
                                           StopToken stop) override;
  // MySQL with GTIDs waits for the set. MariaDB compares the position of a consistent snapshot, and waits for XA
  // branches to leave XA RECOVER: the log has their commit before the engine. MySQL without
  // GTIDs takes and drops the global read lock, which waits for every commit that the log already shows.
  Status WaitVisible(const Position& seen, Deadline deadline, StopToken stop) override;
  // Reads in pages of bounded rows: stopping at bytes_max leaves at most a page to drain.
  Result<ChunkRows> ReadChunk(const SchemaPtr& schema, const ChunkRange& range, size_t bytes_max,
                              StopToken stop) override;

 private:
  MysqlScanner(const MysqlOptions& options, std::shared_ptr<XaCommits> xa_commits)
      : options_(options), xa_commits_(std::move(xa_commits)) {}
  Status Connect();
  Status WaitForGtids(const MysqlPosition& seen, Deadline deadline, StopToken stop);
  Status WaitForSnapshot(const MysqlPosition& seen, Deadline deadline, StopToken stop);
  Status WaitForXaCommits(Deadline deadline, StopToken stop);
  Status WaitForCommits(Deadline deadline);
  Result<size_t> ReadPage(const SchemaPtr& schema, const ChunkRange& range, size_t rows_max, size_t bytes_max,
                          StopToken stop, ChunkRows* chunk);

  const MysqlOptions options_;
  const std::shared_ptr<XaCommits> xa_commits_;
  std::unique_ptr<MysqlConnection> connection_;
  bool has_gtids_ = false;
  Position visible_;  // everything up to here was visible once, and so for ever
};

}  // namespace freshet
