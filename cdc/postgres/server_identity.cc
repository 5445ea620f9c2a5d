// SPDX-License-Identifier: Apache-2.0
#include "cdc/postgres/server_identity.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string>

#include "cdc/postgres/slot.h"

namespace freshet {
namespace {

constexpr std::chrono::seconds kIdentifyMax{30};

Status Gone(const std::string& what) {
  return Status(Code::kGone, what + ": what changed since is not known. Resync the tables");
}

}  // namespace

Result<ServerIdentity> IdentifyServer(PgConnection& replication) {
  ASSIGN_OR_RETURN(const PgRows rows, replication.Query("IDENTIFY_SYSTEM", Deadline::After(kIdentifyMax)));
  if (rows.size() != 1) return Status(Code::kCorrupt, "IDENTIFY_SYSTEM has no answer");
  ServerIdentity server;
  server.system_id = rows.Uint(0, 0);
  server.timeline = static_cast<uint32_t>(rows.Uint(0, 1));
  server.flushed_lsn = ParseLsn(rows.Text(0, 2));
  if (server.system_id == 0 || server.timeline == 0) return Status(Code::kCorrupt, "IDENTIFY_SYSTEM does not parse");
  return server;
}

std::optional<uint64_t> EndOfTimeline(std::string_view history, uint32_t timeline) {
  while (!history.empty()) {
    const std::string_view line = history.substr(0, history.find('\n'));
    history.remove_prefix(std::min(history.size(), line.size() + 1));
    const size_t start = line.find_first_not_of(" \t");
    if (start == std::string_view::npos) continue;
    uint32_t number = 0;
    const auto [end, error] = std::from_chars(line.data() + start, line.data() + line.size(), number);
    if (error != std::errc() || number != timeline) continue;
    const std::string_view rest = line.substr(static_cast<size_t>(end - line.data()));
    const size_t lsn = rest.find_first_not_of(" \t");
    if (lsn == 0 || lsn == std::string_view::npos) continue;  // a longer word than a number
    const uint64_t switched = ParseLsn(rest.substr(lsn, rest.find_first_of(" \t", lsn) - lsn));
    if (switched != 0) return switched;
  }
  return std::nullopt;
}

Status CheckSameHistory(PgConnection& replication, const ServerIdentity& server, const PostgresPosition& position) {
  if (position.system_id != 0 && position.system_id != server.system_id) {
    return Gone("the server is another one: its system identifier is " + std::to_string(server.system_id) +
                ", the job follows " + std::to_string(position.system_id));
  }
  if (position.timeline != 0 && position.timeline != server.timeline) {
    const std::string timelines =
        "timeline " + std::to_string(server.timeline) + ", the job on timeline " + std::to_string(position.timeline);
    if (position.timeline > server.timeline) return Gone("the server was restored: it is on " + timelines);
    ASSIGN_OR_RETURN(const PgRows rows, replication.Query("TIMELINE_HISTORY " + std::to_string(server.timeline),
                                                          Deadline::After(kIdentifyMax)));
    const auto ended = rows.size() == 1 ? EndOfTimeline(rows.Text(0, 1), position.timeline) : std::nullopt;
    // Up to the switch both timelines are one log.
    if (!ended || position.lsn > *ended) return Gone("the server was restored or failed over: it is on " + timelines);
  }
  if (position.lsn > server.flushed_lsn) {
    return Gone("the server's log ends at " + LsnText(server.flushed_lsn) + ", before the job's position " +
                LsnText(position.lsn) + ": it was restored");
  }
  return Status::Ok();
}

}  // namespace freshet
