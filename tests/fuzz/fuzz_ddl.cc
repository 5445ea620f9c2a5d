// SPDX-License-Identifier: Apache-2.0
// Any bytes as a statement of the log: following them never crashes, and what comes out is well formed. The
// first byte picks flavour and sql_mode.
#include <cstdlib>
#include <string_view>

#include "base/check.h"
#include "ddl/mysql_resolve.h"

namespace freshet {
namespace {

SchemaPtr Table() {
  Catalog empty;
  MysqlFollowOptions options;
  options.databases = {"shop"};
  const auto created =
      FollowMysqlStatement("CREATE TABLE t (id INT, a INT, b ENUM('x','y') CHARACTER SET utf8mb4, PRIMARY KEY (id))",
                           "shop", empty, options);
  CHECK(created.ok() && created->size() == 1);
  return (*created)[0].new_schema;
}

void Follow(std::string_view input) {
  static const SchemaPtr kTable = Table();
  if (input.empty()) return;
  const auto flags = static_cast<uint8_t>(input.front());
  MysqlFollowOptions options;
  options.databases = {"shop"};
  options.database_collations = {{"shop", "latin1_swedish_ci"}};
  options.lex.flavour = (flags & 1) != 0 ? MysqlFlavour::kMariadb : MysqlFlavour::kMysql;
  options.lex.ansi_quotes = (flags & 2) != 0;
  options.lex.no_backslash_escapes = (flags & 4) != 0;
  options.ignore_case = (flags & 8) != 0;
  Catalog catalog(options.ignore_case);
  catalog.Put(kTable);
  const auto changes = FollowMysqlStatement(input.substr(1), "shop", catalog, options);
  CHECK(changes.ok());
  for (const SchemaChange& change : *changes) {
    CHECK((change.kind == SchemaChangeKind::kStopTable) == (change.new_schema == nullptr) ||
          change.kind == SchemaChangeKind::kDropTable);
    CHECK(change.kind != SchemaChangeKind::kStopTable || !change.reason.empty());
    if (!change.new_schema) continue;
    CHECK(!change.new_schema->key_columns.empty());
    for (const uint32_t key : change.new_schema->key_columns) CHECK(key < change.new_schema->columns.size());
    CHECK(DecodeSchema(EncodeSchema(*change.new_schema)).ok());
  }
}

}  // namespace
}  // namespace freshet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  freshet::Follow({reinterpret_cast<const char*>(data), size});
  return 0;
}
