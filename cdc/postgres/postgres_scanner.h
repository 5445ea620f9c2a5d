// SPDX-License-Identifier: Apache-2.0
// PostgresScanner: reads chunks of tables by key with COPY (SELECT ...). The server compares keys, so any
// collation and type is right; boundaries travel as the text that the server prints. One session, one thread.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "cdc/change/source.h"
#include "cdc/postgres/bound_guess.h"
#include "cdc/postgres/control_connection.h"
#include "cdc/postgres/reader_memory.h"

namespace freshet {

class PostgresScanner : public TableScanner {
 public:
  static Result<std::unique_ptr<PostgresScanner>> Open(const PostgresOptions& options,
                                                       std::shared_ptr<ReaderMemory> memory);

  Result<int64_t> EstimateRows(const TableSchema& schema) override;
  Result<std::optional<KeyText>> NextBound(const TableSchema& schema, const std::optional<KeyText>& after, int64_t rows,
                                           StopToken stop) override;
  Status WaitVisible(const Position& seen, Deadline deadline, StopToken stop) override;
  Result<ChunkRows> ReadChunk(const SchemaPtr& schema, const ChunkRange& range, size_t bytes_max,
                              StopToken stop) override;
  // As ReadChunk, always in text: for tests that compare the two formats.
  Result<ChunkRows> ReadChunkInText(const SchemaPtr& schema, const ChunkRange& range, StopToken stop);

 private:
  PostgresScanner(const PostgresOptions& options, std::shared_ptr<ReaderMemory> memory);
  Result<ChunkRows> Read(const SchemaPtr& schema, const ChunkRange& range, size_t bytes_max, bool binary,
                         StopToken stop);

  Result<std::optional<KeyText>> CountBound(const TableSchema& schema, const std::optional<KeyText>& after,
                                            int64_t rows, StopToken stop);

  ControlConnection control_;
  std::map<uint64_t, BoundGuess> guesses_;  // by the table's oid, for those with one integer key
  std::shared_ptr<ReaderMemory> memory_;    // shared with the connector's sources
};

}  // namespace freshet
