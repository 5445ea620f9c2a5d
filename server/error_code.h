// SPDX-License-Identifier: Apache-2.0
// ServerError: an error as a MySQL client sees it: number, SQLSTATE, message. ErrorOf is the one place
// where a Status becomes one.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace freshet {

struct ServerError {
  uint16_t number = 0;
  const char* sqlstate = "HY000";  // five characters, static
  std::string message;
};

// REQUIRES: not ok. The message is the status' own.
ServerError ErrorOf(const Status& status);

// Errors of the protocol itself; their messages are MySQL's, so that tools that match them work.
ServerError AccessDenied(const std::string& user, const std::string& host, bool with_password);
ServerError TooManyConnections();
ServerError PacketTooLarge();
ServerError PacketsOutOfOrder();
ServerError BadHandshake();
ServerError MalformedPacket();
ServerError UnknownCommand();
ServerError QueryWasEmpty();
ServerError UnknownStatementHandler(uint32_t statement_id);
ServerError TooManyPreparedStatements();
ServerError IdleTimeout();
ServerError ServerShutdown();

}  // namespace freshet
