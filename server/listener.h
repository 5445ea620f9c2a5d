// SPDX-License-Identifier: Apache-2.0
// MysqlListener: accepts connections and gives each a session and a thread ("mysql-<id>"). Owns them all.
// Start and Stop are for one thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/status.h"
#include "base/stop.h"
#include "server/mysql_session.h"
#include "server/tls.h"

namespace freshet {

struct ListenerOptions {
  std::string bind = "127.0.0.1";  // a numeric address
  uint16_t port = 0;               // 0: any free one
  int connections_max = 512;
  std::shared_ptr<const TlsContext> tls;
};

class MysqlListener {
 public:
  // Bound and accepting when it returns. kInvalid: no such address; kConflict: the port is in use.
  static Result<std::unique_ptr<MysqlListener>> Start(const SessionEnvironment& environment, ListenerOptions options);
  ~MysqlListener() { Stop(); }

  uint16_t port() const { return port_; }
  // Accepts nothing any more, ends every session and joins their threads. Safe to repeat.
  void Stop();

 private:
  struct Connection {
    std::unique_ptr<MysqlSession> session;
    std::atomic<bool> finished{false};
    NamedThread thread;  // last: joined before the session goes
  };

  MysqlListener(const SessionEnvironment& environment, ListenerOptions options, int socket, int wake, uint16_t port);
  void AcceptLoop(StopToken stop);
  void AcceptOne();
  void Refuse(int socket);
  void StartSession(int socket, std::string host);
  void Reap();
  void Wake();

  const SessionEnvironment& environment_;
  const ListenerOptions options_;
  const int socket_;
  const int wake_;  // eventfd: a stop, or a session that finished
  const uint16_t port_;
  uint32_t last_id_ = 0;                                         // accept thread
  std::map<uint32_t, std::unique_ptr<Connection>> connections_;  // accept thread, then Stop()
  NamedThread thread_;
};

}  // namespace freshet
