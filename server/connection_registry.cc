// SPDX-License-Identifier: Apache-2.0
#include "server/connection_registry.h"

namespace freshet {

void ConnectionRegistry::Add(uint32_t id, KillableConnection* connection) {
  MutexLock lock(mutex_);
  connections_[id] = connection;
}

void ConnectionRegistry::Remove(uint32_t id) {
  MutexLock lock(mutex_);
  connections_.erase(id);
}

Status ConnectionRegistry::Kill(uint64_t id, KillKind kind, const std::string& requester) {
  MutexLock lock(mutex_);
  const auto found = id > UINT32_MAX ? connections_.end() : connections_.find(static_cast<uint32_t>(id));
  if (found == connections_.end()) return Status(Code::kNotFound, "Unknown thread id: " + std::to_string(id));
  if (requester != "root" && found->second->info().user != requester) {
    return Status(Code::kAuth, "You are not owner of thread " + std::to_string(id));
  }
  if (kind == KillKind::kQuery) {
    found->second->CancelStatement();
  } else {
    found->second->Kill();
  }
  return Status();
}

std::vector<ConnectionInfo> ConnectionRegistry::List() const {
  MutexLock lock(mutex_);
  std::vector<ConnectionInfo> list;
  for (const auto& [id, connection] : connections_) list.push_back(connection->info());
  return list;
}

void ConnectionRegistry::KillAll() {
  MutexLock lock(mutex_);
  for (const auto& [id, connection] : connections_) connection->Kill();
}

}  // namespace freshet
