// SPDX-License-Identifier: Apache-2.0
// ControlConnection: a session for catalog queries that is made when first needed and again after it broke.
// Used by one thread at a time.
#pragma once

#include <optional>
#include <string>

#include "cdc/postgres/pg_connection.h"

namespace freshet {

class ControlConnection {
 public:
  // `at_start`: a statement for each new session, or none.
  explicit ControlConnection(PostgresOptions options, std::string at_start = "")
      : options_(std::move(options)), at_start_(std::move(at_start)) {}

  // A working session as far as is known; valid until the next call.
  Result<PgConnection*> Get() {
    if (connection_ && !connection_->broken()) return &*connection_;
    connection_.reset();
    ASSIGN_OR_RETURN(PgConnection made,
                     PgConnection::Connect(options_, PgConnection::Kind::kQueries, Deadline::After(kConnectMax)));
    if (!at_start_.empty()) TRY(made.Query(at_start_, Deadline::After(kConnectMax)).status());
    connection_.emplace(std::move(made));
    return &*connection_;
  }
  // After kTimeout or kCancelled: an answer is still under way, the session cannot be used again.
  void Reset() { connection_.reset(); }
  const PostgresOptions& options() const { return options_; }

 private:
  static constexpr std::chrono::seconds kConnectMax{10};
  PostgresOptions options_;
  std::string at_start_;
  std::optional<PgConnection> connection_;
};

}  // namespace freshet
