// SPDX-License-Identifier: Apache-2.0
// Bodies of the events of one small table, shop.t (id INT, name VARCHAR), and a source that plays a script of events.
// For tests of the MySQL source without a server.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cdc/mysql/mysql_source.h"
#include "tests/unit/mysql/event_bytes.h"

namespace freshet {

inline SchemaPtr Table() {
  auto schema = std::make_shared<TableSchema>();
  schema->name = {"shop", "t"};
  Column id;
  id.id = 1;
  id.name = "id";
  id.type.kind = TypeKind::kInt32;
  id.nullable = false;
  Column name;
  name.id = 2;
  name.name = "name";
  name.type.kind = TypeKind::kString;
  name.collation = "utf8mb4_general_ci";
  schema->columns = {id, name};
  schema->key_columns = {0};
  return schema;
}

inline std::string TableMapBody(uint8_t id_type = 3) {
  return Bytes()
      .Le(42, 6)
      .Le(1, 2)
      .Le(4, 1)
      .Text("shop")
      .Le(0, 1)
      .Le(1, 1)
      .Text("t")
      .Le(0, 1)
      .Le(2, 1)
      .Le(id_type, 1)
      .Le(15, 1)
      .Le(2, 1)
      .Le(80, 2)
      .Le(2, 1);
}

inline std::string InsertBody(uint32_t id, const std::string& name) {
  return Bytes().Le(42, 6).Le(1, 2).Le(2, 2).Le(2, 1).Le(3, 1).Le(0, 1).Le(id, 4).Le(name.size(), 1).Text(name);
}

inline std::string GtidBody(uint64_t sequence) {
  return Bytes().Le(0, 1).Text(FromHex("000102030405060708090a0b0c0d0e0f")).Le(sequence, 8).Le(2, 1).Le(0, 16);
}

struct Played {
  std::vector<ChangeEvent> events;
  Status status;
};

// Everything that the script gives, to its end or its first error.
inline Played Play(std::vector<std::string> events, const MysqlPosition& start) {
  MysqlSource source(std::make_unique<MemoryStream>(std::move(events)), start, {Table()},
                     [](const LoggedStatement&, const std::vector<SchemaPtr>&) {
                       return Result<std::vector<SchemaChange>>(std::vector<SchemaChange>());
                     });
  Played played;
  while (true) {
    Result<std::optional<ChangeEvent>> event = source.Next(Deadline::After(std::chrono::milliseconds(0)));
    if (!event.ok()) {
      played.status = std::move(event).status();
      return played;
    }
    if (!*event) return played;
    played.events.push_back(std::move(**event));
  }
}

inline Played Play(std::vector<std::string> events) {
  MysqlPosition start;
  start.file = "binlog.000001";
  start.offset = 4;
  return Play(std::move(events), start);
}

}  // namespace freshet
