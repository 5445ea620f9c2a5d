// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the whole way from binlog events to change events. The input is a list of
// (type:u8 length:u16 body); headers are made here, so that mutation spends itself on the bodies.
// Seeds: tests/fuzz/corpus/binlog.
#include <cstdint>
#include <memory>

#include "base/cursor.h"
#include "base/log.h"
#include "cdc/mysql/mysql_source.h"
#include "tests/unit/mysql/event_bytes.h"

namespace freshet {
namespace {

Column MakeColumn(uint32_t id, const char* name, TypeKind kind) {
  Column column;
  column.id = id;
  column.name = name;
  column.type.kind = kind;
  return column;
}

SchemaPtr FuzzTable() {
  auto schema = std::make_shared<TableSchema>();
  schema->name = {"shop", "t"};
  schema->columns = {MakeColumn(1, "id", TypeKind::kInt32),    MakeColumn(2, "name", TypeKind::kString),
                     MakeColumn(3, "j", TypeKind::kJson),      MakeColumn(4, "d", TypeKind::kDecimal),
                     MakeColumn(5, "at", TypeKind::kDateTime), MakeColumn(6, "e", TypeKind::kEnum)};
  schema->columns[1].collation = "gbk_chinese_ci";
  schema->columns[3].type.precision = 30;
  schema->columns[3].type.scale = 5;
  schema->columns[4].type.precision = 3;
  schema->columns[5].type.labels = std::make_shared<const Labels>(Labels{"a", "b"});
  schema->key_columns = {0};
  return schema;
}

}  // namespace
}  // namespace freshet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace freshet;
  SetLogLevel(LogLevel::kError);
  static const SchemaPtr table = FuzzTable();
  std::vector<std::string> events = {MakeFormat("8.0.36", false)};
  ByteCursor cursor({reinterpret_cast<const char*>(data), size});
  while (!cursor.done()) {
    const uint8_t type = cursor.U8();
    const uint16_t length = cursor.U16Le();
    const std::string_view body = cursor.Take(std::min<size_t>(length, cursor.remaining()));
    events.push_back(MakeEvent(static_cast<BinlogEventType>(type), std::string(body), false));
  }
  MysqlSource source(std::make_unique<MemoryStream>(std::move(events)), MysqlPosition(), {table},
                     [](const LoggedStatement&, const std::vector<SchemaPtr>&) {
                       return Result<std::vector<SchemaChange>>(std::vector<SchemaChange>());
                     });
  while (true) {
    const Result<std::optional<ChangeEvent>> event = source.Next(Deadline::After(std::chrono::milliseconds(0)));
    if (!event.ok() || !event.value()) return 0;
  }
}
