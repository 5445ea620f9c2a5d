// SPDX-License-Identifier: Apache-2.0
// ConnectionRegistry: the open connections by id: what KILL and SHOW PROCESSLIST look at. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"

namespace freshet {

struct ConnectionInfo {
  uint32_t id = 0;
  std::string user;
  std::string host;
  std::string database;
  std::string command;  // "Sleep", "Query"
  int64_t seconds = 0;  // since the command began
};

// What a connection lets others do to it.
class KillableConnection {
 public:
  virtual ~KillableConnection() = default;
  // Ends the running statement, if there is one, with kCancelled.
  virtual void CancelStatement() = 0;
  // Ends the connection soon, whatever it waits for.
  virtual void Kill() = 0;
  virtual ConnectionInfo info() const = 0;
};

enum class KillKind : uint8_t { kConnection, kQuery };

class ConnectionRegistry {
 public:
  void Add(uint32_t id, KillableConnection* connection);
  // Returns after any Kill() of the connection has returned: it may be destroyed then.
  void Remove(uint32_t id);
  // kNotFound "Unknown thread id: n". kAuth: only root may kill another user's connection.
  Status Kill(uint64_t id, KillKind kind, const std::string& requester);
  std::vector<ConnectionInfo> List() const;
  void KillAll();

 private:
  mutable Mutex mutex_;
  std::map<uint32_t, KillableConnection*> connections_ GUARDED_BY(mutex_);
};

}  // namespace freshet
