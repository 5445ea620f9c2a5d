// SPDX-License-Identifier: Apache-2.0
// Position: a place in a source's log, between two transactions. Typed per source; two positions are
// compared only within one kind. Stored with the rows of the unit that ends there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/status.h"
#include "cdc/change/gtid.h"

namespace freshet {

// GTIDs (either dialect) where the server has them, always file:pos of the next event as well.
struct MysqlLogPlace {
  MysqlGtidSet gtids;
  MariadbGtidSet mariadb_gtids;
  std::string file;
  uint64_t offset = 0;
  bool operator==(const MysqlLogPlace&) const = default;
};

// Everything up to the place is applied, but for XA transactions that are prepared and not yet committed or rolled
// back. Their rows are in the log before the place: who resumes reads from `read_again_from` and takes from what
// is applied already only them.
struct MysqlPosition : MysqlLogPlace {
  std::optional<MysqlLogPlace> read_again_from;
  bool operator==(const MysqlPosition&) const = default;
};

struct PostgresPosition {
  uint64_t lsn = 0;  // end of the commit record (pgoutput Commit "end LSN"); replay resumes after it
  uint32_t xid = 0;  // of the newest transaction delivered, for visibility checks; 0 unknown
  // Whose log it is: a position of another server, or of a history that a restore has undone, is never resumed.
  uint64_t system_id = 0;  // 0 unknown
  uint32_t timeline = 0;   // 0 unknown
  bool operator==(const PostgresPosition&) const = default;
};

// Object stores have no log: what a job has loaded is the set of its object records (sync/). This is the newest
// object of its listing order that was loaded whole; `task` numbers the commits, so that no two are alike.
struct ObjectPosition {
  std::string file_name;  // key; "" before the first
  std::string etag;
  uint64_t task = 0;
  uint64_t row = 0;  // of one row in the object, from 1 (quarantine); 0: the whole object
  bool operator==(const ObjectPosition&) const = default;
};

struct Position {
  std::variant<std::monostate, MysqlPosition, PostgresPosition, ObjectPosition> at;

  bool empty() const { return std::holds_alternative<std::monostate>(at); }
  // True when everything up to `other` is at or before this position. An empty `other` is always covered;
  // an empty position covers only an empty one. GTIDs are compared when both sides have them, else
  // file:pos; objects by task; prepared XA transactions do not count. Different kinds never cover each other.
  bool Covers(const Position& other) const;
  // Doris' shape: {"file":"binlog.000003","pos":"154","gtids":"..."} (with a "readAgainFrom" of
  // the same form while XA transactions are undecided), {"lsn":"123456"} (lsn decimal) or
  // {"fileName":"a/1.csv"}.
  std::string ToJson() const;
  static Result<Position> FromJson(std::string_view json);  // kInvalid says which member
  bool operator==(const Position&) const = default;
};

}  // namespace freshet
