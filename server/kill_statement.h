// SPDX-License-Identifier: Apache-2.0
// KILL [CONNECTION | QUERY] n, with which clients end each other's statements (Ctrl-C in the mariadb
// client). It is about connections, which only the server has, and so is parsed here.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/connection_registry.h"

namespace freshet {

struct KillStatement {
  KillKind kind = KillKind::kConnection;
  uint64_t connection_id = 0;
};

// nullopt: another statement. Case-insensitive; a trailing ';' is fine.
std::optional<KillStatement> ParseKill(std::string_view sql);

}  // namespace freshet
