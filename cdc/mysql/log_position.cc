// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/log_position.h"

#include <algorithm>
#include <charconv>

namespace freshet {
namespace {

constexpr uint64_t kFirstEventOffset = 4;

uint64_t Number(const std::string& text) {
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Of one row of SHOW BINLOG EVENTS: "uuid:1-5" or "SET @@SESSION.GTID_NEXT= 'uuid:6'".
Status AddShownGtids(std::string_view type, std::string_view info, MysqlGtidSet& gtids) {
  if (type == "Gtid" || type == "Gtid_tagged") {
    const size_t open = info.find('\'');
    const size_t close = info.rfind('\'');
    if (open == info.npos || close <= open)
      return Status(Code::kCorrupt, "a GTID of SHOW BINLOG EVENTS does not parse");
    info = info.substr(open + 1, close - open - 1);
  } else if (type != "Previous_gtids") {
    return Status::Ok();
  }
  ASSIGN_OR_RETURN(const MysqlGtidSet shown, MysqlGtidSet::Parse(info));
  gtids.Add(shown);
  return Status::Ok();
}

Result<std::string> PurgedSet(MysqlConnection& connection) {
  return connection.QueryValue("SELECT @@GLOBAL.gtid_purged");
}

}  // namespace

std::string ShowLogStatus(const ServerVersion& version) {
  constexpr uint32_t kNewNameSince = 80200;
  return !version.mariadb() && version.number >= kNewNameSince ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS";
}

Result<bool> ServerHasGtids(MysqlConnection& connection) {
  if (connection.version().mariadb()) return true;
  ASSIGN_OR_RETURN(const std::string mode, connection.QueryValue("SELECT @@GLOBAL.gtid_mode"));
  return mode == "ON";
}

bool DumpsByGtid(const ServerVersion& version, bool server_has_gtids, const MysqlLogPlace& position) {
  if (version.mariadb()) return !position.mariadb_gtids.empty();
  return server_has_gtids && (!position.gtids.empty() || position.file.empty());
}

Result<MysqlPosition> ReadLogEnd(MysqlConnection& connection) {
  ASSIGN_OR_RETURN(const SqlRows status, connection.Query(ShowLogStatus(connection.version())));
  if (status.rows.empty()) {
    return Status(Code::kUnsupported, "binary logging is off: set log_bin=ON in my.cnf and restart the server");
  }
  MysqlPosition position;
  position.file = status.Get(0, "File");
  position.offset = Number(status.Get(0, "Position"));
  if (connection.version().mariadb()) {
    // The GTIDs of exactly this place; the function reads the file, so ask for it only once.
    ASSIGN_OR_RETURN(const std::string gtids,
                     connection.QueryValue("SELECT BINLOG_GTID_POS(" + TextLiteral(position.file) + ", " +
                                           std::to_string(position.offset) + ")"));
    ASSIGN_OR_RETURN(position.mariadb_gtids, MariadbGtidSet::Parse(gtids));
    return position;
  }
  // Left over from earlier when GTIDs are off: it does not grow and would cover whatever comes.
  ASSIGN_OR_RETURN(const bool has_gtids, ServerHasGtids(connection));
  if (!has_gtids) return position;
  std::string gtids = status.Get(0, "Executed_Gtid_Set");
  std::erase(gtids, '\n');
  ASSIGN_OR_RETURN(position.gtids, MysqlGtidSet::Parse(gtids));
  return position;
}

Result<std::vector<std::string>> ListLogFiles(MysqlConnection& connection) {
  ASSIGN_OR_RETURN(const SqlRows logs, connection.Query("SHOW BINARY LOGS"));
  if (logs.rows.empty()) return Status(Code::kUnsupported, "the server has no binary log files");
  std::vector<std::string> files;
  for (const auto& row : logs.rows) files.push_back(row[0].value_or(""));
  return files;
}

Result<MysqlPosition> ReadLogBegin(MysqlConnection& connection) {
  ASSIGN_OR_RETURN(const std::vector<std::string> files, ListLogFiles(connection));
  MysqlPosition position;
  position.file = files.front();
  position.offset = kFirstEventOffset;
  if (connection.version().mariadb()) {
    ASSIGN_OR_RETURN(const std::string gtids,
                     connection.QueryValue("SELECT BINLOG_GTID_POS(" + TextLiteral(position.file) + ", 4)"));
    ASSIGN_OR_RETURN(position.mariadb_gtids, MariadbGtidSet::Parse(gtids));
    return position;
  }
  ASSIGN_OR_RETURN(const bool has_gtids, ServerHasGtids(connection));
  if (!has_gtids) return position;
  ASSIGN_OR_RETURN(std::string purged, PurgedSet(connection));
  std::erase(purged, '\n');
  ASSIGN_OR_RETURN(position.gtids, MysqlGtidSet::Parse(purged));
  return position;
}

Result<MysqlLogPlace> WithGtids(MysqlConnection& connection, MysqlLogPlace place) {
  if (place.file.empty() || !place.gtids.empty() || !place.mariadb_gtids.empty()) return place;
  if (connection.version().mariadb()) {
    ASSIGN_OR_RETURN(const std::string gtids,
                     connection.QueryValue("SELECT BINLOG_GTID_POS(" + TextLiteral(place.file) + ", " +
                                           std::to_string(place.offset) + ")"));
    ASSIGN_OR_RETURN(place.mariadb_gtids, MariadbGtidSet::Parse(gtids));
    return place;
  }
  ASSIGN_OR_RETURN(const bool has_gtids, ServerHasGtids(connection));
  if (!has_gtids) return place;
  // Columns: Log_name, Pos, Event_type, Server_id, End_log_pos, Info.
  constexpr size_t kBegin = 1;
  constexpr size_t kType = 2;
  constexpr size_t kInfo = 5;
  std::string quoted = place.file;
  for (size_t at = 0; (at = quoted.find('\'', at)) != quoted.npos; at += 2) quoted.insert(at, "'");
  TRY(connection.Stream("SHOW BINLOG EVENTS IN '" + quoted + "'",
                        [&](const std::string_view* values, size_t count) -> Result<bool> {
                          if (count <= kInfo) return Status(Code::kCorrupt, "SHOW BINLOG EVENTS has too few columns");
                          if (Number(std::string(values[kBegin])) >= place.offset) return false;
                          TRY(AddShownGtids(values[kType], values[kInfo], place.gtids));
                          return true;
                        }));
  return place;
}

Status CheckReadable(MysqlConnection& connection, const MysqlLogPlace& position) {
  ASSIGN_OR_RETURN(const bool has_gtids, ServerHasGtids(connection));
  if (DumpsByGtid(connection.version(), has_gtids, position)) {
    if (connection.version().mariadb()) return Status::Ok();  // the dump itself refuses what is gone
    ASSIGN_OR_RETURN(std::string purged_text, PurgedSet(connection));
    std::erase(purged_text, '\n');
    ASSIGN_OR_RETURN(const MysqlGtidSet purged, MysqlGtidSet::Parse(purged_text));
    if (position.gtids.Contains(purged)) return Status::Ok();
    return Status(Code::kGone,
                  "the log position is gone: the server has purged transactions that were not read yet, "
                  "gtid_purged is " +
                      purged_text);
  }
  ASSIGN_OR_RETURN(const SqlRows logs, connection.Query("SHOW BINARY LOGS"));
  for (const SqlRow& row : logs.rows) {
    if (row[0].value_or("") != position.file) continue;
    if (position.offset <= Number(row[1].value_or("0"))) return Status::Ok();
    return Status(Code::kGone, "the log position is gone: " + position.file + " is shorter than " +
                                   std::to_string(position.offset) + "; was the log reset?");
  }
  return Status(Code::kGone, "the log position is gone: " + position.file + " was purged, the first file is " +
                                 (logs.rows.empty() ? std::string("none") : logs.rows[0][0].value_or("")));
}

}  // namespace freshet
