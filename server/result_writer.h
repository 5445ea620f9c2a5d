// SPDX-License-Identifier: Apache-2.0
// ResultWriter: sends OKs, errors and whole result sets of one connection in the form its client asked for.
// Statuses are the connection's: a statement's own error is sent to the client and is no failure here.
#pragma once

#include "server/executor.h"
#include "server/metrics.h"
#include "server/packet_channel.h"
#include "sql/engine.h"

namespace freshet {

class ResultWriter {
 public:
  enum class Form : uint8_t { kText, kBinary };

  ResultWriter(PacketChannel& channel, Metrics& metrics, bool deprecate_eof)
      : channel_(channel), metrics_(metrics), deprecate_eof_(deprecate_eof) {}

  // `more`: another statement's result follows.
  Status Ok(bool more = false);
  Status Error(const ServerError& error);
  Status Error(const Status& status) { return Error(ErrorOf(status)); }
  // A cursor of Executor: null is an OK. False when the statement failed while its rows were fetched: the error has
  // been sent.
  Result<bool> Send(const Executor& executor, ResultCursor* cursor, Form form, bool more);
  // Definitions and, unless deprecated, the EOF after them.
  Status Columns(const std::vector<ResultColumn>& columns);
  Status FieldList(const std::vector<ResultColumn>& columns);
  // Definitions of `count` parameters: nothing is known of them but that they are.
  Status Parameters(size_t count);

 private:
  Status DefinitionsEnd();
  PacketChannel& channel_;
  Metrics& metrics_;
  const bool deprecate_eof_;
};

}  // namespace freshet
