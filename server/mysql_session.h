// SPDX-License-Identifier: Apache-2.0
// MysqlSession: one client connection from greeting to goodbye: TLS, login, then commands. Runs in the
// connection's own thread; the KillableConnection half is for other threads.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "server/accounts.h"
#include "server/byte_stream.h"
#include "server/command_handler.h"
#include "server/connection_registry.h"
#include "server/executor.h"
#include "server/handshake.h"
#include "server/metrics.h"
#include "server/packet_channel.h"
#include "server/rsa_key.h"

namespace freshet {

// What all sessions share; outlives them.
struct SessionEnvironment {
  const Accounts* accounts = nullptr;
  RsaKey* rsa = nullptr;
  SqlEngine* sql = nullptr;
  JobService* jobs = nullptr;
  Metrics* metrics = nullptr;
  ConnectionRegistry* connections = nullptr;
  std::chrono::milliseconds handshake_timeout{10'000};
  std::chrono::seconds wait_timeout{28'800};  // idle, MySQL's default
};

class MysqlSession : public KillableConnection {
 public:
  MysqlSession(const SessionEnvironment& environment, uint32_t connection_id, std::unique_ptr<ByteStream> stream);
  ~MysqlSession() override;

  // Returns when the connection has ended; why, if not by the client's own wish.
  Status Serve();

  void CancelStatement() override;
  void Kill() override;
  ConnectionInfo info() const override;

 private:
  Status Login();
  Status Commands();
  // Drives one AuthExchange to its end. True: accepted.
  Result<bool> Authenticate(const LoginRequest& login, bool switch_first, Deadline deadline);
  Status ChangeUser(std::string_view body);
  // An executor for the user, in its database; replies OK or the error. True: OK.
  Result<bool> BecomeUser(const LoginRequest& login);
  std::chrono::seconds IdleLimit() const;
  void NoteCommand(const char* command);

  const SessionEnvironment& environment_;
  const uint32_t connection_id_;
  const std::unique_ptr<ByteStream> stream_;
  PacketChannel channel_;
  std::string scramble_;
  uint32_t capabilities_ = 0;
  std::unique_ptr<CommandHandler> handler_;

  mutable Mutex mutex_;
  std::unique_ptr<Executor> executor_ GUARDED_BY(mutex_);  // replaced by this thread only, read by others
  Executor* current_ = nullptr;                            // the same, for this thread
  std::string user_ GUARDED_BY(mutex_);
  std::string database_ GUARDED_BY(mutex_);
  const char* command_ GUARDED_BY(mutex_) = "Connect";
  std::chrono::steady_clock::time_point since_ GUARDED_BY(mutex_);
  bool killed_ GUARDED_BY(mutex_) = false;
};

}  // namespace freshet
