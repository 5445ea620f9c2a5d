// SPDX-License-Identifier: Apache-2.0
// ServerIdentity: is the server behind an address still the one that a position comes from? A restored backup, a
// promoted standby or another cluster may have a slot of the same name and log positions that fit. Asked over a
// replication session before it streams.
//
//   history := (timeline '\t' switch_lsn '\t' reason '\n')*     TIMELINE_HISTORY: where each older timeline ended
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "cdc/change/position.h"
#include "cdc/postgres/pg_connection.h"

namespace freshet {

struct ServerIdentity {
  uint64_t system_id = 0;    // made by initdb; the same in every physical copy
  uint32_t timeline = 0;     // grows with each promotion and each recovery to a point in time
  uint64_t flushed_lsn = 0;  // end of the log on the server's disk
};

Result<ServerIdentity> IdentifyServer(PgConnection& replication);

// kGone when the log that led to `position` is not this server's. A position without an identity (stored by an
// older release, typed by a user) is taken as this server's unless its log ends before it.
Status CheckSameHistory(PgConnection& replication, const ServerIdentity& server, const PostgresPosition& position);

// Where `timeline` ended according to a history file; nullopt when it is no ancestor.
std::optional<uint64_t> EndOfTimeline(std::string_view history, uint32_t timeline);

}  // namespace freshet
