// SPDX-License-Identifier: Apache-2.0
// Where a server's log stands: its end, its first event, whether a position can still be read. Queries over a
// given connection; no state.
#pragma once

#include "cdc/change/position.h"
#include "cdc/mysql/mysql_connection.h"

namespace freshet {

// gtid_mode=ON on MySQL; always on MariaDB, whose every transaction has a GTID.
Result<bool> ServerHasGtids(MysqlConnection& connection);

// End of the log now. kUnsupported when there is no log; kAuth without REPLICATION CLIENT.
Result<MysqlPosition> ReadLogEnd(MysqlConnection& connection);
// Names of the log's files, oldest first; never empty.
Result<std::vector<std::string>> ListLogFiles(MysqlConnection& connection);
// First event of the oldest file, with the GTIDs before it.
Result<MysqlPosition> ReadLogBegin(MysqlConnection& connection);
// kGone, naming what is left, when the server has purged what follows `position`.
Status CheckReadable(MysqlConnection& connection, const MysqlLogPlace& position);

// `place` with the GTIDs of everything before it, when it has only file and offset and the server has GTIDs: they are
// read from that file of the log. Without this the GTIDs that follow would be taken for all that were ever applied.
Result<MysqlLogPlace> WithGtids(MysqlConnection& connection, MysqlLogPlace place);

// SHOW MASTER STATUS under the name that this server knows it by.
std::string ShowLogStatus(const ServerVersion& version);

// True when the dump from `position` should be asked for by GTID.
bool DumpsByGtid(const ServerVersion& version, bool server_has_gtids, const MysqlLogPlace& position);

}  // namespace freshet
