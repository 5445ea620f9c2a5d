// SPDX-License-Identifier: Apache-2.0
// CommandHandler: answers the commands of a logged-in connection, all but COM_QUIT and COM_CHANGE_USER, which
// are the session's. Used by the connection's thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"
#include "server/executor.h"
#include "server/metrics.h"
#include "server/packet_channel.h"
#include "server/prepared_statements.h"
#include "server/protocol.h"
#include "server/result_writer.h"

namespace freshet {

class CommandHandler {
 public:
  struct Setup {
    PacketChannel* channel = nullptr;
    Executor* executor = nullptr;
    Metrics* metrics = nullptr;
    ConnectionRegistry* connections = nullptr;
    std::string user;
    uint32_t capabilities = 0;  // agreed with the client
  };
  explicit CommandHandler(Setup setup);

  // Answers and flushes. An error is the connection's end.
  Status Handle(protocol::Command command, std::string_view body);

 private:
  Status Dispatch(protocol::Command command, std::string_view body);
  Status Query(std::string_view text);
  Status InitDb(std::string_view name);
  Status FieldList(std::string_view body);
  Status SetOption(std::string_view body);
  Status ProcessKill(std::string_view body);
  Status ResetConnection();

  Setup setup_;
  ResultWriter writer_;
  PreparedStatements prepared_;
  bool multi_statements_;
};

// "query", "ping", ...: the label of metrics and logs; "unknown" for others.
std::string_view CommandName(protocol::Command command);

}  // namespace freshet
